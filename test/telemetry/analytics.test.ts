import {
  AnalyticsEvent,
  AnalyticsEvents,
  AnalyticsNodeRooms,
  ParticipantInfo,
  Room,
} from '@livekit/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Batch } from '../../dist/src/exporters/batch.js';
import type { Exporter } from '../../dist/src/exporters/exporter.js';
import { ExporterBooks } from '../../dist/src/exporters/exporter-books.js';
import { FanOut } from '../../dist/src/exporters/fan-out.js';
import { Board, createBoard } from '../../dist/src/memory/board.js';
import { createExporterBooks } from '../../dist/src/memory/exporter-books.js';
import type { BuiltSnapshot } from '../../dist/src/snapshot/snapshot-builder.js';
import { Analytics } from '../../dist/src/telemetry/analytics.js';
import { Participants } from '../../dist/src/telemetry/participants.js';

const ORIGIN_MS = 1_700_000_000_000;

/** Keeps what it is offered. */
class Keeper implements Exporter {
  readonly name = 'keeper';
  readonly books = new ExporterBooks(createExporterBooks());
  readonly batches: Batch[] = [];

  write(batch: Batch): boolean {
    this.batches.push(batch);
    return true;
  }

  async close(): Promise<number> {
    return 0;
  }
}

let host: Keeper;
let exporter: Keeper;
let board: Float64Array;
let analytics: Analytics;

beforeEach(() => {
  host = new Keeper();
  exporter = new Keeper();
  board = createBoard();
  analytics = new Analytics(
    { nodeId: 'ND_1', originEpochMs: () => ORIGIN_MS, board },
    new FanOut([exporter], () => {}),
    host,
  );
});

const snapshot = (fields: Partial<BuiltSnapshot>): BuiltSnapshot => ({
  flush: 7,
  time: 30_000,
  bytes: Uint8Array.of(1, 2),
  count: 2,
  rows: undefined,
  streams: undefined,
  totals: { samples: 1, messages: 2, packets: 3, bytes: 4 },
  release() {},
  ...fields,
});

describe('stats', () => {
  test('of a flush are one batch for everybody, with what it is of the books', () => {
    analytics.sendStats(snapshot({}));
    expect(exporter.batches).toEqual(host.batches);
    expect(exporter.batches).toMatchObject([
      {
        kind: 'stats',
        items: 2,
        timeMs: ORIGIN_MS + 30_000,
        totals: { samples: 1, messages: 2, packets: 3, bytes: 4 },
      },
    ]);
  });

  test('of a flush in which nothing happened are for the host alone', () => {
    analytics.sendStats(
      snapshot({
        count: 0,
        rows: new Float64Array(0),
        streams: new Float64Array(0),
        bytes: new Uint8Array(0),
      }),
    );
    expect(exporter.batches).toEqual([]);
    expect(host.batches).toMatchObject([{ items: 0, detail: { flush: 7, time: 30_000 } }]);
  });
});

describe('events', () => {
  const event = (n: number, fill = 0): Uint8Array =>
    new AnalyticsEvent({ id: `AE_${n}`, error: 'x'.repeat(fill) }).toBinary();
  const idsIn = ({ bytes }: Batch): string[] => AnalyticsEvents.fromBinary(bytes).events.map(({ id }) => id);

  test('of one tick are one batch, in order, as LiveKit encodes them', () => {
    board[Board.CLOCK] = 50;
    for (const n of [1, 2, 3]) analytics.sendEvent(event(n, 300 * n));
    expect(exporter.batches).toEqual([]);
    analytics.sendEvents();
    analytics.sendEvents();
    expect(exporter.batches).toMatchObject([{ kind: 'events', items: 3, timeMs: ORIGIN_MS + 50 }]);
    expect(idsIn(exporter.batches[0]!)).toEqual(['AE_1', 'AE_2', 'AE_3']);
    expect(host.batches, 'the host hears them one by one').toEqual([]);
  });

  test('are no more in a batch than a thousand, or a megabyte and one event', () => {
    for (let n = 0; n < 2_500; n++) analytics.sendEvent(event(n));
    analytics.sendEvents();
    for (let n = 0; n < 3; n++) analytics.sendEvent(event(n, 700_000));
    analytics.sendEvents();
    expect(exporter.batches.map(({ items }) => items)).toEqual([1_000, 1_000, 500, 2, 1]);
    expect(exporter.batches.flatMap(idsIn)).toHaveLength(2_503);
  });
});

describe('the state of the node’s rooms', () => {
  const join = (participants: Participants, room: string, sid: string): void => {
    const message = new ParticipantInfo({
      sid,
      identity: `is ${sid}`,
      name: 'Name',
      joinedAt: 99n,
    }).toBinary();
    const named = { room: { sid: room, name: `room ${room}` }, participant: { sid, message } };
    participants.take({ call: 'participantJoined', ref: 'a', ...named }, 0, 1);
  };
  const reported = (): AnalyticsNodeRooms[] =>
    exporter.batches.map(({ bytes }) => AnalyticsNodeRooms.fromBinary(bytes));

  test('names every room and who is in it, at that time, under a number that goes up', () => {
    const participants = new Participants();
    const message = new Room({ sid: 'RM_1', name: 'first', creationTime: 44n }).toBinary();
    participants.take({ call: 'roomStarted', room: { sid: 'RM_1', message } }, 0, 1);
    join(participants, 'RM_2', 'PA_1');
    join(participants, 'RM_2', 'PA_2');
    board[Board.CLOCK] = 1_000;
    analytics.sendNodeRoomStates(participants);
    analytics.sendNodeRoomStates(participants);
    const [first, second] = reported();
    expect(first!.toJson()).toEqual({
      nodeId: 'ND_1',
      sequenceNumber: '1',
      timestamp: new Date(ORIGIN_MS + 1_000).toISOString().replace('.000Z', 'Z'),
      rooms: [
        { id: 'RM_1', name: 'first', createdAt: '1970-01-01T00:00:44Z' },
        {
          id: 'RM_2',
          name: 'room RM_2',
          participants: ['PA_1', 'PA_2'].map((id) => ({
            id,
            identity: `is ${id}`,
            name: 'Name',
            joinedAt: '1970-01-01T00:01:39Z',
          })),
        },
      ],
    });
    expect(second!.sequenceNumber).toBe(2n);
  });

  test('goes on counting in the next timer thread, and leaves out who has left', () => {
    const participants = new Participants();
    join(participants, 'RM', 'PA_1');
    join(participants, 'RM', 'PA_2');
    const participant = { sid: 'PA_1' };
    participants.take(
      { call: 'participantLeft', room: { sid: 'RM' }, participant, ref: 'a', sendEvent: true },
      1,
      2,
    );
    board[Board.NODE_ROOMS_SENT] = 41;
    analytics.sendNodeRoomStates(participants);
    expect(reported()[0]!.sequenceNumber).toBe(42n);
    expect(reported()[0]!.rooms[0]!.participants.map(({ id }) => id)).toEqual(['PA_2']);
  });
});
