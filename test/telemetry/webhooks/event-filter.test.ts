import { expect, test } from 'vitest';
import { EventFilter } from '../../../dist/src/telemetry/webhooks/event-filter.js';

const wanted = (include: string[], exclude: string[]): string[] => {
  const filter = new EventFilter(include, exclude);
  return ['room_started', 'room_finished', 'track_published'].filter((event) => filter.isWanted(event));
};

test('all events are wanted unless something else is said', () => {
  expect(wanted([], [])).toEqual(['room_started', 'room_finished', 'track_published']);
});

test('those excluded are not', () => {
  expect(wanted([], ['room_finished'])).toEqual(['room_started', 'track_published']);
});

test('if some are included, only they are, whatever is excluded', () => {
  expect(wanted(['room_started'], [])).toEqual(['room_started']);
  expect(wanted(['room_started', 'room_finished'], ['room_finished'])).toEqual([
    'room_started',
    'room_finished',
  ]);
});
