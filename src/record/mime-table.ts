import { FrameType, type MimeFrame } from '../memory/frames.js';
import type { EventWriter } from './event-writer.js';

/** More distinct mime types than any SFU forwards: a source that makes them up stays bounded. */
const MAX_MIMES = 4096;
const MAX_MIME_CHARACTERS = 255;

/** Numbers that stand for mime types in one thread's records; 0 for none. */
export class MimeTable {
  /** Mime types that were too long or too many and are reported as none. */
  refused = 0;
  /** The highest number whose meaning is in the event ring: a record must not come before it. */
  written = 0;
  readonly #ids = new Map<string, number>();
  readonly #events: EventWriter;

  constructor(events: EventWriter) {
    this.#events = events;
  }

  idOf(mime: string | undefined): number {
    if (mime === undefined || mime === '') return 0;
    return this.#ids.get(mime) ?? this.#add(mime);
  }

  #add(mime: string): number {
    if (typeof mime !== 'string' || mime.length > MAX_MIME_CHARACTERS || this.#ids.size >= MAX_MIMES) {
      this.refused++;
      return 0;
    }
    const id = this.#ids.size + 1;
    this.#ids.set(mime, id);
    const whenWritten = (): void => {
      this.written = id;
    };
    if (this.#events.send([FrameType.MIME, id, mime], whenWritten)) whenWritten();
    return id;
  }

  /** What the numbers stand for, for a timer thread that starts anew. */
  frames(): MimeFrame[] {
    return [...this.#ids].map(([mime, id]) => [FrameType.MIME, id, mime]);
  }
}
