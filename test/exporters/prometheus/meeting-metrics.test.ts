import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { TracePlayer } from '../../../dist/src/cli/replay/trace-player.js';
import { parseTraceLine } from '../../../dist/src/cli/trace/parse-line.js';
import { TraceError } from '../../../dist/src/cli/trace/trace-error.js';
import { TraceFile } from '../../../dist/src/cli/trace/trace-file.js';
import { startEngine } from '../../helpers/engine.js';
import { sourcesOf, streamValuesOf, valuesOf } from '../../helpers/metric-values.js';
import { MortalTimer } from '../../helpers/thread-drill.js';

const MEETING = fileURLToPath(new URL('../../../traces/meeting.jsonl.gz', import.meta.url));
const sum = (...numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** What the browsers' own counters said at the end: by track, as its description lists them. */
const UP = {
  packets: sum(7442, 10725, 7659, 6564, 5767, 5622),
  bytes: sum(451385, 9378732, 465817, 5700901, 350444, 4949466),
  retransmitPackets: sum(2657, 3864, 5180),
  retransmitBytes: sum(2606484, 2670678, 5295343),
  messages: sum(167, 90, 124, 45, 44, 38),
  messageBytes: sum(251630, 127092, 280641, 31110, 29914, 21345),
};
const DOWN = {
  packets: sum(7293, 2506, 7267, 1959, 5874, 2403, 5870, 1852, 5842, 2380, 5842, 2010),
  bytes: sum(
    ...[490234, 2022603, 455434, 1191074, 365752, 1966515],
    ...[365204, 860936, 366821, 1775087, 390493, 1196578],
  ),
  messages: sum(214, 289, 211, 114, 110, 80),
  messageBytes: sum(407733, 531395, 321981, 47323, 44385, 32807),
};

test("the meeting's metrics are what its browsers counted, and what its windows say", async () => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ shards: 2, capacity: { tracks: 128 }, threadsUrl: timer.url });
  const sources = sourcesOf(await timer.memory());
  const player = new TracePlayer(sfu.engine);
  const trace = await TraceFile.open(MEETING);
  let now = 0;
  for await (const lines of trace.lines()) {
    for (const { text, number } of lines) {
      if (text instanceof TraceError) throw text;
      const line = parseTraceLine(text, number, () => {});
      if (line.t > now) await sfu.engine.advanceTo(line.t);
      now = line.t;
      if (!sfu.engine.hasRoom()) await sfu.engine.waitForRoom();
      if (line.op !== 'flush') player.play(line);
    }
  }
  await sfu.engine.flush();

  const values = valuesOf(sources.flatMap((source) => source.collect()));
  expect(values).toMatchObject({
    'livekit_packet_total{incoming,initial,}': UP.packets + UP.retransmitPackets + UP.messages,
    'livekit_packet_bytes{incoming,initial,}': UP.bytes + UP.retransmitBytes + UP.messageBytes,
    'livekit_packet_total{outgoing,initial,}': DOWN.packets + DOWN.messages,
    'livekit_packet_bytes{outgoing,initial,}': DOWN.bytes + DOWN.messageBytes,
    'livekit_packet_total{outgoing,retransmit,}': sum(3, 23, 4, 10, 57, 34),
    'livekit_packet_bytes{outgoing,retransmit,}': sum(2522, 15639, 3062, 5562, 47069, 23156),
    'livekit_nack_total{incoming,}': sum(18, 109, 258),
    'livekit_nack_total{outgoing,}': sum(3, 19, 4, 5, 47, 32),
    'livekit_pli_total{incoming,}': sum(5, 6, 5),
    'livekit_pli_total{outgoing,}': sum(2, 4, 2),
    'livekit_fir_total{incoming,}': 0,
    'livekit_fir_total{outgoing,}': 0,
    'livekit_packet_loss_total{incoming,CAMERA,VIDEO,}': sum(8, 48, 87),
    'livekit_packet_loss_total{incoming,MICROPHONE,AUDIO,}': sum(3, 69, 87),
  });
  const media = sfu.rows.filter(({ trackSid }) => /_(cam|mic)$/.test(trackSid));
  const expected = streamValuesOf(media, ({ trackSid }) =>
    trackSid.endsWith('_cam') ? ['CAMERA', 'VIDEO', ''] : ['MICROPHONE', 'AUDIO', ''],
  );
  const streams = Object.entries(values).filter(
    ([name]) => !/_(packet_(total|bytes)|(nack|pli|fir)_total)\b/.test(name),
  );
  expect(Object.fromEntries(streams)).toEqual(expected);
});
