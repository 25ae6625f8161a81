/**
 * A byte ring for frames of any length: one writing thread, one reading thread, no locks.
 *
 * ```
 *   0    tail (i32): end of the last frame written, bytes, never falls but by wrapping
 *   128  head (i32): all before it has been read
 *   256  frames: length (i32), bytes, padded to 8; length -1: nothing up to the end
 * ```
 */
const TAIL = 0;
const HEAD = 32;
const FRAMES = 256;
const SKIP = -1;

const padded = (length: number): number => (length + 4 + 7) & ~7;

/** Reserves a ring of `capacity` bytes, a power of two. */
export function createEventRing(capacity: number): SharedArrayBuffer {
  return new SharedArrayBuffer(FRAMES + capacity);
}

/** The longest frame a ring takes, so that one can always fit whatever the padding at the end. */
export function maxFrameBytes(ring: SharedArrayBuffer): number {
  return (ring.byteLength - FRAMES) / 2 - 8;
}

/** The writing end; one thread only. */
export class EventRingWriter {
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;

  constructor(ring: SharedArrayBuffer) {
    this.#ints = new Int32Array(ring);
    this.#bytes = new Uint8Array(ring);
    this.#capacity = ring.byteLength - FRAMES;
  }

  /** Whether a frame of this length can be written now. */
  hasRoom(length: number): boolean {
    return this.#skipFor(length) >= 0;
  }

  /** Writes one frame; false when there is no room for it now. */
  write(frame: Uint8Array): boolean {
    const skip = this.#skipFor(frame.length);
    if (skip < 0) return false;
    const ints = this.#ints;
    const tail = ints[TAIL]!;
    const at = tail & (this.#capacity - 1);
    if (skip > 0) ints[(FRAMES + at) >> 2] = SKIP;
    const start = FRAMES + (skip > 0 ? 0 : at);
    ints[start >> 2] = frame.length;
    this.#bytes.set(frame, start + 4);
    Atomics.store(ints, TAIL, (tail + skip + padded(frame.length)) | 0);
    return true;
  }

  /** Bytes to leave out at the ring's end before a frame of this length; -1 when there is no room for it. */
  #skipFor(length: number): number {
    const tail = this.#ints[TAIL]!;
    const at = tail & (this.#capacity - 1);
    const need = padded(length);
    const skip = at + need > this.#capacity ? this.#capacity - at : 0;
    const used = (tail - Atomics.load(this.#ints, HEAD)) | 0;
    return used + skip + need > this.#capacity ? -1 : skip;
  }
}

/** The reading end; one thread only. */
export class EventRingReader {
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  /** How far was read. */
  #head: number;

  constructor(ring: SharedArrayBuffer) {
    this.#ints = new Int32Array(ring);
    this.#bytes = new Uint8Array(ring);
    this.#capacity = ring.byteLength - FRAMES;
    this.#head = this.#ints[HEAD]!;
  }

  /**
   * Hands every frame that is there now to `take`, and gives each one's room back. The bytes are only valid
   * during the call. Returns how many there were.
   */
  drain(take: (frame: Uint8Array) => void): number {
    const taken = this.read((frame) => {
      this.release();
      take(frame);
      return true;
    });
    this.release();
    return taken;
  }

  /**
   * Hands the frames that are there now to `take`, until it returns false. Their room is kept until `release`: a
   * thread that dies before has its successor read them again.
   * @returns how many were read
   */
  read(take: (frame: Uint8Array) => boolean): number {
    const ints = this.#ints;
    const tail = Atomics.load(ints, TAIL);
    let taken = 0;
    for (let goesOn = true; goesOn && this.#head !== tail; ) {
      const at = this.#head & (this.#capacity - 1);
      const length = ints[(FRAMES + at) >> 2]!;
      if (length === SKIP) {
        this.#head = (this.#head + this.#capacity - at) | 0;
      } else {
        const start = FRAMES + at + 4;
        goesOn = take(this.#bytes.subarray(start, start + length));
        this.#head = (this.#head + padded(length)) | 0;
        taken++;
      }
    }
    return taken;
  }

  /** Gives the room of all that was read back. */
  release(): void {
    if (this.#ints[HEAD] !== this.#head) Atomics.store(this.#ints, HEAD, this.#head);
  }

  /** Whether nothing waits to be read. */
  isEmpty(): boolean {
    return Atomics.load(this.#ints, TAIL) === this.#head;
  }
}
