import { inBatches, type MessageRival } from './message-rival.js';

/** Bytes and messages, up and down: what a recorder must hold. */
const WORDS = 4;

/** The limit: two adds to cells of a plain typed array, and nothing that tells whose they are. */
export const bareCells: MessageRival = {
  name: 'bare typed-array cells (the limit)',
  calls: 10_000,
  prepare(pattern) {
    const { order, sizes } = pattern;
    const cells = new Float64Array(pattern.recorders * WORDS);
    const batch = inBatches(pattern, this.calls, (from, to) => {
      // Locals: a variable of the closure is loaded for every message.
      const [mine, whose, bytes] = [cells, order, sizes];
      for (let n = from; n < to; n++) {
        const at = whose[n]! * WORDS;
        mine[at]! += bytes[n]!;
        mine[at + 1]! += 1;
      }
    });
    return {
      batch,
      counted() {
        let messages = 0;
        let bytes = 0;
        for (let at = 0; at < cells.length; at += WORDS) {
          bytes += cells[at]!;
          messages += cells[at + 1]!;
        }
        return { messages, bytes };
      },
    };
  },
};

/** What several threads that share a counter would do. */
export const atomicAdds: MessageRival = {
  name: '2 × Atomics.add',
  calls: 10_000,
  prepare(pattern) {
    const { order, sizes } = pattern;
    const cells = new Int32Array(new SharedArrayBuffer(pattern.recorders * WORDS * 4));
    let wraps = 0;
    const batch = inBatches(pattern, this.calls, (from, to) => {
      for (let n = from; n < to; n++) {
        const at = order[n]! * WORDS;
        Atomics.add(cells, at, sizes[n]!);
        Atomics.add(cells, at + 1, 1);
      }
    });
    return {
      batch,
      settle() {
        // 32 bits: a hot cell is emptied before it wraps.
        if (cells[0]! >>> 0 < 2 ** 31) return;
        wraps += cells[0]! >>> 0;
        cells[0] = 0;
      },
      counted() {
        let messages = 0;
        let bytes = wraps;
        for (let at = 0; at < cells.length; at += WORDS) {
          bytes += cells[at]! >>> 0;
          messages += cells[at + 1]!;
        }
        return { messages, bytes };
      },
    };
  },
};

/** The first thing that comes to mind: an object for each sid. */
export const mapOfObjects: MessageRival = {
  name: 'Map of objects',
  calls: 10_000,
  prepare(pattern) {
    const totals = new Map<string, { bytes: number; messages: number }>();
    for (let n = 0; n < pattern.recorders; n++) totals.set(`PA_${n}`, { bytes: 0, messages: 0 });
    const sids = [...totals.keys()];
    const keys = Array.from(pattern.order, (n) => sids[n]!);
    const { sizes } = pattern;
    const batch = inBatches(pattern, this.calls, (from, to) => {
      for (let n = from; n < to; n++) {
        const total = totals.get(keys[n]!)!;
        total.bytes += sizes[n]!;
        total.messages += 1;
      }
    });
    return {
      batch,
      counted() {
        let messages = 0;
        let bytes = 0;
        for (const total of totals.values()) {
          messages += total.messages;
          bytes += total.bytes;
        }
        return { messages, bytes };
      },
    };
  },
};
