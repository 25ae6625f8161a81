import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ErrorCode, SfuStatsError } from '../../../errors.js';

const CHUNK_BYTES = 256 * 1024;
const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);

export function unreadable(reason: string, cause?: unknown): SfuStatsError {
  const details = cause === undefined ? {} : { cause };
  return new SfuStatsError(ErrorCode.UNREADABLE_FILE, `cannot be read: ${reason}`, details);
}

/**
 * A file as its reader takes it: from front to back, holding no more than was asked for and a chunk. What is gzipped
 * is known by its first bytes. An error of the compression ends it, and is kept.
 */
export class ByteSource {
  #chunks: AsyncIterator<Uint8Array, unknown>;
  #held: Buffer = Buffer.alloc(0);
  #offset = 0;
  #isEnded = false;
  #damage: Error | undefined;

  /** @param source a path, or chunks */
  constructor(source: string | AsyncIterable<Uint8Array>) {
    const chunks =
      typeof source === 'string' ? createReadStream(source, { highWaterMark: CHUNK_BYTES }) : source;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes before `held`, after decompression. */
  get offset(): number {
    return this.#offset;
  }

  /** What was read, and not taken yet. */
  get held(): Buffer {
    return this.#held;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What was wrong with the compression. */
  get damage(): Error | undefined {
    return this.#damage;
  }

  /** To be called once, at the beginning. @throws SfuStatsError UNREADABLE_FILE */
  async gunzipIfCompressed(): Promise<void> {
    await this.hold(GZIP_MAGIC.length);
    if (!this.#held.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) return;
    const compressed = Readable.from(this.#rest());
    // Errors reach whoever iterates; the callback only keeps them from being thrown as well.
    const gunzipped = pipeline(compressed, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
    this.#chunks = gunzipped[Symbol.asyncIterator]();
    this.#held = Buffer.alloc(0);
    this.#offset = 0;
    this.#isEnded = false;
  }

  /**
   * Reads until so many bytes are held, or all there are.
   * @returns whether so many are
   * @throws SfuStatsError UNREADABLE_FILE
   */
  async hold(bytes: number): Promise<boolean> {
    const parts: Uint8Array[] = [this.#held];
    let length = this.#held.length;
    while (length < bytes && !this.#isEnded) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      parts.push(chunk);
      length += chunk.length;
    }
    if (parts.length > 1) this.#held = Buffer.concat(parts, length);
    return length >= bytes;
  }

  /** Done with the first bytes. */
  take(bytes: number): void {
    this.#held = this.#held.subarray(bytes);
    this.#offset += bytes;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done !== true) return value;
    } catch (error) {
      const isCompression = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
      if (!isCompression) throw unreadable(error instanceof Error ? error.message : String(error), error);
      this.#damage = error;
    }
    this.#isEnded = true;
    return undefined;
  }

  /** What is left of the chunks, from the beginning, as another source that reads this one's file. */
  async *#rest(held = this.#held, chunks = this.#chunks): AsyncGenerator<Uint8Array, void> {
    try {
      yield held;
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  }
}
