import { EgressInfo, Room, WebhookEvent } from '@livekit/protocol';
import { expect, test } from 'vitest';
import { Notice } from '../../../dist/src/telemetry/webhooks/notice.js';

const event = (): WebhookEvent =>
  new WebhookEvent({
    event: 'room_started',
    id: 'EV_1',
    createdAt: 1_767_225_600n,
    room: new Room({ sid: 'RM_1', name: 'red "room" ✓', metadata: '{"a":1}', creationTime: 2n ** 60n }),
    egressInfo: new EgressInfo({ egressId: 'EG_1', startedAt: 1_767_225_600_000_000_000n }),
  });

test('the body is the protobuf JSON of the event', () => {
  const body = new Notice(event()).body(0);
  expect(body).toBe(event().toJsonString());
  expect(WebhookEvent.fromJsonString(body)).toEqual(event());
});

test('losses are told in the field numDropped, for each body separately', () => {
  const notice = new Notice(event());
  const bodies = [3, 0, 2 ** 31 - 1].map((lost) => WebhookEvent.fromJsonString(notice.body(lost)));
  expect(bodies.map(({ numDropped }) => numDropped)).toEqual([3, 0, 2 ** 31 - 1]);
  for (const told of bodies) {
    told.numDropped = 0;
    expect(told).toEqual(event());
  }
});

test('a number the event brought itself is not sent', () => {
  const brought = event();
  brought.numDropped = 7;
  expect(new Notice(brought).body(0)).toBe(event().toJsonString());
});

test('what happens to the object afterwards does not reach the body', () => {
  const changed = event();
  const notice = new Notice(changed);
  changed.room!.name = 'blue';
  expect(notice.body(0)).toBe(event().toJsonString());
  expect(notice.about.roomName).toBe('red "room" ✓');
});

test('an event that JSON cannot hold is refused', () => {
  const room = Object.assign(new Room(), { maxParticipants: 'many' });
  expect(() => new Notice(new WebhookEvent({ room }))).toThrow(/max_participants/);
});
