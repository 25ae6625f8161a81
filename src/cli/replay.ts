import type { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { type Audit, ErrorCode, SfuStatsError, StatsEngine } from '../index.js';
import { BadLines } from './replay/bad-lines.js';
import { type FaultPlan, Faults } from './replay/faults.js';
import { JsonLines } from './replay/json-lines.js';
import { Progress } from './replay/progress.js';
import { TracePlayer } from './replay/trace-player.js';
import type { RawLine } from './trace/line-splitter.js';
import { parseTraceLine, type TraceLine } from './trace/parse-line.js';
import { refusal, TraceError } from './trace/trace-error.js';
import { TraceFile, UnreadableTrace } from './trace/trace-file.js';

/** Timestamps of protobuf end with the year 9999. */
const END_OF_TIME_MS = Date.UTC(10_000, 0, 1);

/** A trace is as long as it is: room for any. Memory is reserved, and taken only when it is used. */
const CAPACITY = { tracks: 1_000_000, streams: 1_000_000 };
const SCORE_BLOCKS = 262_144;
const RING_BYTES = 4 * 2 ** 20;
/** Ids are made from it, and repeat. */
const SEED = 'replay';

export interface ReplayOptions {
  /** A path, or `-` for standard input. */
  readonly trace: string;
  readonly shards?: number;
  readonly faults?: FaultPlan;
  /** What time it is at t = 0, milliseconds since 1970. */
  readonly startMs: number;
  readonly onError: 'stop' | 'skip';
  readonly nodeId: string;
}

export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * Feeds a trace through the engine in virtual time and prints what the engine reports.
 * @returns the exit status: 0, 1 when the books do not balance, 2 for bad input.
 * @throws SfuStatsError when the engine fails.
 */
export async function replay(options: ReplayOptions, streams: Streams): Promise<number> {
  let trace: TraceFile;
  try {
    trace = await TraceFile.open(options.trace);
  } catch (error) {
    if (!(error instanceof UnreadableTrace)) throw error;
    streams.stderr.write(`${options.trace}: ${error.message}\n`);
    return 2;
  }
  const engine = await StatsEngine.start({
    ...(options.shards === undefined ? {} : { shards: options.shards }),
    capacity: CAPACITY,
    scoreBlocks: SCORE_BLOCKS,
    ringBytes: RING_BYTES,
    eventRingBytes: RING_BYTES,
    nodeId: options.nodeId,
    seed: SEED,
    clock: { virtualStartMs: options.startMs },
  });
  const { stderr } = streams;
  const isWatched = stderr instanceof WriteStream && !(streams.stdout instanceof WriteStream);
  const progress = isWatched ? new Progress(stderr, trace) : undefined;
  try {
    return await new Replay(engine, trace, options, streams).run();
  } finally {
    progress?.end();
    await engine.close();
  }
}

class Replay {
  readonly #engine: StatsEngine;
  readonly #trace: TraceFile;
  readonly #options: ReplayOptions;
  readonly #stderr: Writable;
  readonly #out: JsonLines;
  readonly #bad: BadLines;
  readonly #player: TracePlayer;
  readonly #faults: Faults | undefined;
  /** The engine's time, ms since the trace began. */
  #now = 0;

  constructor(engine: StatsEngine, trace: TraceFile, options: ReplayOptions, { stdout, stderr }: Streams) {
    this.#engine = engine;
    this.#trace = trace;
    this.#options = options;
    this.#stderr = stderr;
    this.#out = new JsonLines(stdout);
    this.#bad = new BadLines(trace.name, stderr);
    this.#player = new TracePlayer(engine);
    if (options.faults !== undefined) {
      const shards = engine.status().threads.statsWorkers.length;
      this.#faults = new Faults(options.faults, engine, shards, trace.isCompressed ? undefined : trace.size);
    }
    engine.onSnapshot((snapshot) => this.#out.addSnapshot(snapshot));
    engine.onTelemetry((event) => this.#out.addTelemetry(event));
  }

  async run(): Promise<number> {
    const stoppedBy = await this.#playAll();
    if (this.#out.isGone) return 0;
    await this.#faults?.finish();
    await this.#engine.flush();
    const audit = await this.#engine.audit();
    const { recorded, reported, dropped } = audit;
    this.#out.addSummary({ recorded, reported, dropped, skippedLines: this.#bad.skipped });
    await this.#out.flush();
    return this.#conclude(audit, stoppedBy);
  }

  #conclude(audit: Audit, stoppedBy: Error | undefined): number {
    this.#bad.conclude();
    const { faults } = this.#options;
    if (this.#faults !== undefined && faults !== undefined) {
      this.#stderr.write(`stats workers terminated: ${this.#faults.done} (seed ${faults.seed})\n`);
    }
    if (stoppedBy !== undefined) this.#bad.tell(stoppedBy);
    const { telemetryDropped = 0, snapshotsDropped = 0 } = this.#engine.status().drops;
    if (telemetryDropped + snapshotsDropped > 0) {
      this.#stderr.write(
        `incomplete: ${telemetryDropped} events and ${snapshotsDropped} snapshots were dropped\n`,
      );
      return 1;
    }
    if (!audit.balanced) {
      this.#stderr.write(`the books do not balance: ${JSON.stringify(audit)}\n`);
      return 1;
    }
    return stoppedBy === undefined ? 0 : 2;
  }

  /** @returns what was wrong with the input, if that ended the replay. */
  async #playAll(): Promise<TraceError | UnreadableTrace | undefined> {
    try {
      for await (const lines of this.#trace.lines()) {
        for (const raw of lines) {
          const line = this.#read(raw);
          if (line !== undefined) await this.#play(line, raw);
          if (this.#out.isGone) return undefined;
        }
      }
    } catch (error) {
      if (error instanceof TraceError || error instanceof UnreadableTrace) return error;
      throw error;
    }
    return undefined;
  }

  /** @returns nothing for a bad line that is skipped; else its error is thrown. */
  #read({ text, number }: RawLine): TraceLine | undefined {
    try {
      if (text instanceof TraceError) throw text;
      const line = parseTraceLine(text, number, (name) => this.#bad.unknownField(name, number));
      this.#checkTime(line.t, number);
      return line;
    } catch (error) {
      this.#skipOrThrow(error);
      return undefined;
    }
  }

  #checkTime(t: number, line: number): void {
    if (t < this.#now) throw refusal('t', `never falling, so at least ${this.#now}`, t).onLine(line);
    if (this.#options.startMs + t >= END_OF_TIME_MS)
      throw refusal('t', 'before the year 10000', t).onLine(line);
  }

  async #play(line: TraceLine, raw: RawLine): Promise<void> {
    const engine = this.#engine;
    if (this.#faults !== undefined) await this.#faults.beforeLine(raw);
    if (line.t > this.#now) {
      this.#now = line.t;
      await engine.advanceTo(line.t);
    }
    if (line.op === 'flush') await engine.flush();
    else {
      if (!engine.hasRoom()) await engine.waitForRoom();
      this.#call(line, raw.number);
    }
    if (this.#out.isWaiting) await this.#out.flush();
  }

  #call(line: Exclude<TraceLine, { readonly op: 'flush' }>, number: number): void {
    try {
      this.#player.play(line);
    } catch (error) {
      this.#skipOrThrow(asTraceError(error, number));
    }
  }

  #skipOrThrow(error: unknown): void {
    if (this.#options.onError === 'stop' || !(error instanceof TraceError)) throw error;
    this.#bad.skip(error);
  }
}

/** What the engine does not take of a line, a sid that is too long, is bad input too. */
function asTraceError(error: unknown, line: number): unknown {
  if (!(error instanceof SfuStatsError) || error.code !== ErrorCode.INVALID_ARGUMENT) return error;
  return new TraceError(
    error.field ?? 'line',
    error.rule ?? error.message,
    error.value ?? 'something else',
    line,
  );
}
