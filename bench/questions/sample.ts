import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { RecordResult, type TrackSample } from '../../src/index.js';
import { Totals } from '../../src/memory/totals.js';
import { type Figure, ratioAtLeast, ratioAtMost, timeAtMost } from '../harness/figures.js';
import { find } from '../harness/measurement.js';
import type { Question } from '../harness/question.js';
import { RecordingRig } from '../harness/recording-rig.js';
import { type Contestant, interleaved } from '../harness/rounds.js';
import { pairedRatio } from '../harness/statistics.js';
import { checkSum } from '../harness/sums.js';

const TRACKS = 10_000;
const ON_HOST = `on the host, ${TRACKS / 1000}k tracks in turn`;
const PUT = 'put into the ring, no layers';
const PUT_LAYERS = 'put into the ring, 3 layers';
const RECORD = 'record(object), one SSRC';
const POST = 'postMessage of the same object';

/** A sample as an SFU has it at hand, its counters in place. */
function sampleObject() {
  const stream = {
    ssrc: 1,
    primaryPackets: 0,
    primaryBytes: 0,
    retransmitPackets: 0,
    retransmitBytes: 0,
    packetsLost: 0,
    frames: 0,
    nacks: 0,
    plis: 0,
    rttMs: 12,
    jitterUs: 900,
  };
  const sample: TrackSample = { mimeType: 'video/VP8', score: 4.4, streams: [stream] };
  const advance = (): void => {
    stream.primaryPackets += 10;
    stream.primaryBytes += 9_000;
    stream.frames += 3;
  };
  return { sample, advance };
}

/** Records of 1,000 tracks a batch; what they hold is applied between the batches. */
function putting(contestant: string, layers: number): Contestant {
  const rig = new RecordingRig({ tracks: TRACKS });
  const slots = rig.openSlots(TRACKS, false);
  const calls = 1_000;
  let at = 0;
  let number = 0;
  return {
    case: ON_HOST,
    contestant,
    calls,
    batch() {
      for (let n = at; n < at + calls; n++) rig.putSample(slots[n]!, layers, 4.5, number);
      at = at + calls === TRACKS ? 0 : at + calls;
    },
    settle() {
      rig.apply();
      if (at === 0) number++;
      rig.closeWindow();
      rig.release();
    },
    verify: (records) => checkSum(`${contestant}, samples`, records, samplesOf(rig, slots)),
  };
}

const samplesOf = (rig: RecordingRig, slots: Int32Array): number =>
  slots.reduce((sum, slot) => sum + rig.thread.cells[rig.thread.slots.totalsOf(slot) + Totals.SAMPLES]!, 0);

function recording(): Contestant {
  const rig = new RecordingRig({ tracks: TRACKS });
  const recorders = rig.openTracks(TRACKS);
  const { sample, advance } = sampleObject();
  const calls = 1_000;
  let at = 0;
  let refused = 0;
  return {
    case: ON_HOST,
    contestant: RECORD,
    calls,
    warmUpBatches: (2 * TRACKS) / calls,
    batch() {
      for (let n = at; n < at + calls; n++) {
        if (recorders[n]!.record(sample) !== RecordResult.RECORDED) refused++;
      }
      at = at + calls === TRACKS ? 0 : at + calls;
    },
    settle() {
      advance();
      rig.apply();
      rig.settleEvents();
      // Closing reads every slot, which a stats worker does on a core of its own: not after every batch here.
      if (at !== 0) return;
      rig.closeWindow();
      rig.release();
    },
    verify(calls) {
      checkSum(`${RECORD}, refused`, 0, refused);
      const slots = Int32Array.from(recorders, ({ handle }) => handle & (2 ** 24 - 1));
      checkSum(`${RECORD}, samples`, calls, samplesOf(rig, slots));
    },
  };
}

function posting(): Contestant {
  const { port1, port2 } = new MessageChannel();
  const { sample, advance } = sampleObject();
  const calls = 100;
  let received = 0;
  return {
    case: ON_HOST,
    contestant: POST,
    calls,
    batch() {
      for (let n = 0; n < calls; n++) port1.postMessage(sample);
    },
    settle() {
      advance();
      while (receiveMessageOnPort(port2) !== undefined) received++;
    },
    verify(calls) {
      port1.close();
      checkSum(`${POST}, samples`, calls, received);
    },
  };
}

export const sample: Question = {
  title: 'One sample, recorded on the host thread',
  async run({ quick, bare }) {
    const contestants = [putting(PUT, 0), putting(PUT_LAYERS, 3), recording(), posting()];
    const measurements = await interleaved(contestants, {
      rounds: quick ? 4 : 9,
      timeMs: quick ? 40 : 60,
      bare,
    });
    const best = (who: string): number => find(measurements, ON_HOST, who).best;
    const rounds = (who: string) => find(measurements, ON_HOST, who).rounds;
    const figures: Figure[] = [
      timeAtMost(PUT, best(PUT), 'ns', 40),
      timeAtMost(PUT_LAYERS, best(PUT_LAYERS), 'ns', 60),
      timeAtMost(RECORD, best(RECORD), 'ns', 180),
      ratioAtLeast(`${POST} over ${RECORD}`, pairedRatio(rounds(POST), rounds(RECORD)), 3, 1.5),
      ratioAtMost(`${RECORD} over ${PUT}`, pairedRatio(rounds(RECORD), rounds(PUT)), 8, 16),
    ];
    return {
      measurements,
      figures,
      notes: [
        'ns a sample. "Put" copies 13 totals (22 with 3 layers) from the cells of the track into a record; record(object) is all of it: the object is read and checked, counters are extended, added up and put.',
      ],
    };
  },
};
