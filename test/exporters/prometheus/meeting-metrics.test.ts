import { expect, test } from 'vitest';
import { startEngine } from '../../helpers/engine.js';
import { MEETING_TOTALS, playMeeting } from '../../helpers/meeting.js';
import { sourcesOf, streamValuesOf, valuesOf } from '../../helpers/metric-values.js';
import { MortalTimer } from '../../helpers/thread-drill.js';

const { up, down } = MEETING_TOTALS;

test("the meeting's metrics are what its browsers counted, and what its windows say", async () => {
  using timer = new MortalTimer();
  await using sfu = await startEngine({ shards: 2, capacity: { tracks: 128 }, threadsUrl: timer.url });
  const sources = sourcesOf(await timer.memory());
  await playMeeting(sfu);

  const values = valuesOf(sources.flatMap((source) => source.collect()));
  expect(values).toMatchObject({
    'livekit_packet_total{incoming,initial,}': up.packets + up.retransmitPackets + up.messages,
    'livekit_packet_bytes{incoming,initial,}': up.bytes + up.retransmitBytes + up.messageBytes,
    'livekit_packet_total{outgoing,initial,}': down.packets + down.messages,
    'livekit_packet_bytes{outgoing,initial,}': down.bytes + down.messageBytes,
    'livekit_packet_total{outgoing,retransmit,}': down.retransmitPackets,
    'livekit_packet_bytes{outgoing,retransmit,}': down.retransmitBytes,
    'livekit_nack_total{incoming,}': up.nacks,
    'livekit_nack_total{outgoing,}': down.nacks,
    'livekit_pli_total{incoming,}': up.plis,
    'livekit_pli_total{outgoing,}': down.plis,
    'livekit_fir_total{incoming,}': 0,
    'livekit_fir_total{outgoing,}': 0,
    'livekit_packet_loss_total{incoming,CAMERA,VIDEO,}': 8 + 48 + 87,
    'livekit_packet_loss_total{incoming,MICROPHONE,AUDIO,}': 3 + 69 + 87,
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
