import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ThreadBooks } from '../../dist/src/memory/cells.js';
import { Direction } from '../../dist/src/memory/totals.js';
import { RecordResult } from '../../dist/src/record/result.js';
import { addBooks, booksOf, noBooks, RecordingLife } from '../helpers/recording-life.js';
import { SeededRandom } from '../helpers/seeded-random.js';

const DIRECTIONS = [Direction.UPSTREAM, Direction.DOWNSTREAM];

function livedLife(seed: number, steps: number): RecordingLife {
  const life = new RecordingLife(new SeededRandom(seed));
  for (let n = 0; n < steps; n++) life.step();
  life.end();
  return life;
}

/** Many short and some long lives, each from a seed that a failure shows. */
function everyLife(check: (life: RecordingLife) => void): void {
  const steps = fc.constantFrom(30, 100, 400);
  fc.assert(
    fc.property(fc.nat(), steps, (seed, count) => check(livedLife(seed, count))),
    { numRuns: 300 },
  );
}

describe("a recording thread's books, in whatever order recorders open, record, close and find no room", () => {
  test('add up: recorded = reported + invalid + unattributed, each number in each direction', () => {
    everyLife(({ bench, rows, recorded }) => {
      for (const direction of DIRECTIONS) {
        const reported = rows.filter(({ identity }) => identity?.direction === direction).map(booksOf);
        const dropped = [ThreadBooks.INVALID, ThreadBooks.UNATTRIBUTED].map((section) =>
          bench.booked(section, direction),
        );
        expect(addBooks(noBooks(), ...reported, ...dropped)).toEqual(recorded[direction]);
      }
    });
  });

  test('hold what was reported of slots that were given back, and every slot is in the end', () => {
    everyLife(({ bench, rows }) => {
      for (const direction of DIRECTIONS) {
        const reported = rows.filter(({ identity }) => identity?.direction === direction).map(booksOf);
        expect(bench.booked(ThreadBooks.GIVEN_BACK, direction)).toEqual(addBooks(noBooks(), ...reported));
      }
      expect(bench.thread.slots.inUse).toBe(0);
      expect(bench.thread.streams.inUse).toBe(0);
      expect(bench.directory.following).toBe(0);
    });
  });

  test('give each media track what it took and nobody else’s, whoever had its slot before', () => {
    everyLife(({ rows, taken }) => {
      const reported = new Map(
        rows.map(({ track }) => [
          track,
          addBooks(noBooks(), ...rows.filter((row) => row.track === track).map(booksOf)),
        ]),
      );
      const tracks = [...taken].filter(([sid]) => sid.startsWith('TR_T'));
      for (const [sid, books] of tracks) expect(reported.get(sid), sid).toEqual(books);
      const known = new Set(taken.keys());
      expect([...reported.keys()].filter((sid) => !known.has(sid))).toEqual([]);
    });
  });

  test('see every answer there is, full rings and too few slots among them', () => {
    const answers = new Map<number, number>();
    let refused = 0;
    for (let seed = 0; seed < 50; seed++) {
      const life = livedLife(seed, 400);
      refused += life.refused;
      for (const [answer, count] of life.answers) answers.set(answer, (answers.get(answer) ?? 0) + count);
    }
    for (const [name, answer] of Object.entries(RecordResult)) {
      expect(answers.get(answer) ?? 0, name).toBeGreaterThan(50);
    }
    expect(refused).toBeGreaterThan(50);
  });

  test('count late records beside themselves, for they belong to nobody', () => {
    everyLife(({ bench, late }) => {
      expect(bench.count(ThreadBooks.STALE)).toBe(late);
    });
  });

  test('have a row only for samples: none of nothing, none negative', () => {
    everyLife(({ rows }) => {
      for (const { deltas } of rows) {
        expect(deltas.samples).toBeGreaterThan(0);
        expect(Object.values(deltas).every((delta) => delta >= 0)).toBe(true);
      }
    });
  });
});
