import { CallSender } from '../../src/engine/call-sender.js';
import { Registry } from '../../src/engine/registry.js';
import { TelemetryCalls } from '../../src/engine/telemetry-calls.js';
import { RecordResult } from '../../src/index.js';
import { FrameType, type TelemetryCall } from '../../src/memory/frames.js';
import { type Figure, ratioAtMost } from '../harness/figures.js';
import { find } from '../harness/measurement.js';
import type { Question } from '../harness/question.js';
import { RecordingRig } from '../harness/recording-rig.js';
import { type Contestant, interleaved } from '../harness/rounds.js';
import { pairedRatio } from '../harness/statistics.js';
import { checkSum } from '../harness/sums.js';

const ROOM = 'room for all';
const FULL = 'full';
const WAITS = 'full, the call waits';
const DROPPED = 'full, the call is dropped';
const REFUSED = 'full, and 64 MB wait already';

const RECORD = 'record(object), 10k tracks in turn';
const TICK = 'the publish tick, each of 10k counters';
const LIFECYCLE = 'participantActive()';
const ANALYTICS = 'trackMuted()';

const TRACKS = 10_000;
const CALLS = 1_000;
const WHO = { room: 'RM_bench', participant: 'PA_bench' };
/** Some thousand calls about it are 64 MB. */
const LONG = { sid: 'TR_long', name: 'x'.repeat(60_000) };

/** A sample of every track in turn; the ring is emptied between the batches, or it stays full. */
function recording(isFull: boolean): Contestant {
  const rig = new RecordingRig({ tracks: TRACKS });
  const recorders = rig.openTracks(TRACKS);
  const stream = { ssrc: 1, primaryPackets: 0, primaryBytes: 0, rttMs: 12, jitterUs: 900 };
  const sample = { mimeType: 'video/VP8', score: 4.4, streams: [stream] };
  const contestant = isFull ? FULL : ROOM;
  const expected = isFull ? RecordResult.FOLDED : RecordResult.RECORDED;
  let unexpected = 0;
  let at = 0;
  if (isFull) while (recorders[0]!.record(sample) === RecordResult.RECORDED);
  return {
    case: RECORD,
    contestant,
    calls: CALLS,
    warmUpBatches: (2 * TRACKS) / CALLS,
    batch() {
      for (let n = at; n < at + CALLS; n++) if (recorders[n]!.record(sample) !== expected) unexpected++;
      at = at + CALLS === TRACKS ? 0 : at + CALLS;
    },
    settle() {
      stream.primaryPackets += 10;
      stream.primaryBytes += 9_000;
      if (isFull) return;
      rig.apply();
      rig.settleEvents();
      if (at !== 0) return;
      rig.closeWindow();
      rig.release();
    },
    verify: () => checkSum(`${RECORD}, ${contestant}: other results`, 0, unexpected),
  };
}

/** A whole tick of counters that have all changed since the last one. */
function ticking(isFull: boolean): Contestant {
  const rig = new RecordingRig({ tracks: TRACKS });
  const { thread } = rig;
  const handles = Array.from(rig.openSlots(TRACKS, true), (slot) => thread.slots.handleOf(slot));
  const contestant = isFull ? FULL : ROOM;
  const change = (): void => {
    for (const handle of handles) thread.counters.add(handle, 1_000);
  };
  if (isFull) {
    do {
      change();
      thread.publishAll();
    } while (rig.lane.hasRoom());
  }
  change();
  return {
    case: TICK,
    contestant,
    calls: TRACKS,
    batch: () => thread.publishAll(),
    settle() {
      if (!isFull) {
        rig.drain.step();
        checkSum(`${TICK}, ${contestant}: rows`, TRACKS, rig.closeWindow());
        rig.release();
      }
      change();
    },
    verify: () => checkSum(`${TICK}, ${contestant}: room`, isFull ? 0 : 1, rig.lane.hasRoom() ? 1 : 0),
  };
}

/** An SFU's calls, without the threads behind them. */
class Calls extends TelemetryCalls {
  readonly sender: CallSender;

  constructor(sender: CallSender) {
    super();
    this.sender = sender;
  }

  protected override send(call: TelemetryCall): void {
    this.sender.send(call);
  }
}

type Given = typeof ROOM | typeof WAITS | typeof DROPPED | typeof REFUSED;

const lostBy = ({ dropped, refused }: CallSender): number =>
  [...dropped.values(), ...refused.values()].reduce((sum, count) => sum + count, 0);

/** One call again and again, given what there is for it when a batch begins. */
function calling(name: string, given: Given, call: (calls: Calls) => void): Contestant {
  const rig = new RecordingRig({ tracks: 1 });
  const { events } = rig.thread;
  let taken = 0;
  const registry = new Registry({ callsTaken: () => taken, reaped: () => 0 });
  const sender = new CallSender(rig.thread, registry);
  const calls = new Calls(sender);
  const settle = (): void => {
    if (given === REFUSED) return;
    rig.settleEvents();
    taken = registry.lastCall;
    if (given !== ROOM) while (events.offer([FrameType.MIME, 1, 'video/VP8']));
  };
  if (given === REFUSED) while (lostBy(sender) === 0) calls.trackPublished({ ...WHO, track: LONG });
  const lostBefore = lostBy(sender);
  settle();
  return {
    case: name,
    contestant: given,
    calls: CALLS,
    batch() {
      for (let n = 0; n < CALLS; n++) call(calls);
    },
    settle,
    verify(made) {
      const lost = given === DROPPED || given === REFUSED ? made : 0;
      checkSum(`${name}, ${given}: calls lost`, lost, lostBy(sender) - lostBefore);
    },
  };
}

const becomesActive = (calls: Calls): void => calls.participantActive(WHO);
const isMuted = (calls: Calls): void => calls.trackMuted({ ...WHO, track: 'TR_bench' });

/** Each case, what there is room for, and what there is not. */
const PAIRS: readonly (readonly [name: string, full: string])[] = [
  [RECORD, FULL],
  [TICK, FULL],
  [LIFECYCLE, WAITS],
  [LIFECYCLE, REFUSED],
  [ANALYTICS, DROPPED],
];

export const fullChannels: Question = {
  title: 'What the host pays while nobody takes anything',
  async run({ quick, bare }) {
    const contestants = [
      recording(false),
      recording(true),
      ticking(false),
      ticking(true),
      calling(LIFECYCLE, ROOM, becomesActive),
      calling(LIFECYCLE, WAITS, becomesActive),
      calling(LIFECYCLE, REFUSED, becomesActive),
      calling(ANALYTICS, ROOM, isMuted),
      calling(ANALYTICS, DROPPED, isMuted),
    ];
    const measurements = await interleaved(contestants, {
      rounds: quick ? 4 : 9,
      timeMs: quick ? 30 : 60,
      bare,
    });
    const rounds = (name: string, who: string) => find(measurements, name, who).rounds;
    return {
      measurements,
      figures: PAIRS.map(
        ([name, full]): Figure =>
          ratioAtMost(
            `${name}: ${full}, beside ${ROOM}`,
            pairedRatio(rounds(name, full), rounds(name, ROOM)),
            1.25,
            2,
          ),
      ),
      notes: [
        'ns a call, a whole one from the SFU\u2019s object to the shared memory. Full: the stats workers or the timer thread have stood still until their rings were full, whatever they hang on. A message by `addBytes` is not among them: it knows no ring.',
      ],
    };
  },
};
