import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createTelemetryMemory,
  LABEL_BYTES,
  MAX_LABELS,
  METRIC_CELLS,
  REDO_PAIRS,
  SequenceCells,
  TelemetryCells,
  TelemetryLedger,
  telemetryBytes,
} from '../../dist/src/memory/telemetry-ledger.js';
import { METRICS_END } from '../../dist/src/telemetry/event-metrics.js';
import { Life, mortal, outlives } from '../helpers/death.js';

const A = TelemetryCells.METRICS;
const B = TelemetryCells.METRICS + 1;

/** A ledger whose user dies at its n-th store, and one to look at what is left. */
function ledgers(stores = Number.POSITIVE_INFINITY) {
  const memory = createTelemetryMemory(4);
  const life = new Life(stores);
  const ledger = new TelemetryLedger(memory, mortal(new Float64Array(memory.buffer), life));
  return { memory, life, ledger, after: new TelemetryLedger(memory) };
}

function commit(ledger: TelemetryLedger): void {
  ledger.prepare();
  ledger.commit();
}

describe('changes', () => {
  test('are seen at once by whoever makes them, and by others once they are committed', () => {
    const { ledger, after } = ledgers();
    ledger.set(A, 5);
    ledger.add(A, 2);
    expect([ledger.get(A), ledger.committed(A), after.get(A)]).toEqual([7, 0, 0]);
    commit(ledger);
    expect([ledger.get(A), ledger.committed(A), after.get(A)]).toEqual([7, 7, 7]);
    expect(ledger.hasChanges).toBe(false);
  });

  test('count whole or not at all, whichever store the thread dies at; one that died over it is completed', () => {
    for (let n = 0; ; n++) {
      const { life, ledger, after } = ledgers(n);
      const survived = outlives(life, () => {
        for (let round = 1; round <= 3; round++) {
          ledger.set(A, round);
          ledger.set(B, 10 * round);
          commit(ledger);
        }
      });
      after.recover(0);
      expect(after.get(B), `store ${n}`).toBe(10 * after.get(A));
      // And so it stays, whatever is recovered again.
      const found = after.get(A);
      after.recover(0);
      expect(after.get(A)).toBe(found);
      commit(withChange(after));
      expect([after.get(A), after.get(B)]).toEqual([100, 1_000]);
      if (survived) {
        expect(found).toBe(3);
        break;
      }
    }
  });

  test('that somebody has heard of are committed, and those nobody has heard of are not', () => {
    for (const isHeard of [true, false]) {
      const { ledger, after } = ledgers();
      ledger.set(A, 1);
      commit(ledger);
      ledger.set(A, 2);
      const number = ledger.prepare();
      after.recover(isHeard ? number : number - 1);
      expect(after.get(A)).toBe(isHeard ? 2 : 1);
      commit(withChange(after));
      expect(after.get(A)).toBe(100);
    }
  });

  test('hold across the wrap of their number', () => {
    const { memory, ledger, after } = ledgers();
    new Int32Array(memory.buffer)[0] = 2 ** 31 - 1;
    ledger.set(A, 1);
    expect(ledger.prepare()).toBe(-(2 ** 31));
    after.recover(-(2 ** 31));
    expect(after.get(A)).toBe(1);
  });

  test('too many for one commit are announced before it, and refused', () => {
    const ledger = new TelemetryLedger(createTelemetryMemory(REDO_PAIRS));
    let changes = 0;
    const change = (): void => ledger.set(ledger.sequenceOf(0) + changes++, 1);
    while (!ledger.isCrowded) change();
    expect(changes).toBeLessThanOrEqual(REDO_PAIRS - 60);
    while (changes <= REDO_PAIRS) change();
    expect(() => ledger.prepare()).toThrow('a commit holds 2048 changes, not 2049');
    expect(ledger.committed(ledger.sequenceOf(0))).toBe(0);
  });
});

function withChange(ledger: TelemetryLedger): TelemetryLedger {
  ledger.set(A, 100);
  ledger.set(B, 1_000);
  return ledger;
}

describe('labels', () => {
  test('are found again, and one that was not committed is nobody’s', () => {
    const { ledger, after } = ledgers();
    expect(ledger.addLabel(new Uint8Array([104, 105]))).toBe(0);
    commit(ledger);
    expect(ledger.addLabel(new Uint8Array(LABEL_BYTES).fill(7))).toBe(1);
    expect(after.get(TelemetryCells.LABELS)).toBe(1);
    expect(after.addLabel(new Uint8Array(0))).toBe(1);
    commit(after);
    expect([after.label(0), after.label(1)]).toEqual([new Uint8Array([104, 105]), new Uint8Array(0)]);
  });
});

test('the map: whatever is written lies where nothing else does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), (sequences) => {
      const memory = createTelemetryMemory(sequences);
      expect(memory.buffer.byteLength).toBe(telemetryBytes(sequences));
      const ledger = new TelemetryLedger(memory);
      const cells = Array.from({ length: METRICS_END }, (_, cell) => cell).filter(
        (cell) => cell !== TelemetryCells.LABELS,
      );
      for (let entry = 0; entry < sequences; entry++) {
        for (let cell = 0; cell < SequenceCells.WORDS; cell++) cells.push(ledger.sequenceOf(entry) + cell);
      }
      for (const cell of cells) ledger.set(cell, 1_000_000 + cell);
      commit(ledger);
      for (let label = 0; label < MAX_LABELS; label++) {
        ledger.addLabel(new Uint8Array(LABEL_BYTES).fill(label + 1));
      }
      commit(ledger);
      for (const cell of cells) expect(ledger.committed(cell)).toBe(1_000_000 + cell);
      for (let label = 0; label < MAX_LABELS; label++) {
        expect(ledger.label(label)).toEqual(new Uint8Array(LABEL_BYTES).fill(label + 1));
      }
    }),
    { numRuns: 10 },
  );
  expect(METRICS_END).toBeLessThanOrEqual(TelemetryCells.METRICS + METRIC_CELLS);
});
