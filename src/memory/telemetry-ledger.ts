/**
 * What the telemetry service has made of the calls so far, for a successor of its thread. 8-byte words, doubles.
 *
 * ```
 *   0    COMMITS (i32): the one store that commits adds 1 to it
 *   16   redo record: number of its commit, how many pairs, then pairs (cell, its new value)
 *   …    cells: see TelemetryCells
 *   …    labels: UTF-8 of label values, LABEL_BYTES each
 *   …    sequences: see SequenceCells, one entry a room
 * ```
 *
 * Changes are kept aside until a commit: they are written to the redo record as absolute values, COMMITS makes the
 * record valid, and only then the cells are overwritten. A thread that dies before the store has changed nothing: its
 * successor takes the same calls again. One that dies after it has the record applied again, which harms nothing.
 */
export const TelemetryCells = {
  /** Number of the last call that was taken. */
  CALLS_TAKEN: 0,
  /** Leave calls for somebody unknown, or repeated. */
  LEAVES_IGNORED: 1,
  /** Events of participants nobody knew: sent with what the call brought. */
  LATE_EVENTS: 2,
  /** Frames that could not be read. */
  FRAMES_REFUSED: 3,
  /** Events of webhooks' outcomes, for their ids. */
  OUTCOMES_TOLD: 4,
  /** Rooms with a sequence, also of rooms that are over. */
  SEQUENCES: 5,
  /** Webhooks that were queued, once for each URL, and of those the ones that came to an end. */
  WEBHOOKS_QUEUED: 6,
  WEBHOOKS_SETTLED: 7,
  /** Label values in use. */
  LABELS: 8,
  /** Values that found no label of their own. */
  LABELS_OVERFLOWED: 9,
  /** Events and webhooks the host was too slow to take. */
  TELEMETRY_DROPPED: 10,
  /** The first of the metrics' cells. */
  METRICS: 16,
} as const;

/** Of one room: half a hash of its sid each, its last sequence number, and when that was: the number of the change. */
export const SequenceCells = { KEY_HIGH: 0, KEY_LOW: 1, LAST: 2, USED: 3, WORDS: 4 } as const;

/** Cells of the metrics: see the file that counts into them. */
export const METRIC_CELLS = 256;
export const MAX_LABELS = 64;
/** Longest label value, bytes of UTF-8, with its length before it. */
export const LABEL_BYTES = 63;
/** Pairs in a redo record. */
export const REDO_PAIRS = 2048;
/** What one call may change at most. */
const PAIRS_OF_A_CALL = 64;

const LINE_WORDS = 16;
const LABEL_WORDS = (LABEL_BYTES + 1) / 8;
const toLine = (words: number): number => Math.ceil(words / LINE_WORDS) * LINE_WORDS;

const Redo = { COMMIT: LINE_WORDS, PAIRS: LINE_WORDS + 1, FIRST: LINE_WORDS + 2 } as const;
const CELLS = toLine(Redo.FIRST + 2 * REDO_PAIRS);
const LABELS = toLine(CELLS + TelemetryCells.METRICS + METRIC_CELLS);
const SEQUENCES = LABELS + MAX_LABELS * LABEL_WORDS;

export interface TelemetryMemory {
  readonly buffer: SharedArrayBuffer;
  /** Rooms whose sequence is kept. */
  readonly sequences: number;
}

export const telemetryBytes = (sequences: number): number =>
  8 * (SEQUENCES + sequences * SequenceCells.WORDS);

export function createTelemetryMemory(sequences: number): TelemetryMemory {
  return { buffer: new SharedArrayBuffer(telemetryBytes(sequences)), sequences };
}

/** The cells of telemetry. The timer thread alone changes them; any thread may read what was committed. */
export class TelemetryLedger {
  /** Rooms whose sequence is kept. */
  readonly sequences: number;
  readonly #ints: Int32Array;
  readonly #words: Float64Array;
  readonly #bytes: Uint8Array;
  /** Cells that have changed since the last commit. */
  readonly #changed = new Map<number, number>();

  /** @param view of the memory's words: for tests that have stores fail */
  constructor({ buffer, sequences }: TelemetryMemory, view = new Float64Array(buffer)) {
    this.sequences = sequences;
    this.#ints = new Int32Array(buffer);
    this.#words = view;
    this.#bytes = new Uint8Array(buffer);
  }

  get(cell: number): number {
    return this.#changed.get(cell) ?? this.#words[CELLS + cell]!;
  }

  /** As it was at the last commit: what may be shown, because no successor will ever have less. Any thread. */
  committed(cell: number): number {
    return this.#words[CELLS + cell]!;
  }

  set(cell: number, value: number): void {
    this.#changed.set(cell, value);
  }

  add(cell: number, amount = 1): void {
    this.#changed.set(cell, this.get(cell) + amount);
  }

  /** First cell of a room's sequence. */
  sequenceOf(entry: number): number {
    return SEQUENCES - CELLS + entry * SequenceCells.WORDS;
  }

  /** Whether a call that changes as much as one can may no longer fit into this commit. */
  get isCrowded(): boolean {
    return this.#changed.size > REDO_PAIRS - PAIRS_OF_A_CALL;
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  /**
   * Writes down what is to be committed; from now on whoever hears of the commit's number can commit it.
   * @returns the number of the commit
   */
  prepare(): number {
    const words = this.#words;
    const { size } = this.#changed;
    // A bug, and one that would overwrite the cells.
    if (size > REDO_PAIRS) throw new RangeError(`a commit holds ${REDO_PAIRS} changes, not ${size}`);
    const commit = (this.#ints[0]! + 1) | 0;
    // The number first: a record in the making never looks like the one that was committed last.
    words[Redo.COMMIT] = commit;
    words[Redo.PAIRS] = 0;
    let pairs = 0;
    for (const [cell, value] of this.#changed) {
      words[Redo.FIRST + 2 * pairs] = cell;
      words[Redo.FIRST + 2 * pairs + 1] = value;
      pairs++;
    }
    words[Redo.PAIRS] = pairs;
    return commit;
  }

  /** Commits what was prepared. */
  commit(): void {
    Atomics.store(this.#ints, 0, this.#words[Redo.COMMIT]!);
    this.#redo();
    this.#changed.clear();
  }

  /**
   * Completes what a thread that died had begun; while nobody else writes.
   * @param heard the last commit number that thread has let out: what was heard of counts as committed
   */
  recover(heard: number): void {
    const recorded = this.#words[Redo.COMMIT]!;
    const committed = this.#ints[0]!;
    if (recorded === ((committed + 1) | 0) && recorded === heard) {
      Atomics.store(this.#ints, 0, recorded);
      this.#redo();
    } else if (recorded === committed) {
      this.#redo();
    }
  }

  #redo(): void {
    const words = this.#words;
    const pairs = words[Redo.PAIRS]!;
    for (let pair = 0; pair < pairs; pair++) {
      words[CELLS + words[Redo.FIRST + 2 * pair]!] = words[Redo.FIRST + 2 * pair + 1]!;
    }
  }

  /** Label value number n, below `LABELS`. */
  label(n: number): Uint8Array {
    const at = (LABELS + n * LABEL_WORDS) * 8;
    return this.#bytes.slice(at + 1, at + 1 + this.#bytes[at]!);
  }

  /**
   * Takes the next label, which is nobody's until `LABELS` is committed: a thread that dies before has its successor
   * write over it.
   * @param utf8 at most LABEL_BYTES
   * @returns its number
   */
  addLabel(utf8: Uint8Array): number {
    const label = this.get(TelemetryCells.LABELS);
    const at = (LABELS + label * LABEL_WORDS) * 8;
    this.#bytes[at] = utf8.length;
    this.#bytes.set(utf8, at + 1);
    this.add(TelemetryCells.LABELS);
    return label;
  }
}
