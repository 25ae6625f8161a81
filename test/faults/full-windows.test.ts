import { describe, expect, test } from 'vitest';
import { Slot } from '../../dist/src/memory/shard.js';
import { BALANCED, balance, recordPackets, startEngine } from '../helpers/engine.js';
import { type Change, Mutant } from '../helpers/mutant.js';

/** Closed windows of a shard that may wait to be taken. */
const WINDOWS = 8;
const FLUSHES = 10 * WINDOWS;

/** Scores that are exact as they are kept. */
const scoreOf = (flush: number): number => 1 + ((7 * flush) % 32) / 8;

function scoresOf(flushes: readonly number[]) {
  const scores = flushes.map(scoreOf).sort((a, b) => a - b);
  const half = scores.length / 2;
  return {
    scores: scores.length,
    scoreMean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    scoreMin: scores[0]!,
    scoreMedian: (scores[Math.ceil(half) - 1]! + scores[Math.floor(half)]!) / 2,
  };
}

interface Untaken {
  /** Each window has a row for each. */
  readonly tracks: number;
  /** A shard has as many rows. */
  readonly slots: number;
  /** Windows that find room. */
  readonly holds: number;
}

const FULL_OF_ENTRIES: Untaken = { tracks: 1, slots: 64, holds: WINDOWS };
const FULL_OF_ROWS: Untaken = { tracks: 8, slots: 8, holds: 1 };

async function fillWindows({ tracks, slots, holds }: Untaken, ...mistakes: readonly Change[]): Promise<void> {
  using untaken = new Mutant([
    {
      file: 'src/engine/flusher.js',
      from: 'const stats = this.collect(flush);',
      to: `const stats = flush <= ${FLUSHES} ? 0 : this.collect(flush);`,
    },
    // All that waited is taken at once; nothing of it is to be lost on its way to the host.
    { file: 'src/exporters/callback-exporter.js', from: 'maxQueuedBatches: 4,', to: 'maxQueuedBatches: 9,' },
    ...mistakes,
  ]);
  await using sfu = await startEngine(
    { capacity: { tracks: slots }, scoreBlocks: 64 },
    await untaken.engineClass(),
  );
  const { engine } = sfu;
  sfu.join();
  const recorders = Array.from({ length: tracks }, (_, n) => sfu.openTrack(`TR_${n}`));
  for (let flush = 1; flush <= FLUSHES; flush++) {
    await engine.advanceTo(100 * flush);
    for (const recorder of recorders) recordPackets(recorder, flush, scoreOf(flush));
    await engine.flush();
  }
  expect(sfu.rows).toEqual([]);
  expect(engine.status().drops.windowsMerged).toBe(FLUSHES - holds);
  // This one finds no room either; then there is.
  await engine.flush();
  await engine.flush();
  expect(engine.status().drops).toMatchObject({ windowsMerged: FLUSHES - holds + 1, snapshotsDropped: 0 });

  const windows = Array.from({ length: holds }, (_, n) => [n + 1]);
  windows.push(Array.from({ length: FLUSHES - holds }, (_, n) => holds + n + 1));
  expect(sfu.snapshots.map(({ flush }) => flush)).toEqual([...windows.slice(0, -1).flat(), FLUSHES + 2]);
  for (const recorder of recorders) {
    const rows = sfu.rows.filter(({ trackSid }) => trackSid === recorder.identity.track);
    const expected = windows.map((flushes) => ({
      samples: flushes.length,
      primaryPackets: flushes.reduce((sum, flush) => sum + flush, 0),
      ...scoresOf(flushes),
    }));
    expect(rows).toMatchObject(expected);
    expect(rows.at(-1)!.endMs - rows.at(-1)!.startMs).toBe(100 * (FLUSHES - holds));
  }
  expect(balance(await engine.audit())).toEqual(BALANCED);
}

test.each([
  ['their entries', FULL_OF_ENTRIES],
  ['their rows', FULL_OF_ROWS],
])(
  'windows that nobody takes, ten times %s: they merge, counted, and each packet and score is reported once',
  async (_, untaken) => {
    await fillWindows(untaken);
  },
);

describe('the control shows it where', () => {
  const WINDOW = 'src/aggregate/window.js';
  test.each<[string, Untaken, Change, RegExp]>([
    [
      'a window is closed over one that waits',
      FULL_OF_ENTRIES,
      { file: WINDOW, from: 'if (((window - released) | 0) >= Entry.COUNT)', to: 'if (false)' },
      /^expected \+?0 to be 72/,
    ],
    [
      'rows are written over those that wait',
      FULL_OF_ROWS,
      { file: WINDOW, from: 'if (rows === room)', to: 'if (false)' },
      /^expected 72 to be 79/,
    ],
    [
      'a window that goes on is not counted',
      FULL_OF_ENTRIES,
      { file: 'src/aggregate/drain.js', from: 'Atomics.add(ints, I32_MERGED, 1);', to: '' },
      /^expected \+?0 to be 72/,
    ],
    [
      'a window that goes on starts its scores anew',
      FULL_OF_ENTRIES,
      {
        file: 'src/aggregate/drain.js',
        from: 'Atomics.add(ints, I32_MERGED, 1);',
        // Of the first slot: the number of the window's first score.
        to: `Atomics.add(ints, I32_MERGED, 1);
          const at = 2 * layout.slotBase;
          ints[at + ${Slot.I32_FIRST_SCORE}] = ints[at + ${Slot.I32_NEXT_SCORE}];`,
      },
      /^expected \[ .* \] to match object \[ { samples: 1/,
    ],
  ])('%s', async (_, untaken, change, error) => {
    await expect(fillWindows(untaken, change)).rejects.toThrow(error);
  });
});
