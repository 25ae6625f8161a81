import { beforeEach, describe, expect, test } from 'vitest';
import type { TelemetryEntry, TimerData, TimerMessage } from '../../dist/src/engine/messages.js';
import { TimerLoop, type TimerParts } from '../../dist/src/engine/timer-loop.js';
import { Board, createBoard } from '../../dist/src/memory/board.js';
import { START_MS } from '../helpers/engine.js';

/** Entries on their way to the host, as the loop allows them. */
const MOST_AWAY = 200_000;

const board = createBoard();
const posted: TimerMessage[] = [];
let loop: TimerLoop;

/** A loop without threads: what it posts is kept. */
beforeEach(() => {
  board.fill(0);
  posted.length = 0;
  const data: Partial<TimerData> = { board, reportIntervalMs: 30_000, clock: { virtualStartMs: START_MS } };
  const parts: Partial<TimerParts> = {
    data: data as TimerData,
    port: { postMessage: (message: TimerMessage) => posted.push(message) },
  };
  loop = new TimerLoop(parts as TimerParts);
});

function entry(seq: number): TelemetryEntry {
  return { kind: 'event', seq, time: 0, bytes: new Uint8Array() };
}

/** Adds entries; returns how many of them were refused. */
function add(entries: number): number {
  let refused = 0;
  for (let n = 0; n < entries; n++) if (!loop.addTelemetry(entry(n))) refused++;
  return refused;
}

describe('what is told to the host', () => {
  test('goes in one message, in order, with the epoch of engine time 0 and the commit it is part of', () => {
    add(3);
    expect(posted).toEqual([]);
    loop.deliverTelemetry(7);
    expect(posted).toEqual([
      { kind: 'telemetry', commit: 7, originEpochMs: START_MS, entries: [entry(0), entry(1), entry(2)] },
    ]);
  });

  test('goes once, and no message goes without it', () => {
    add(1);
    loop.deliverTelemetry(7);
    loop.deliverTelemetry(7);
    expect(posted).toHaveLength(1);
  });
});

describe('a host that does not take what it is told', () => {
  test('gets no more beyond a bound, whether it was sent or not, and whoever adds it is told', () => {
    add(MOST_AWAY - 1);
    loop.deliverTelemetry(7);
    expect(add(3)).toBe(2);
    loop.deliverTelemetry(7);
    expect(posted.map((message) => message.kind === 'telemetry' && message.entries.length)).toEqual([
      MOST_AWAY - 1,
      1,
    ]);
  });

  test('gets as many again as it has taken', () => {
    add(MOST_AWAY);
    loop.deliverTelemetry(7);
    loop.onMessage({ kind: 'telemetryTaken', count: 2 });
    expect(add(3)).toBe(1);
    loop.deliverTelemetry(7);
    expect(posted.at(-1)).toMatchObject({ entries: [entry(0), entry(1)] });
  });
});

test('the loop knows whether somebody listens, to events and to snapshots apart', () => {
  expect(loop).toMatchObject({ wantsTelemetry: false, wantsSnapshots: false });
  board[Board.WANTS_TELEMETRY] = 1;
  expect(loop).toMatchObject({ wantsTelemetry: true, wantsSnapshots: false });
  board[Board.WANTS_TELEMETRY] = 0;
  board[Board.WANTS_SNAPSHOTS] = 1;
  expect(loop).toMatchObject({ wantsTelemetry: false, wantsSnapshots: true });
});
