// This entry is JavaScript alone: the native one has crashed processes whose threads were terminated.
import { Packr } from 'msgpackr/pack';
import { ErrorCode, refused } from '../errors.js';
import { EventRingWriter, maxFrameBytes } from '../memory/event-ring.js';
import type { Frame } from '../memory/frames.js';

interface Waiting {
  readonly bytes: Uint8Array;
  readonly whenWritten: (() => void) | undefined;
}

/**
 * Sends frames to the timer thread in the order of the calls. What finds the ring full waits here, and all
 * that comes later behind it, until the next tick; nothing is dropped. Recording thread only.
 */
export class EventWriter {
  readonly #maxFrameBytes: number;
  readonly #ring: EventRingWriter;
  readonly #packr = new Packr({ useRecords: false });
  #waiting: Waiting[] = [];
  /** Bytes of the frames that wait for room. */
  waitingBytes = 0;

  constructor(ring: SharedArrayBuffer) {
    this.#ring = new EventRingWriter(ring);
    this.#maxFrameBytes = maxFrameBytes(ring);
  }

  /** Frames that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Sends a frame now or as soon as there is room.
   * @param whenWritten called once it is in the ring, when it could not be written at once.
   * @returns whether it is in the ring.
   */
  send(frame: Frame, whenWritten?: () => void): boolean {
    const bytes = this.#pack(frame);
    if (this.#waiting.length === 0 && this.#ring.write(bytes)) return true;
    this.#waiting.push({ bytes: new Uint8Array(bytes), whenWritten });
    this.waitingBytes += bytes.length;
    return false;
  }

  /** Sends a frame if there is room for it now, and nothing waits before it. */
  offer(frame: Frame): boolean {
    const bytes = this.#pack(frame);
    return this.#waiting.length === 0 && this.#ring.write(bytes);
  }

  /** Whether a frame of any size would be written at once. */
  hasRoom(): boolean {
    return this.#waiting.length === 0 && this.#ring.hasRoom(this.#maxFrameBytes);
  }

  /** A frame that never fits would block all that come after it. */
  #pack(frame: Frame): Uint8Array {
    const bytes = this.#packr.pack(frame);
    if (bytes.length <= this.#maxFrameBytes) return bytes;
    const rule = `at most ${this.#maxFrameBytes} bytes (half of eventRingBytes)`;
    throw refused(ErrorCode.INVALID_ARGUMENT, 'call', rule, bytes.length);
  }

  /** Writes what waits, as far as there is room. */
  flush(): void {
    let written = 0;
    for (const { bytes, whenWritten } of this.#waiting) {
      if (!this.#ring.write(bytes)) break;
      written++;
      this.waitingBytes -= bytes.length;
      whenWritten?.();
    }
    if (written > 0) this.#waiting = this.#waiting.slice(written);
  }
}
