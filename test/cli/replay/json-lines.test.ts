import { Writable } from 'node:stream';
import { AnalyticsStat } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { JsonLines } from '../../../dist/src/cli/replay/json-lines.js';

type Snapshot = Parameters<JsonLines['addSnapshot']>[0];

/** As much of a snapshot as its line is made of. */
function snapshotOf(engineMs: number, trackIds: readonly string[]): Snapshot {
  const stats = trackIds.map((trackId) => new AnalyticsStat({ trackId }));
  return { engineMs, stats } satisfies Pick<Snapshot, 'engineMs' | 'stats'> as unknown as Snapshot;
}

/** Takes what is written piece by piece; a piece is done when `next` is called. */
class SlowReader extends Writable {
  readonly pieces: string[] = [];
  next: (error?: Error) => void = () => {};

  constructor() {
    super({ highWaterMark: 1, decodeStrings: false });
  }

  override _write(piece: string, _: BufferEncoding, done: (error?: Error) => void): void {
    this.pieces.push(piece);
    this.next = done;
  }
}

/** Takes everything at once. */
class Collector extends Writable {
  text = '';

  override _write(piece: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += piece.toString();
    done();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('JSON lines', () => {
  test('are a line a snapshot, in order, none for one without stats, and the summary', async () => {
    const stream = new Collector();
    const out = new JsonLines(stream);
    out.addSnapshot(snapshotOf(10, ['a', 'b']));
    out.addSnapshot(snapshotOf(20, []));
    out.addSnapshot(snapshotOf(30, ['c']));
    out.addSummary({ skippedLines: 0 });
    expect(stream.text).toBe('');
    await out.flush();
    expect(out.isWaiting).toBe(false);
    expect(stream.text.split('\n')).toEqual([
      '{"t":10,"type":"stats","stats":[{"trackId":"a"},{"trackId":"b"}]}',
      '{"t":30,"type":"stats","stats":[{"trackId":"c"}]}',
      '{"type":"summary","skippedLines":0}',
      '',
    ]);
  });

  test('of a large snapshot are written in pieces, each when the reader is ready', async () => {
    const trackIds = Array.from({ length: 20_000 }, (_, i) => `TR_${i}`);
    const reader = new SlowReader();
    const out = new JsonLines(reader);
    out.addSnapshot(snapshotOf(10, trackIds));
    let isDone = false;
    const flushed = out.flush().then(() => {
      isDone = true;
    });
    while (!isDone) {
      const before = reader.pieces.length;
      await turn();
      expect(reader.pieces.length - before).toBeLessThanOrEqual(1);
      reader.next();
      await turn();
    }
    await flushed;
    expect(reader.pieces.length).toBeGreaterThan(5);
    expect(Math.max(...reader.pieces.map((piece) => piece.length))).toBeLessThan(70_000);
    const line = JSON.parse(reader.pieces.join('')) as { stats: object[] };
    expect(line.stats).toEqual(trackIds.map((trackId) => ({ trackId })));
  });

  test('end when the reader goes away, while they wait for it too', async () => {
    const reader = new SlowReader();
    const out = new JsonLines(reader);
    out.addSummary({});
    const flushed = out.flush();
    await turn();
    reader.next(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await flushed;
    expect(out.isGone).toBe(true);
    out.addSummary({});
    await out.flush();
    expect(reader.pieces).toHaveLength(1);
  });

  test('fail when the stream fails otherwise', async () => {
    const reader = new SlowReader();
    const out = new JsonLines(reader);
    out.addSummary({});
    const flushed = out.flush();
    await turn();
    reader.next(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    await expect(flushed).rejects.toThrow('no space left');
    expect(out.isGone).toBe(false);
  });
});
