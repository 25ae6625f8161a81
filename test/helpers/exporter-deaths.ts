import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnalyticsEvent, AnalyticsEventType } from '@livekit/protocol';
import { vi } from 'vitest';
import { readExportFile } from '../../dist/src/exporters/file/reader/read-export-file.js';
import { type Audit, Direction, type EngineStatus, type StatsEngine } from '../../dist/src/index.js';
import { AnalyticsReceiver } from './analytics-receiver.js';
import { Arrivals, ofCallback, ofGrpc } from './arrivals.js';
import type { EngineUnderTest } from './engine.js';
import { ROOM } from './engine.js';
import { samplesOf } from './exposition.js';
import type { Mutant } from './mutant.js';
import { Receiver } from './receiver.js';
import { SeededRandom } from './seeded-random.js';
import { Listener, nameOf } from './telemetry-listener.js';
import { type Death, MortalTimer } from './thread-drill.js';
import { killTimer, restarts } from './timer-death.js';
import { KEY } from './webhook-receiver.js';

/** Batches that wait; with four times as many a queue is full. */
const CROWDED = 256;

/** The moments at which the thread may die, in and after a round. */
function drawDeath(random: SeededRandom): Death {
  const how = random.weighted({ store: 8, telemetry: 2, snapshot: 2, answer: 2, once: 3, error: 1 });
  if (how === 'once' || how === 'error') return { at: how };
  return how === 'store' ? { at: 'store', n: random.int(0, 12) } : { at: 'posted', kind: how };
}

/** Calls of one round about a few rooms, in an order that is not always a good one. */
function playRound(engine: StatsEngine, round: number): void {
  for (let n = 0; n < 3; n++) {
    const room = { sid: `RM_${n}`, name: `room ${n}, round ${round}` };
    const who = { room: room.sid, participant: `PA_${round % 3}` };
    if (round % 5 === 0) engine.roomStarted(room);
    engine.participantJoined({ ...who, participant: { sid: who.participant, identity: `${n} ${round}` } });
    engine.participantActive({ ...who, isWarp: n === 0 });
    engine.trackPublishRequested({ ...who, track: { sid: `TR_${round}`, type: n % 3, name: `of ${round}` } });
    engine.trackPublished({ ...who, track: `TR_${round}` });
    engine.trackSubscribed({ ...who, participant: `PA_${(round + 1) % 3}`, track: `TR_${round}` });
    engine.trackUnpublished({ ...who, track: `TR_${round - 2}` });
    if (round % 2 === 1) engine.participantLeft(who);
    if (round % 5 === 4) engine.roomEnded(room.sid);
  }
}

/** All samples of a page by name and labels. */
const seriesOf = (page: string): Map<string, number> =>
  new Map(samplesOf(page).map(({ name, labels, value }) => [`${name}${JSON.stringify(labels)}`, value]));

const countersOf = (page: string): Set<string> =>
  new Set([...page.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name!));

/** Those that depend on how often a thread died, and on when. */
const isOfDelivery = (series: string): boolean =>
  !/^(livekit_(?!webhook)|sfu_stats_\w+_recorded)/.test(series);

export interface ExporterDeaths {
  readonly seed: number;
  readonly rounds: number;
  /** How many timer threads are to die. */
  readonly kills: number;
  /** What runs instead of what ships, for controls. */
  readonly mutant?: Mutant;
}

export interface ExporterDeathsReport {
  /** What is not as it must be, in words. */
  readonly problems: string[];
  readonly deaths: number;
  readonly audit: Audit;
  readonly exporters: EngineStatus['exporters'];
  readonly webhooks: EngineStatus['webhooks'];
  /** Everything told, in order, but what became of webhooks: that depends on who died when. */
  readonly told: unknown[];
  readonly known: object;
  /** Metrics of calls, packets and streams, by name and labels. */
  readonly metrics: object;
  readonly arrivals: Readonly<Record<'grpc' | 'file' | 'callback', Arrivals>>;
}

/** Plays rounds with every exporter and webhooks attached, while timer threads die. */
export class ExporterDeathRun {
  readonly #problems: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'sfu-stats-deaths-'));
  #lastPage = new Map<string, number>();

  static async play(run: ExporterDeaths): Promise<ExporterDeathsReport> {
    const played = new ExporterDeathRun();
    // A thread that has run for a while is started again at once: here, all have.
    let pastMs = 0;
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + pastMs);
    try {
      return await played.#play(run, () => {
        pastMs += 11_000;
      });
    } finally {
      clock.mockRestore();
      rmSync(played.#folder, { recursive: true, force: true });
    }
  }

  async #play(
    { seed, rounds, kills, mutant }: ExporterDeaths,
    letTimePass: () => void,
  ): Promise<ExporterDeathsReport> {
    const random = new SeededRandom(seed);
    const deathRandom = new SeededRandom(seed + 1);
    const grpc = await AnalyticsReceiver.start();
    const receiver = await Receiver.start();
    const path = join(this.#folder, 'stats.jsonl');
    using timer = new MortalTimer(mutant?.url);
    try {
      await using listener = await Listener.start(
        {
          ...{ shards: 2, capacity: { tracks: 60 }, threadsUrl: timer.url },
          metrics: { port: 0 },
          grpc: { url: grpc.url, ackEveryMs: 20, ackEveryBatches: 4, retryMinMs: 1, retryMaxMs: 20 },
          file: { path, maxFileBytes: 64 * 1024, gzip: false, keepFiles: 1_000 },
          webhooks: { ...KEY, urls: [receiver.url()] },
        },
        await mutant?.engineClass(),
      );
      const { sfu, engine, told } = listener;
      await engine.audit();
      sfu.join('PA_0');
      const recorders = Array.from({ length: 6 }, (_, n) =>
        engine.openTrackRecorder({
          ...{ room: ROOM, participant: 'PA_0', track: `TR_${n}` },
          direction: n % 2 === 0 ? Direction.UPSTREAM : Direction.DOWNSTREAM,
          country: ['DE', 'FR'][n % 2]!,
        }),
      );
      const data = engine.openDataRecorder({ room: ROOM, participant: 'PA_0' });
      for (let round = 0; round < rounds; round++) {
        const before = restarts(sfu);
        const left = kills - before;
        const death =
          left > 0 && deathRandom.chance(left / (rounds - round)) ? drawDeath(deathRandom) : undefined;
        letTimePass();
        const isAfter = death?.at === 'once' && deathRandom.chance(0.5);
        if (death !== undefined && !isAfter) await timer.kill(death);
        playRound(engine, round);
        for (const recorder of recorders) {
          for (let n = random.int(1, 9); n > 0; n--) {
            recorder.recordDelta({
              score: random.int(1, 5),
              streams: [{ primaryPackets: random.int(1, 1_000), primaryBytes: random.int(1, 1e6), rttMs: 9 }],
            });
          }
        }
        data.addBytes(Direction.UPSTREAM, random.int(1, 10_000));
        await engine.advanceTo(30_000 * (round + 1));
        // One that never came to where it was to die.
        if (death !== undefined && restarts(sfu) === before) await killTimer(sfu, timer);
        await vi.waitUntil(() => engine.status().threads.timer === 'running', {
          timeout: 10_000,
          interval: 2,
        });
        if (round % 4 === 0) await this.#scrape(sfu);
        // Virtual time passes faster than receivers take: a queue that is full would drop.
        await vi.waitUntil(() => engine.status().exporters.every(hasRoom), { timeout: 10_000, interval: 2 });
      }
      await listener.settle();
      await vi
        .waitUntil(
          () => engine.status().webhooks.queued === 0 && engine.status().exporters.every(isSettled),
          { timeout: 5_000, interval: 10 },
        )
        .catch(() => this.#problems.push(`never settled: ${JSON.stringify(engine.status().exporters)}`));
      const metrics = await this.#settledScrape(sfu);
      const audit = await engine.audit();
      const { participants, rooms, reaped, lateEvents, drops, exporters, webhooks } = engine.status();
      const deaths = restarts(sfu);
      this.#checkNumbers(told);
      this.#checkLogs(sfu);
      await engine.close();
      const report = {
        ...{ problems: this.#problems, deaths, audit, exporters, webhooks, metrics },
        known: { participants, rooms, reaped, lateEvents, leavesIgnored: drops.leavesIgnored },
        told: told.flatMap((event) => {
          const isOutcome = nameOf(event) === AnalyticsEventType[AnalyticsEventType.WEBHOOK];
          return isOutcome ? [] : [[nameOf(event), event.engineMs, event.message.toJson()]];
        }),
        arrivals: { grpc: ofGrpc(grpc), file: await this.#ofFile(), callback: ofCallback(sfu) },
      };
      const ids = new Set(
        told.flatMap(({ message }) => (message instanceof AnalyticsEvent ? [message.id] : [])),
      );
      this.#checkArrivals(report, ids);
      this.#checkWebhooks(receiver, told.filter(({ kind }) => kind === 'webhook').length, webhooks);
      return report;
    } finally {
      grpc.kill();
      await receiver.close();
    }
  }

  /** Numbers of each room are 1, 2, 3 …, and no id is told twice. */
  #checkNumbers(told: Listener['told']): void {
    const last = new Map<string, number>();
    const ids = new Set<string>();
    for (const event of told) {
      const { message, seq } = event;
      if (!('id' in message)) continue;
      if (ids.has(message.id)) this.#problems.push(`told twice: ${nameOf(event)} ${message.id}`);
      ids.add(message.id);
      const room = message.room?.sid || ('roomId' in message ? message.roomId : '');
      if (seq !== (last.get(room) ?? 0) + 1)
        this.#problems.push(`${room}: ${nameOf(event)} is number ${seq} after ${last.get(room)}`);
      last.set(room, seq);
    }
  }

  /** A thread that takes over finds the file's lock stale. */
  #checkLogs({ logs }: EngineUnderTest): void {
    for (const { level, fields, message } of logs) {
      if (level === 'error' && !('restartInMs' in fields))
        this.#problems.push(`${message} ${JSON.stringify(fields)}`);
    }
  }

  async #scrape(sfu: EngineUnderTest): Promise<Map<string, number>> {
    const shown = () => sfu.engine.status().exporters.find(({ name }) => name === 'prometheus')!;
    await vi.waitUntil(() => shown().state === 'running', { timeout: 10_000, interval: 2 });
    const page = await (await fetch(new URL('/metrics', shown().address))).text();
    const series = seriesOf(page);
    const counters = countersOf(page);
    for (const [name, value] of this.#lastPage) {
      if (!counters.has(name.slice(0, name.indexOf('{')))) continue;
      const now = series.get(name);
      if (now === undefined || now < value) this.#problems.push(`${name} fell from ${value} to ${now}`);
    }
    this.#lastPage = series;
    return series;
  }

  /** A page may be a second old. */
  async #settledScrape(sfu: EngineUnderTest): Promise<object> {
    const flushes = sfu.engine.status().lastFlush.number;
    const series = await vi.waitUntil(
      async () => {
        const page = await this.#scrape(sfu);
        const [, shown] = [...page].find(([name]) => name.startsWith('sfu_stats_flushes_total{'))!;
        return shown === flushes && page;
      },
      { timeout: 5_000, interval: 100 },
    );
    return Object.fromEntries([...series].filter(([name]) => !isOfDelivery(name)));
  }

  async #ofFile(): Promise<Arrivals> {
    const arrivals = new Arrivals();
    for (const name of readdirSync(this.#folder)) {
      if (!name.endsWith('.jsonl')) this.#problems.push(`left behind: ${name}`);
      else
        for await (const entry of readExportFile(join(this.#folder, name))) {
          if (entry.kind === 'torn' || entry.kind === 'corrupt') arrivals.torn++;
          else if (entry.kind === 'stat') arrivals.stat(entry.toMessage());
          else if (entry.kind === 'event') arrivals.event(entry.toMessage());
        }
    }
    if (arrivals.torn > 0) this.#problems.push(`${arrivals.torn} records of the file are torn`);
    return arrivals;
  }

  /** What is missing where things arrive was counted as dropped there; what is there was reported and told. */
  #checkArrivals(
    { audit, exporters, arrivals }: Pick<ExporterDeathsReport, 'audit' | 'exporters' | 'arrivals'>,
    told: ReadonlySet<string>,
  ): void {
    // A message of data is a packet in a stat.
    const packetsIn = (totals: { packets: number; messages: number }) => totals.packets + totals.messages;
    const reported = packetsIn(audit.reported.UPSTREAM) + packetsIn(audit.reported.DOWNSTREAM);
    for (const { name, queued, dropped, accepted, sent } of exporters) {
      if (Object.values(queued).some((left) => left !== 0))
        this.#problems.push(
          `${name}: accepted ${JSON.stringify(accepted)}, of which ${JSON.stringify(queued)} is nowhere`,
        );
      if (name === 'prometheus') continue;
      const { packets, events } = arrivals[name as keyof typeof arrivals];
      const { full, refused, closed, timerRestart } = dropped;
      if (full.batches + refused.batches + closed.batches > 0) this.#problems.push(`${name}: dropped others`);
      const missing = reported - packets;
      if (missing < 0 || missing > packetsIn(timerRestart))
        this.#problems.push(
          `${name}: ${missing} packets are missing, dropped were ${packetsIn(timerRestart)}`,
        );
      // What was accepted again, after a death, may have been sent again.
      if (packetsIn(sent) > packets + packetsIn(accepted) - reported)
        this.#problems.push(`${name}: ${packetsIn(sent)} packets sent, ${packets} arrived`);
      if (name === 'callback') continue;
      const absent = [...told].filter((id) => !events.has(id)).length;
      if (absent > timerRestart.items)
        this.#problems.push(`${name}: ${absent} events are missing, dropped were ${timerRestart.items}`);
      for (const id of events) if (!told.has(id)) this.#problems.push(`${name}: ${id} was never told`);
    }
  }

  /** Each webhook that was told arrived, or was counted as dropped. */
  #checkWebhooks(
    { posts }: Receiver,
    told: number,
    { sent, failed, dropped }: EngineStatus['webhooks'],
  ): void {
    const arrived = new Set(posts.map(({ event }) => event.id)).size;
    if (sent + failed + dropped !== told)
      this.#problems.push(`webhooks: ${told} were told, ${sent} sent, ${failed} failed, ${dropped} dropped`);
    if (arrived < sent || arrived + dropped < told)
      this.#problems.push(`webhooks: ${arrived} arrived of ${told}, ${sent} sent, ${dropped} dropped`);
  }
}

const isSettled = ({ name, queued }: EngineStatus['exporters'][number]): boolean =>
  name === 'prometheus' || queued.batches === 0;

const hasRoom = ({ queued }: EngineStatus['exporters'][number]): boolean => queued.batches < CROWDED;
