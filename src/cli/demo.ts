import type { WriteStream } from 'node:tty';
import { createLogUpdate } from 'log-update';
import { StatsEngine, type StatsEngineOptions } from '../index.js';
import { askedToEnd } from './asked-to-end.js';
import { colorsFor } from './colors.js';
import { booksTable, kindTable, verdictOn } from './demo/closing-tables.js';
import { exporterAddresses, exporterOutcomes } from './demo/exporter-lines.js';
import { milliseconds } from './demo/figures.js';
import { FlowMeter } from './demo/flow-meter.js';
import { KindTally } from './demo/kind-tally.js';
import { type LiveFigures, liveLine, liveTable } from './demo/live-view.js';
import { LoopDelay, type LoopDelayFigures } from './demo/loop-delay.js';
import { loadMeeting, type Meeting } from './demo/meeting.js';
import { Stage } from './demo/stage.js';
import { StatDecoder } from './demo/stat-decoder.js';

/** Times of the engine as they are at the meeting's own speed. */
const REPORT_INTERVAL_MS = 30_000;
const PUBLISH_INTERVAL_MS = 1_000;
const REAP_AFTER_MS = 180_000;
const MIN_PUBLISH_INTERVAL_MS = 10;
/** Meetings of one room whose tracks are there at once: one that is on, others that wait for their last windows. */
const MEETINGS_A_ROOM = 3;

const TABLE_EVERY_MS = 250;
const LINE_EVERY_MS = 1_000;

/** Where the rooms' webhooks, metrics, stats and events go. */
type Outlets = Pick<StatsEngineOptions, 'webhooks' | 'metrics' | 'grpc' | 'file'>;

export interface DemoOptions {
  readonly rooms: number;
  /** How much faster than the meeting was. */
  readonly speed: number;
  readonly seconds: number;
  readonly shards?: number;
  readonly forever: boolean;
  readonly plain: boolean;
  readonly outlets: Outlets;
}

/**
 * Plays the meeting that comes with the package as many rooms at once, shows how the engine does, and balances
 * the books at the end.
 * @returns the exit status: 0, or 1 when the books do not balance.
 * @throws SfuStatsError when the engine fails.
 */
export async function demo(
  options: DemoOptions,
  { stdout }: { readonly stdout: WriteStream },
): Promise<number> {
  const meeting = await loadMeeting();
  const engine = await startEngine(options, meeting);
  const say = (lines: readonly string[]): void => {
    for (const line of lines) stdout.write(`${line}\n`);
  };
  try {
    say(await exporterAddresses(engine));
    return await new Demo(options, engine, meeting, stdout).run();
  } finally {
    await engine.close();
    const { sent, failed, dropped, retries } = engine.status().webhooks;
    say(exporterOutcomes(engine));
    if (options.outlets.webhooks !== undefined) {
      stdout.write(`Webhooks: ${sent} sent, ${failed} failed, ${dropped} dropped; ${retries} retries.\n`);
    }
  }
}

function startEngine({ rooms, speed, shards, outlets }: DemoOptions, meeting: Meeting): Promise<StatsEngine> {
  // A data and a signal recorder each take two slots.
  const tracks = MEETINGS_A_ROOM * rooms * (meeting.tracks.length + 4 * meeting.participants.length);
  return StatsEngine.start({
    ...(shards === undefined ? {} : { shards }),
    ...outlets,
    // Each video track that comes from a client has three SSRCs, the others one.
    capacity: { tracks, streams: 2 * tracks },
    scoreBlocks: tracks,
    reportIntervalMs: Math.round(REPORT_INTERVAL_MS / speed),
    publishIntervalMs: Math.max(MIN_PUBLISH_INTERVAL_MS, Math.round(PUBLISH_INTERVAL_MS / speed)),
    reapAfterMs: Math.round(REAP_AFTER_MS / speed),
    nodeId: 'ND_demo',
  });
}

class Demo {
  readonly #options: DemoOptions;
  readonly #engine: StatsEngine;
  readonly #stage: Stage;
  readonly #stdout: WriteStream;
  readonly #tally = new KindTally();
  readonly #decoder = new StatDecoder((stats) => this.#tally.add(stats));
  readonly #flow = new FlowMeter();
  readonly #recentDelay = new LoopDelay();
  readonly #wholeDelay = new LoopDelay();
  readonly #startedAt = performance.now();
  #recent: LoopDelayFigures = { medianMs: 0, p99Ms: 0, maxMs: 0 };
  #recentTakenAtMs = 0;

  constructor(options: DemoOptions, engine: StatsEngine, meeting: Meeting, stdout: WriteStream) {
    this.#options = options;
    this.#engine = engine;
    this.#stdout = stdout;
    this.#stage = new Stage(meeting, engine, options);
    engine.onSnapshot((snapshot) => this.#decoder.add(snapshot.bytes));
  }

  async run(): Promise<number> {
    const stopShowing = this.#show();
    try {
      await this.#untilTheEnd();
    } finally {
      this.#stage.stop();
      stopShowing();
    }
    const wholeDelay = this.#wholeDelay.take();
    this.#recentDelay.stop();
    this.#wholeDelay.stop();
    await this.#engine.flush();
    await this.#decoder.settled();
    return this.#conclude(wholeDelay);
  }

  /** Plays until the time is over, somebody wants an end, or nobody reads any more. */
  #untilTheEnd(): Promise<void> {
    const { forever, seconds } = this.#options;
    let time: NodeJS.Timeout | undefined;
    const ended = new Promise<void>((resolve, reject) => {
      const end = (): void => resolve();
      if (!forever) time = setTimeout(end, seconds * 1_000);
      void askedToEnd().then(end);
      this.#stdout.on('error', end);
      this.#stage.start(reject);
    });
    return ended.finally(() => clearTimeout(time));
  }

  /** Shows figures from now on; returns the way to stop it. */
  #show(): () => void {
    const stdout = this.#stdout;
    if (this.#options.plain || !stdout.isTTY) {
      const timer = setInterval(() => stdout.write(`${liveLine(this.#look())}\n`), LINE_EVERY_MS);
      return () => clearInterval(timer);
    }
    const screen = createLogUpdate(stdout);
    const colors = colorsFor(stdout);
    const timer = setInterval(() => screen(liveTable(this.#look(), colors)), TABLE_EVERY_MS);
    return () => {
      clearInterval(timer);
      screen.done();
    };
  }

  #look(): LiveFigures {
    const elapsedMs = performance.now() - this.#startedAt;
    if (elapsedMs - this.#recentTakenAtMs >= LINE_EVERY_MS) {
      this.#recent = this.#recentDelay.take();
      this.#recentTakenAtMs = elapsedMs;
    }
    const status = this.#engine.status();
    const { latestScores } = this.#tally;
    return {
      elapsedMs,
      totalMs: this.#options.forever ? undefined : this.#options.seconds * 1_000,
      rooms: this.#stage.counts.openRooms,
      participants: status.participants,
      tracks: this.#stage.counts.openTracks,
      ...this.#flow.look(elapsedMs, this.#stage.counts.traffic),
      scoreMin: latestScores.min,
      scoreMedian: latestScores.median,
      ringFill: Math.max(...status.rings.map(({ fill }) => fill)),
      drops: status.drops,
      flushes: status.lastFlush.number,
      flushMs: status.lastFlush.durationMs,
      flushStats: status.lastFlush.stats,
      loopDelayMedianMs: this.#recent.medianMs,
      loopDelayMaxMs: this.#recent.maxMs,
      lagMs: this.#stage.lagMs,
      verdict: status.verdict,
    };
  }

  async #conclude(delay: LoopDelayFigures): Promise<number> {
    const { traffic, opened } = this.#stage.counts;
    const audit = await this.#engine.audit();
    const colors = colorsFor(this.#stdout);
    const { holds, text } = verdictOn(traffic, audit);
    this.#stdout.write(
      [
        '',
        kindTable(this.#tally.sums, opened, colors),
        '',
        booksTable(traffic, audit, colors),
        '',
        `Host loop delay: median ${milliseconds(delay.medianMs)}, p99 ${milliseconds(delay.p99Ms)}, max ${milliseconds(delay.maxMs)}.`,
        holds ? colors.green(text) : colors.red(text),
        '',
      ].join('\n'),
    );
    return holds ? 0 : 1;
  }
}
