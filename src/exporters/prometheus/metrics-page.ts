import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { MetricFamily, MetricSource } from './families.js';
import { TextFormat } from './text-format.js';

/** What a scraper is sent; shared by all who ask within a second, nobody writes to it. */
export interface Page {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
}

export interface PageParts {
  readonly sources: readonly MetricSource[];
  /** Of every series. */
  readonly constantLabels: Readonly<Record<string, string>>;
  readonly monotonicMs: () => number;
  /** A source threw, or has a family that another has too: the rest of the page is there nonetheless. */
  readonly failed: (error: string) => void;
}

/** What was rendered is shown this long. */
const FRESH_MS = 1_000;
/** The thread's other work waits no longer than this, and one piece of text. */
const TURN_MS = 5;
/** Level 1 takes a third of the time of level 6: the processor is shared with the media. */
const GZIP = { level: 1, chunkSize: 65_536 } as const;

/** Renders all sources into one page, at most once a second, in turns of a few milliseconds. Timer thread. */
export class MetricsPage {
  /** Of the last page, milliseconds from asking the sources to its last byte. */
  lastRenderMs = 0;
  readonly #parts: PageParts;
  readonly #format: TextFormat;
  #page: Promise<Page> | undefined;
  #zipped: Promise<Page> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isRendering = false;

  constructor(parts: PageParts) {
    this.#parts = parts;
    this.#format = new TextFormat(parts.constantLabels);
  }

  /** Values that were left out since the start: no finite numbers. */
  get refusedValues(): number {
    return this.#format.refused;
  }

  /** The page, as it was at most a second ago, or as long ago as rendering it takes. */
  text(): Promise<Page> {
    const now = this.#parts.monotonicMs();
    if (this.#page !== undefined && (this.#isRendering || now - this.#askedAt < FRESH_MS)) return this.#page;
    this.#askedAt = now;
    this.#isRendering = true;
    this.#zipped = undefined;
    this.#page = this.#render().finally(() => {
      this.#isRendering = false;
    });
    return this.#page;
  }

  /** The same page, compressed. */
  gzipped(): Promise<Page> {
    const page = this.text();
    this.#zipped ??= page.then(gzip);
    return this.#zipped;
  }

  async #render(): Promise<Page> {
    const { monotonicMs } = this.#parts;
    const started = monotonicMs();
    let turnBegan = started;
    const endTurn = async (): Promise<void> => {
      if (monotonicMs() - turnBegan < TURN_MS) return;
      await new Promise((resolve) => setImmediate(resolve));
      turnBegan = monotonicMs();
    };
    const families = new Map<string, MetricFamily>();
    for (const source of this.#parts.sources) {
      this.#collect(source, families);
      await endTurn();
    }
    const chunks: Buffer[] = [];
    for (const name of [...families.keys()].sort()) {
      for await (const piece of this.#format.pieces(families.get(name)!)) {
        chunks.push(Buffer.from(piece));
        await endTurn();
      }
    }
    this.lastRenderMs = monotonicMs() - started;
    return pageOf(chunks);
  }

  #collect(source: MetricSource, families: Map<string, MetricFamily>): void {
    try {
      for (const family of source.collect()) {
        if (families.has(family.name)) this.#parts.failed(`two sources have ${family.name}`);
        else families.set(family.name, family);
      }
    } catch (error) {
      this.#parts.failed(String(error));
    }
  }
}

function pageOf(chunks: readonly Buffer[]): Page {
  return { chunks, bytes: chunks.reduce((bytes, chunk) => bytes + chunk.length, 0) };
}

/** In libuv's threads. */
async function gzip({ chunks }: Page): Promise<Page> {
  const zipped: Buffer[] = [];
  for await (const chunk of Readable.from(chunks).pipe(createGzip(GZIP))) zipped.push(chunk as Buffer);
  return pageOf(zipped);
}
