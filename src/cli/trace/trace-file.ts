import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LineSplitter, type RawLine } from './line-splitter.js';

const STDIN = '-';
const CHUNK_BYTES = 256 * 1024;
const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);

/** The file is missing, a directory, damaged. */
export class UnreadableTrace extends Error {
  override readonly name = 'UnreadableTrace';
}

/**
 * A trace that is read once, from its beginning, as a stream: a file, or standard input for `-`. What is
 * gzipped is known by its first bytes.
 */
export class TraceFile {
  /** As messages name it. */
  readonly name: string;
  /** Bytes of the file as it lies on disk; undefined for a pipe. */
  readonly size: number | undefined;
  readonly isCompressed: boolean;
  readonly #chunks: AsyncIterator<Buffer, void>;
  readonly #head: Buffer;
  #bytesRead = 0;

  private constructor(
    name: string,
    size: number | undefined,
    chunks: AsyncIterator<Buffer, void>,
    head: Buffer,
  ) {
    this.name = name;
    this.size = size;
    this.isCompressed = head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC);
    this.#chunks = chunks;
    this.#head = head;
  }

  /** @throws UnreadableTrace */
  static async open(path: string): Promise<TraceFile> {
    const name = path === STDIN ? '<stdin>' : path;
    try {
      const stats = path === STDIN ? undefined : await stat(path);
      const stream = path === STDIN ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
      const chunks: AsyncIterator<Buffer, void> = stream[Symbol.asyncIterator]();
      let head = Buffer.alloc(0);
      while (head.length < GZIP_MAGIC.length) {
        const next = await chunks.next();
        if (next.done === true) break;
        head = Buffer.concat([head, next.value]);
      }
      return new TraceFile(name, stats?.isFile() ? stats.size : undefined, chunks, head);
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** Bytes taken from the file so far, of `size`. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /**
   * The lines, in batches, because a promise a line costs more than the line.
   * @throws UnreadableTrace
   */
  async *lines(): AsyncGenerator<Iterable<RawLine>, void, undefined> {
    const splitter = new LineSplitter();
    const source = this.#bytes();
    const chunks = this.isCompressed ? gunzipped(source) : source;
    try {
      for await (const chunk of chunks) yield splitter.push(chunk);
    } catch (error) {
      throw unreadable(error);
    }
    yield splitter.end();
  }

  async *#bytes(): AsyncGenerator<Buffer, void, undefined> {
    try {
      let chunk: Buffer | undefined = this.#head;
      while (chunk !== undefined) {
        this.#bytesRead += chunk.length;
        yield chunk;
        const next = await this.#chunks.next();
        chunk = next.done === true ? undefined : next.value;
      }
    } finally {
      await this.#chunks.return?.();
    }
  }
}

function gunzipped(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // Errors reach whoever iterates; the callback only keeps them from being thrown as well.
  return pipeline(Readable.from(source), createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
}

function unreadable(error: unknown): UnreadableTrace {
  const text = error instanceof Error ? error.message : String(error);
  return new UnreadableTrace(`cannot be read: ${text}`, { cause: error });
}
