import { TrackInfo, TrackSource, TrackType } from '@livekit/protocol';
import { expect, test } from 'vitest';
import { Direction } from '../../../dist/src/index.js';
import { ALICE, ROOM, startEngine } from '../../helpers/engine.js';
import { sourcesOf, valuesOf } from '../../helpers/metric-values.js';
import { RemoteRecorder } from '../../helpers/remote-recorder.js';
import { MortalTimer } from '../../helpers/thread-drill.js';

const { UPSTREAM, DOWNSTREAM } = Direction;

test('rows of somebody nobody knows are observed, data and signalling are not', async () => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ ports: 1, threadsUrl: timer.url });
  await using thread = new RemoteRecorder(sfu.engine.port());
  const sources = sourcesOf(await timer.memory());
  // A thread of its own takes everybody for known: the rows reach the timer thread.
  const stranger = { room: ROOM, participant: 'PA_stranger', country: 'AT' };
  const track = await thread.tell('openTrack', {
    ...stranger,
    track: 'TR',
    direction: DOWNSTREAM,
    source: 1,
    type: 1,
  });
  const data = await thread.tell('openData', stranger);
  await thread.tell('recordDeltas', track, [
    { score: 4, streams: [{ primaryPackets: 50, packetsLost: 5, rttMs: 70 }] },
  ]);
  await thread.tell('addBytes', data, UPSTREAM, 10, 1);
  await thread.tell('publish');
  expect(await sfu.flush()).toEqual([]);
  const values = valuesOf(sources.flatMap((source) => source.collect()));
  expect(values).toMatchObject({
    'livekit_packet_total{outgoing,initial,AT}': 50,
    'livekit_packet_total{incoming,initial,AT}': 1,
    'livekit_packet_loss_total{outgoing,CAMERA,VIDEO,AT}': 5,
    'livekit_packet_loss_percent{outgoing,CAMERA,VIDEO,AT}': [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 10],
    'livekit_rtt_ms{outgoing,CAMERA,VIDEO,AT}': [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 70],
    'livekit_quality_score{}': [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4],
  });
  expect(Object.keys(values).filter((name) => /loss_total/.test(name))).toHaveLength(1);
});

test('a track is labelled as its publisher says, for those who subscribe to it too', async () => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ shards: 2, threadsUrl: timer.url });
  const sources = sourcesOf(await timer.memory());
  sfu.join();
  sfu.join('PA_bob');
  const track = new TrackInfo({ sid: 'TR', source: TrackSource.SCREEN_SHARE_AUDIO, type: TrackType.AUDIO });
  sfu.engine.trackPublished({ room: ROOM, participant: ALICE, track });
  const up = sfu.openTrack('TR');
  const down = sfu.openTrack('TR', { participant: 'PA_bob', direction: DOWNSTREAM });
  // Two slots of one track are one observation.
  const again = sfu.openTrack('TR');
  for (const recorder of [up, down, again])
    recorder.recordDelta({ streams: [{ primaryPackets: 10, packetsLost: 1 }] });
  await sfu.flush();
  expect(valuesOf(sources[1]!.collect())).toMatchObject({
    'livekit_packet_loss_total{incoming,SCREEN_SHARE_AUDIO,AUDIO,}': 2,
    'livekit_packet_loss_total{outgoing,SCREEN_SHARE_AUDIO,AUDIO,}': 1,
    'livekit_packet_loss_percent{incoming,SCREEN_SHARE_AUDIO,AUDIO,}': [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 10],
  });
  sfu.engine.trackPublishedUpdate({
    room: ROOM,
    participant: ALICE,
    track: new TrackInfo({ ...track, source: TrackSource.SCREEN_SHARE, type: TrackType.VIDEO }),
  });
  up.recordDelta({ streams: [{ primaryPackets: 10, packetsLost: 3 }] });
  await sfu.flush();
  expect(valuesOf(sources[1]!.collect())).toMatchObject({
    'livekit_packet_loss_total{incoming,SCREEN_SHARE_AUDIO,AUDIO,}': 2,
    'livekit_packet_loss_total{incoming,SCREEN_SHARE,VIDEO,}': 3,
  });
});
