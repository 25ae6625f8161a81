import { ThreadBooks } from '../memory/cells.js';
import type { SlotIdentity } from '../memory/frames.js';
import { Totals } from '../memory/totals.js';
import type { FollowedParticipant, ParticipantDirectory } from './attribution.js';
import type { Lane } from './lane.js';
import type { RecordingThread } from './recording-thread.js';
import { InvalidReason, RecordResult } from './result.js';
import type { TrackSample } from './sample.js';
import { TrackStreams } from './sample-reader.js';

const { COUNT, MAX_WORDS } = Totals;
const { INVALID, UNATTRIBUTED } = ThreadBooks;

/**
 * Records one track in one direction. All calls: only on the thread that opened it; none throws, waits or
 * (but for an SSRC seen for the first time) allocates. What is recorded reaches the stats workers at the next
 * publish tick, or sooner when there is much.
 */
export class TrackRecorder {
  /** Names the slot and who it belongs to, for logs and comparisons. */
  readonly handle: number;
  readonly identity: SlotIdentity;
  readonly #thread: RecordingThread;
  readonly #lane: Lane;
  readonly #slot: number;
  readonly #shardSlot: number;
  readonly #generation: number;
  readonly #totals: number;
  readonly #streams = new TrackStreams();
  #layers = 0;
  #scores = 0;
  #open = true;
  /** The participant is known: what is recorded can be attributed. */
  #known: boolean;
  /** The timer thread has been told whose the slot is: rows never come before their identity. */
  #announced = false;
  readonly #followed: FollowedParticipant;
  /** What could not be put yet goes with the next record: the largest, and the latest. */
  #rtt = 0;
  #jitter = 0;
  #mime = 0;
  /** A track rarely has another mime than in its last sample: its number is not looked up again. */
  #saidMime: string | undefined;
  #saidMimeId = 0;
  #folded = false;
  /** Written only then: a number that is not whole is an object of its own, a line of memory more. */
  #foldedAt = 0;

  /** @internal Recorders are opened by an engine or a port. */
  constructor(
    thread: RecordingThread,
    slot: number,
    identity: SlotIdentity,
    directory: ParticipantDirectory,
  ) {
    const { slots } = thread;
    this.#thread = thread;
    this.#slot = slot;
    this.identity = identity;
    this.#lane = slots.laneOf(slot);
    this.#shardSlot = slots.shardSlotOf(slot);
    this.#generation = slots.generationOf(slot);
    this.#totals = slots.totalsOf(slot);
    this.handle = slots.handleOf(slot);
    this.#followed = directory.follow(identity.room, identity.participant, (known) => {
      this.#known = known;
    });
    this.#known = this.#followed.known;
  }

  /** @internal */
  announced(): void {
    this.#announced = true;
  }

  /**
   * Records one sample of running totals: each counter of each SSRC as its source counts it. A counter that
   * steps back has wrapped at 2^32 or restarted from zero; `packetsLost` may fall.
   */
  record(sample: TrackSample): RecordResult {
    return this.#take(sample, true);
  }

  /** Records one sample of what was added since the last one. */
  recordDelta(sample: TrackSample): RecordResult {
    return this.#take(sample, false);
  }

  #take(sample: TrackSample, cumulative: boolean): RecordResult {
    const thread = this.#thread;
    if (!this.#open || thread.isClosed) {
      thread.books[ThreadBooks.STALE]!++;
      return RecordResult.CLOSED;
    }
    const reader = thread.reader;
    const reason = reader.read(sample, this.#streams, thread.slots.firstStreamWord(this.#slot), cumulative);
    const changes = reader.changes;
    if (!this.#known) {
      const { direction } = this.identity;
      thread.bookSample(UNATTRIBUTED, direction, changes);
      if (reason === InvalidReason.NONE) {
        thread.slots.settled.add(thread.slots.countryRowOf(this.#slot), direction, changes, 0);
      }
      return RecordResult.UNATTRIBUTED;
    }
    if (reason !== InvalidReason.NONE) {
      thread.bookSample(INVALID, this.identity.direction, changes);
      thread.books[ThreadBooks.INVALID_REASONS + reason]!++;
      return RecordResult.INVALID;
    }
    const cells = thread.cells;
    const totals = this.#totals;
    cells[totals]! += 1;
    cells[totals + 1]! += changes[1]!;
    cells[totals + 2]! += changes[2]!;
    cells[totals + 3]! += changes[3]!;
    cells[totals + 4]! += changes[4]!;
    cells[totals + 5]! += changes[5]!;
    cells[totals + 6]! += changes[6]!;
    cells[totals + 7]! += changes[7]!;
    cells[totals + 8]! += changes[8]!;
    cells[totals + 9]! += changes[9]!;
    cells[totals + 10]! += changes[10]!;
    cells[totals + 11]! += changes[11]!;
    cells[totals + 12]! += changes[12]!;
    if (reader.layers > 0) {
      if (reader.layers > this.#layers) this.#layers = reader.layers;
      for (let i = COUNT; i < MAX_WORDS; i++) cells[totals + i]! += changes[i]!;
    }
    if (reader.rtt > this.#rtt) this.#rtt = reader.rtt;
    if (reader.jitter > this.#jitter) this.#jitter = reader.jitter;
    const said = reader.mimeType;
    if (said !== this.#saidMime || this.#saidMimeId === 0) {
      this.#saidMimeId = thread.mimes.idOf(said);
      this.#saidMime = said;
    }
    if (this.#saidMimeId !== 0) this.#mime = this.#saidMimeId;
    return this.#put(reader.score);
  }

  #put(score: number): RecordResult {
    const time = this.#thread.now();
    if (this.tryPut(score, time)) return RecordResult.RECORDED;
    this.#foldedAt = time;
    const books = this.#thread.books;
    books[ThreadBooks.FOLDED]!++;
    if (score > 0) books[ThreadBooks.SCORES_LOST]!++;
    if (!this.#folded) {
      this.#folded = true; // R5
      this.#thread.retryLater(this);
    }
    return RecordResult.FOLDED;
  }

  /** @internal Puts the totals as they stand; false while the ring is full or track or mime were not announced. */
  tryPut(score: number, time: number): boolean {
    if (!this.#announced || this.#mime > this.#thread.mimes.written) return false;
    const put = this.#lane.putSample(
      this.#shardSlot,
      this.#generation,
      time,
      this.#totals,
      this.#layers,
      this.#mime,
      this.#rtt,
      this.#jitter,
      score,
      this.#scores,
    );
    if (!put) return false;
    if (score > 0) this.#scores = (this.#scores + 1) | 0;
    this.#rtt = 0;
    this.#jitter = 0;
    this.#mime = 0;
    this.#folded = false;
    return true;
  }

  /** @internal Puts what a full ring kept back, if that did not go with a later sample; false while it is full. */
  retry(): boolean {
    if (!this.#folded) return true;
    if (!this.tryPut(0, this.#foldedAt)) return false; // R6
    if (!this.#open) this.#thread.slots.release(this.#slot);
    return true;
  }

  /** Ends the track: its last window is in the next snapshot. Closing twice does nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#followed.stop();
    // A track that still waits to be put is released by its retry.
    if (!this.#folded) this.#thread.slots.release(this.#slot);
  }
}
