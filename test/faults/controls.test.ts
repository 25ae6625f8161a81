import { expect, test } from 'vitest';
import { runKills } from '../helpers/kill-run.js';
import { type Change, Mutant } from '../helpers/mutant.js';

const APPLY = 'src/aggregate/apply.js';
const WINDOW = 'src/aggregate/window.js';
const DRAIN = 'src/aggregate/drain.js';
const LANE = 'src/record/lane.js';

/** Every slot that has a row in the window: its totals become its base. */
const MAKE_BASE = `for (let n = 0; n < rows; n++) {
  const at = slotBase + ints[2 * (rowBase + ((first + n) % slots) * ROW_WORDS) + Row.I32_SLOT] * SLOT_WORDS;
  for (let i = 0; i < 25; i++) words[at + BASE + i] = words[at + LAST + i];
}`;
/** A record in a window makes no base of its own: a flush did. */
const NO_BASE_AT_TOUCH: Change = {
  file: APPLY,
  from: 'const last = slot + LAST;\n        const base = slot + BASE;\n        const reportedLoss',
  to: 'const last = slot + BASE;\n        const base = slot + BASE;\n        const reportedLoss',
};

/** The designs that were tried and lose; each mistake alone is what a run of kills must show. */
const CONTROLS: Readonly<Record<string, readonly Change[]>> = {
  'deltas in the ring, which a successor adds up again': [
    {
      file: LANE,
      from: 'words[to] = cells[totals];',
      to: `const before = (this.before ??= new Map()); const from = cells.slice(totals, totals + 13);
        const old = before.get(totals) ?? new Float64Array(13); before.set(totals, from);
        words[to] = from[0] - old[0];`,
    },
    ...Array.from({ length: 12 }, (_, i) => ({
      file: LANE,
      from: `words[to + ${i + 1}] = cells[totals + ${i + 1}];`,
      to: `words[to + ${i + 1}] = from[${i + 1}] - old[${i + 1}];`,
    })),
    { file: APPLY, from: 'words[last] = words[from];', to: 'words[last] += words[from];' },
    ...Array.from({ length: 12 }, (_, i) => ({
      file: APPLY,
      from: `words[last + ${i + 1}] = words[from + ${i + 1}];`,
      to: `words[last + ${i + 1}] += words[from + ${i + 1}];`,
    })),
  ],
  'the base copied before the store that closes the window': [
    NO_BASE_AT_TOUCH,
    {
      file: WINDOW,
      from: 'const entry = entryOf(layout, window);',
      to: `${MAKE_BASE} const entry = entryOf(layout, window);`,
    },
  ],
  'the base copied after the store that closes the window': [
    NO_BASE_AT_TOUCH,
    {
      file: WINDOW,
      from: 'Atomics.store(ints, I32_ANSWERED, request);\n        return FlushResult.CLOSED;\n    };',
      to: `Atomics.store(ints, I32_ANSWERED, request); Atomics.load(ints, I32_WINDOW); ${MAKE_BASE}\n return FlushResult.CLOSED;\n };`,
    },
  ],
  'APPLIED stored after the flush': [
    // Scores that were reported would be written before the slot's own, anywhere: the drain may spin for good.
    {
      file: APPLY,
      from: 'if (place < INLINE_SCORES) {',
      to: 'if (place < 0) {} else if (place < INLINE_SCORES) {',
    },
    {
      file: DRAIN,
      from: 'if (count > 0) {',
      to: 'if (count > 0) { positions[lane] = position; return count; }\n if (false) {',
    },
    { file: DRAIN, from: 'if (++count % RECORDS_A_STORE === 0)', to: 'if (++count < 0)' },
    {
      file: DRAIN,
      from: 'return count;\n        },',
      to: 'for (let lane = 0; lane < lanes; lane++) Atomics.store(ints, appliedAt[lane], positions[lane]);\n return count;\n },',
    },
  ],
  'a flush in the middle of a successor’s second application': [
    {
      file: DRAIN,
      from: 'for (let lane = 0; lane < lanes; lane++)\n                count += drainLane(lane, window);',
      to: 'if (request !== ints[I32_ANSWERED] && !this.began) closeWindow(request); this.began = true;\n for (let lane = 0; lane < lanes; lane++) count += drainLane(lane, ints[I32_WINDOW]);',
    },
  ],
  'a slot free when its last record was applied': [
    { file: LANE, from: 'laneWord(lane, Control.LANE_COVERED)', to: 'laneWord(lane, Control.LANE_APPLIED)' },
  ],
  'a worker that counts scores as it goes': [
    {
      file: APPLY,
      from: 'const number = ints[recordInts + I32_SCORE_NUMBER];',
      to: 'const number = ints[slotInts + I32_NEXT_SCORE];',
    },
  ],
};

test.each(Object.entries(CONTROLS))(
  'the control shows the loss: %s',
  async (_, changes) => {
    using mutant = new Mutant(changes);
    // A worker ends in its first window: at most a few dozen are needed.
    const { problems, audit } = await runKills({ seed: 31, shards: 1, kills: 400, longestLife: 12, mutant });
    expect(problems).not.toEqual([]);
    expect(audit.reported.UPSTREAM.samples, 'it works but for the mistake').toBeGreaterThan(0);
  },
  600_000,
);
