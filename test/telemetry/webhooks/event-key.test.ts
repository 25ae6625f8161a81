import { EgressInfo, IngressInfo, ParticipantInfo, Room, TrackInfo, WebhookEvent } from '@livekit/protocol';
import { expect, test } from 'vitest';
import { eventKey } from '../../../dist/src/telemetry/webhooks/event-key.js';

const all = {
  egressInfo: new EgressInfo({ egressId: 'EG_1' }),
  ingressInfo: new IngressInfo({ ingressId: 'IN_1' }),
  room: new Room({ sid: 'RM_1', name: 'red' }),
  participant: new ParticipantInfo({ sid: 'PA_1', identity: 'ann' }),
  track: new TrackInfo({ sid: 'TR_1' }),
};

test('an event is about its egress, else ingress, else room, else participant, else track', () => {
  const { egressInfo: _egress, ...noEgress } = all;
  const { ingressInfo: _ingress, ...noIngress } = noEgress;
  const { room: _room, ...noRoom } = noIngress;
  const { participant: _participant, ...noParticipant } = noRoom;
  const keys = [all, noEgress, noIngress, noRoom, noParticipant, {}].map((fields) =>
    eventKey(new WebhookEvent(fields)),
  );
  expect(keys).toEqual(['EG_1', 'IN_1', 'red', 'ann', 'TR_1', '']);
});

test('what is there but has no name does not count', () => {
  const event = new WebhookEvent({ ...all, egressInfo: {}, ingressInfo: {}, room: { sid: 'RM_1' } });
  expect(eventKey(event)).toBe('ann');
});
