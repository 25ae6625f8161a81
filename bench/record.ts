import { Bench } from 'tinybench';
import { Direction, RecordResult, StatsEngine, type TrackSample } from '../src/index.js';

/**
 * What one call costs the recording thread, beside the least it could cost: two adds to typed-array cells.
 * The sums are checked at the end: a bench that lost something would measure something else.
 */
const RECORDERS = 10_000;
const MESSAGE_BYTES = 1_200;

const engine = await StatsEngine.start({ capacity: { tracks: 2 * RECORDERS + 2 }, ringBytes: 2 ** 24 });
engine.participantJoined({ room: 'RM_bench', participant: 'PA_bench' });
const recorders = Array.from({ length: RECORDERS }, (_, n) =>
  engine.openDataRecorder({ room: 'RM_bench', participant: 'PA_bench', track: `TR_${n}` }),
);
const handles = recorders.map((recorder) => recorder.handle(Direction.UPSTREAM));
const track = engine.openTrackRecorder({
  room: 'RM_bench',
  participant: 'PA_bench',
  track: 'TR_video',
  direction: Direction.UPSTREAM,
});
const stream = {
  ssrc: 1,
  primaryPackets: 0,
  primaryBytes: 0,
  packetsLost: 0,
  nacks: 0,
  rttMs: 12,
  jitterUs: 900,
};
const sample: TrackSample = { mimeType: 'video/VP8', score: 4.4, streams: [stream] };

const cells = new Float64Array(4 * RECORDERS);
let messages = 0;
let samples = 0;
let refused = 0;
let next = 0;
const inTurn = (): number => {
  next = next + 1 === RECORDERS ? 0 : next + 1;
  return next;
};

const bench = new Bench({ name: 'one call on the recording thread', time: 1_000, warmupTime: 200 });
bench
  .add('two adds to typed-array cells, 10k in turn', () => {
    const at = 4 * inTurn();
    cells[at]! += MESSAGE_BYTES;
    cells[at + 1]! += 1;
  })
  .add('engine.add(handle, bytes), 10k in turn', () => {
    engine.add(handles[inTurn()]!, MESSAGE_BYTES);
    messages++;
  })
  .add('recorder.addBytes(direction, bytes), 10k in turn', () => {
    recorders[inTurn()]!.addBytes(Direction.UPSTREAM, MESSAGE_BYTES);
    messages++;
  })
  .add('trackRecorder.record(sample), one SSRC', () => {
    stream.primaryPackets += 10;
    stream.primaryBytes += 9_000;
    if (track.record(sample) > RecordResult.FOLDED) refused++;
    samples++;
  });
await bench.run();

console.table(bench.table());
const { recorded, balanced } = await engine.audit();
await engine.close();
const { messages: counted, packets } = recorded.UPSTREAM;
const exact = balanced && refused === 0 && counted === messages && packets === 10 * samples;
console.log(
  `${counted} messages and ${samples} samples recorded; the books ${exact ? 'are exact' : 'are WRONG'}`,
);
process.exitCode = exact ? 0 : 1;
