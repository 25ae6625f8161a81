import type {
  Audit,
  BookTotals,
  DirectionTotals,
  Logger,
  Snapshot,
  StatsEngineOptions,
  StreamSample,
  TrackRecorder,
  TrackWindow,
} from '../../dist/src/index.js';
import { Direction, StatsEngine } from '../../dist/src/index.js';

/** Engine time 0 of the engines under test: 2026-01-01T00:00:00Z. */
export const START_MS = Date.UTC(2026, 0, 1);
export const ROOM = 'RM_test';
export const ALICE = 'PA_alice';

export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** An engine, and what it said. Made for `await using`: it is closed with its test. */
export class EngineUnderTest implements AsyncDisposable {
  readonly engine: StatsEngine;
  /** Every snapshot there was, in order. */
  readonly snapshots: Snapshot[] = [];
  readonly logs: LogLine[];
  /** Snapshots are no longer kept; with no other listener the engine sends none. */
  readonly stopListening: () => void;

  constructor(engine: StatsEngine, logs: LogLine[]) {
    this.engine = engine;
    this.logs = logs;
    this.stopListening = engine.onSnapshot((snapshot) => this.snapshots.push(snapshot));
  }

  /** Rows of all snapshots so far. */
  get rows(): TrackWindow[] {
    return this.snapshots.flatMap(({ tracks }) => tracks);
  }

  /** Flushes now; gives the rows of that flush. */
  async flush(): Promise<TrackWindow[]> {
    const { flush } = await this.engine.flush();
    return this.snapshots.filter((snapshot) => snapshot.flush === flush).flatMap(({ tracks }) => tracks);
  }

  join(participant = ALICE, room = ROOM): void {
    this.engine.participantJoined({ room, participant });
  }

  leave(participant = ALICE, room = ROOM): void {
    this.engine.participantLeft({ room, participant });
  }

  /** Opens an upstream track of Alice's, unless told otherwise. */
  openTrack(track: string, whose: { room?: string; participant?: string; direction?: Direction } = {}) {
    const { room = ROOM, participant = ALICE, direction = Direction.UPSTREAM } = whose;
    return this.engine.openTrackRecorder({ room, participant, track, direction });
  }

  /** The messages that were logged at a level. */
  logged(level: LogLine['level']): string[] {
    return this.logs.filter((line) => line.level === level).map(({ message }) => message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
  }
}

/** An engine on a virtual clock, small, with one shard, unless the options say otherwise. */
export async function startEngine(
  options: StatsEngineOptions = {},
  Engine = StatsEngine,
): Promise<EngineUnderTest> {
  const logs: LogLine[] = [];
  const log =
    (level: LogLine['level']) =>
    (fields: object, message: string): void => {
      logs.push({ level, fields: fields as LogLine['fields'], message });
    };
  const engine = await Engine.start({
    shards: 1,
    capacity: { tracks: 64 },
    clock: { virtualStartMs: START_MS },
    nodeId: 'ND_test',
    seed: 'test',
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    ...options,
  });
  return new EngineUnderTest(engine, logs);
}

/** Records one sample of one stream: what was added. */
export function recordPackets(recorder: TrackRecorder, packets: number, score?: number) {
  const streams: StreamSample[] = [{ primaryPackets: packets, primaryBytes: 100 * packets }];
  return recorder.recordDelta(score === undefined ? { streams } : { streams, score });
}

/** Both directions of books, added up. */
export function bothWays({ UPSTREAM, DOWNSTREAM }: DirectionTotals): BookTotals {
  return {
    samples: UPSTREAM.samples + DOWNSTREAM.samples,
    messages: UPSTREAM.messages + DOWNSTREAM.messages,
    packets: UPSTREAM.packets + DOWNSTREAM.packets,
    bytes: UPSTREAM.bytes + DOWNSTREAM.bytes,
  };
}

/** What of the books must be nothing: recorded − reported − dropped − inside, for each number and direction. */
export function missing({ recorded, reported, dropped, inside }: Audit): number[] {
  const parts = [reported, ...Object.values(dropped), ...Object.values(inside)];
  return (['UPSTREAM', 'DOWNSTREAM'] as const).flatMap((direction) =>
    (['samples', 'messages', 'packets', 'bytes'] as const).map((number) =>
      parts.reduce((rest, part) => rest - part[direction][number], recorded[direction][number]),
    ),
  );
}

/** The books balance by their own word and by ours; for `expect(...)`. */
export function balance(audit: Audit): { balanced: boolean; missing: number[] } {
  return { balanced: audit.balanced, missing: missing(audit) };
}

export const BALANCED = { balanced: true, missing: [0, 0, 0, 0, 0, 0, 0, 0] };
