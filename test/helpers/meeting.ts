import { fileURLToPath } from 'node:url';
import { TracePlayer } from '../../dist/src/cli/replay/trace-player.js';
import { parseTraceLine } from '../../dist/src/cli/trace/parse-line.js';
import { TraceError } from '../../dist/src/cli/trace/trace-error.js';
import { TraceFile } from '../../dist/src/cli/trace/trace-file.js';
import type { EngineUnderTest } from './engine.js';

const MEETING = fileURLToPath(new URL('../../traces/meeting.jsonl.gz', import.meta.url));
const sum = (...numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** What the browsers' own counters said at the end of the captured meeting: by track, as its description lists them. */
export const MEETING_TOTALS = {
  up: {
    packets: sum(7442, 10725, 7659, 6564, 5767, 5622),
    bytes: sum(451385, 9378732, 465817, 5700901, 350444, 4949466),
    retransmitPackets: sum(2657, 3864, 5180),
    retransmitBytes: sum(2606484, 2670678, 5295343),
    messages: sum(167, 90, 124, 45, 44, 38),
    messageBytes: sum(251630, 127092, 280641, 31110, 29914, 21345),
    nacks: sum(18, 109, 258),
    plis: sum(5, 6, 5),
  },
  down: {
    packets: sum(7293, 2506, 7267, 1959, 5874, 2403, 5870, 1852, 5842, 2380, 5842, 2010),
    bytes: sum(
      ...[490234, 2022603, 455434, 1191074, 365752, 1966515],
      ...[365204, 860936, 366821, 1775087, 390493, 1196578],
    ),
    retransmitPackets: sum(3, 23, 4, 10, 57, 34),
    retransmitBytes: sum(2522, 15639, 3062, 5562, 47069, 23156),
    messages: sum(214, 289, 211, 114, 110, 80),
    messageBytes: sum(407733, 531395, 321981, 47323, 44385, 32807),
    nacks: sum(3, 19, 4, 5, 47, 32),
    plis: sum(2, 4, 2),
  },
} as const;

/**
 * Plays the captured meeting through an engine on a virtual clock.
 * @param at is called once, when the meeting has come to a time of its, ms
 */
export async function playMeeting(
  { engine }: EngineUnderTest,
  at: { readonly ms: number; readonly call: () => Promise<void> } = { ms: 0, call: async () => {} },
): Promise<void> {
  const player = new TracePlayer(engine);
  const trace = await TraceFile.open(MEETING);
  let now = 0;
  let isCalled = false;
  for await (const lines of trace.lines()) {
    for (const { text, number } of lines) {
      if (text instanceof TraceError) throw text;
      const line = parseTraceLine(text, number, () => {});
      if (line.t > now) await engine.advanceTo(line.t);
      now = line.t;
      if (!isCalled && now >= at.ms) {
        isCalled = true;
        await at.call();
      }
      if (!engine.hasRoom()) await engine.waitForRoom();
      if (line.op !== 'flush') player.play(line);
    }
  }
  await engine.flush();
}
