import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnalyticsEvents, AnalyticsStats } from '@livekit/protocol';
import { expect, test, vi } from 'vitest';
import type { ExporterStatus, GrpcOptions } from '../../dist/src/index.js';
import { AnalyticsReceiver, behaviours } from '../helpers/analytics-receiver.js';
import {
  BALANCED,
  balance,
  type EngineUnderTest,
  ROOM,
  recordPackets,
  startEngine,
} from '../helpers/engine.js';
import { exportedPackets } from '../helpers/exported-packets.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { Receiver, replies } from '../helpers/receiver.js';
import { KEY } from '../helpers/webhook-receiver.js';

/** Batches that an exporter's queue holds, webhooks that wait of one key. */
const HOLDS = 4;
const MADE = 10 * HOLDS;
/** Tracks of a window, which is a batch of stats; one of events and one of rooms come with it. */
const TRACKS = 10;
/** Bytes of protobuf that an exporter's queue holds: less than a tenth of the stats. */
const HOLDS_BYTES = 3_000;

type Limits = Pick<GrpcOptions, 'maxQueuedBatches' | 'maxQueuedBytes'>;
const FULL_OF_BATCHES: Limits = { maxQueuedBatches: HOLDS };
const FULL_OF_BYTES: Limits = { maxQueuedBytes: HOLDS_BYTES };

/** An engine whose receivers all stand still until they are let go. */
class StandStill implements AsyncDisposable {
  readonly sfu: EngineUnderTest;
  readonly grpc: AnalyticsReceiver;
  readonly webhooks: Receiver;
  readonly #letGo: () => void;
  readonly #folder: string;

  private constructor(
    parts: Pick<StandStill, 'sfu' | 'grpc' | 'webhooks'>,
    folder: string,
    letGo: () => void,
  ) {
    ({ sfu: this.sfu, grpc: this.grpc, webhooks: this.webhooks } = parts);
    this.#folder = folder;
    this.#letGo = letGo;
  }

  static async start(limits: Limits, mutant?: Mutant): Promise<StandStill> {
    const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-full-'));
    let letGo: () => void = () => {};
    const allowed = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const grpc = await AnalyticsReceiver.start({ behaviour: behaviours.hangs() });
    const webhooks = await Receiver.start(() => replies.once(allowed));
    const sfu = await startEngine({
      ...(mutant && { threadsUrl: new URL('workers/', mutant.url) }),
      grpc: { url: grpc.url, ...limits, ackEveryMs: 5 },
      // There is no such folder before they are let go.
      file: { path: join(folder, 'later', 'stats.jsonl'), ...limits, retryMaxMs: 250 },
      webhooks: { ...KEY, urls: [webhooks.url()], maxQueuePerKey: HOLDS, requestTimeoutMs: 60_000 },
    });
    return new StandStill({ sfu, grpc, webhooks }, folder, letGo);
  }

  get path(): string {
    return join(this.#folder, 'later', 'stats.jsonl');
  }

  exporter(name: string): ExporterStatus {
    return this.sfu.engine.status().exporters.find((exporter) => exporter.name === name)!;
  }

  letGo(): void {
    mkdirSync(join(this.#folder, 'later'));
    this.grpc.recover();
    this.#letGo();
  }

  /** What still waits, by what the books say of it, when nothing should any more. */
  async left(timeout: number): Promise<string[]> {
    const left = (): string[] => {
      const exporters = ['grpc', 'file'].map((name) => [name, this.exporter(name).queued] as const);
      const webhooks = ['webhooks', { queued: this.sfu.engine.status().webhooks.queued }] as const;
      return [...exporters, webhooks]
        .filter(([, queued]) => Object.values(queued).some((count) => count !== 0))
        .map(([name, queued]) => `${name}: ${JSON.stringify(queued)} are nowhere`);
    };
    // Those that are there for ever are what is looked for.
    await vi.waitUntil(() => left().length === 0, { timeout, interval: 5 }).catch(() => {});
    return left();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sfu.engine.close({ deadlineMs: 100 });
    await this.webhooks.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What does not come out even once the receivers were let go, a line each. */
async function playStandStill(limits: Limits, mutant?: Mutant): Promise<string[]> {
  await using still = await StandStill.start(limits, mutant);
  const { sfu, grpc, webhooks } = still;
  const { engine } = sfu;
  const longestMs = mutant ? 1_000 : 20_000;
  const problems: string[] = [];
  const check = (isRight: boolean, what: string): void => {
    if (!isRight) problems.push(what);
  };
  sfu.join();
  const recorders = Array.from({ length: TRACKS }, (_, n) => sfu.openTrack(`TR_${n}`));
  const window = async (n: number): Promise<void> => {
    const participant = `PA_${n}`;
    sfu.join(participant);
    engine.participantActive({ room: ROOM, participant });
    for (const recorder of recorders) recordPackets(recorder, 1 + n);
    await sfu.flush();
  };
  /** Windows whose stats find room. */
  const windowsThatFit = (): number => {
    if (limits.maxQueuedBytes === undefined) return HOLDS;
    return Math.floor(HOLDS_BYTES / Math.min(...sfu.snapshots.map(({ bytes }) => bytes.length)));
  };
  for (let n = 0; n < MADE; n++) {
    await window(n);
    for (const name of ['grpc', 'file']) {
      const { batches, items, samples } = still.exporter(name).queued;
      const most = limits.maxQueuedBatches ?? Number.POSITIVE_INFINITY;
      check(batches <= most, `${name}: ${batches} batches wait`);
      check(samples / TRACKS <= windowsThatFit(), `${name}: ${items} stats, events and rooms wait`);
    }
    // One is under way.
    const { queued } = engine.status().webhooks;
    check(queued <= HOLDS + 1, `${queued} webhooks wait`);
  }
  for (const name of ['grpc', 'file']) {
    const { samples } = still.exporter(name).dropped.full;
    check(samples >= TRACKS * (MADE - windowsThatFit()), `${name} was not full`);
  }
  const offered = sfu.snapshots.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(offered).toBeGreaterThan(10 * (limits.maxQueuedBytes ?? 0));
  still.letGo();
  problems.push(...(await still.left(longestMs)));
  if (problems.length > 0) return problems;
  const droppedBefore = ['grpc', 'file'].map((name) => still.exporter(name).dropped.full.packets);
  await window(1_000);
  problems.push(...(await still.left(longestMs)));
  const droppedAfter = ['grpc', 'file'].map((name) => still.exporter(name).dropped.full.packets);
  check(`${droppedAfter}` === `${droppedBefore}`, 'the window after was dropped, too');

  const made = TRACKS * ((MADE * (MADE + 1)) / 2 + 1_001);
  for (const name of ['grpc', 'file']) {
    const { accepted, sent, dropped } = still.exporter(name);
    check(accepted.packets === made, `${name} was offered ${accepted.packets} packets of ${made}`);
    check(accepted.batches === sent.batches + dropped.full.batches, `${name}: other drops`);
  }
  const stats = grpc.messages.flatMap((message) => (message instanceof AnalyticsStats ? message.stats : []));
  const packets = stats
    .flatMap(({ streams }) => streams)
    .reduce((sum, stream) => sum + stream.primaryPackets, 0);
  check(packets === still.exporter('grpc').sent.packets, `${packets} packets came by gRPC`);
  check(packets > TRACKS * 1_001, 'what waited came by gRPC');
  check(
    grpc.messages.some((message) => message instanceof AnalyticsEvents),
    'events came by gRPC',
  );
  const written = await exportedPackets(still.path);
  check(written === still.exporter('file').sent.packets, `${written} packets are in the file`);

  const { sent, dropped, failed } = engine.status().webhooks;
  check(
    sent + dropped === MADE + 1 && failed === 0,
    `of ${MADE + 1} webhooks ${sent} were sent, ${dropped} dropped`,
  );
  check(webhooks.posts.length === sent, `${webhooks.posts.length} webhooks came`);
  const told = webhooks.posts.reduce((sum, { event }) => sum + event.numDropped, 0);
  check(told === dropped, `the receiver was told of ${told} lost webhooks of ${dropped}`);

  const audit = await engine.audit();
  expect(balance(audit)).toEqual(BALANCED);
  check(audit.reported.UPSTREAM.packets === made, 'the engine itself has lost something');
  return problems;
}

test.each([
  ['batches', FULL_OF_BATCHES],
  ['bytes', FULL_OF_BYTES],
])(
  'gRPC, a file and webhooks stand still for ten times what their queues hold, %s: what is dropped is counted, the rest arrives',
  async (_, limits) => {
    expect(await playStandStill(limits)).toEqual([]);
  },
);

const QUEUE = 'src/exporters/export-queue.js';

test.each<[string, Limits, Change, RegExp]>([
  [
    'what a full queue drops is not counted',
    FULL_OF_BATCHES,
    {
      file: QUEUE,
      from: 'this.#books.dropped(this.#closed ? ExportDrop.CLOSED : ExportDrop.FULL, batch);',
      to: '',
    },
    /are nowhere/,
  ],
  [
    'a queue without a bound',
    FULL_OF_BATCHES,
    { file: QUEUE, from: 'if (this.#closed || !hasRoom) {', to: 'if (this.#closed) {' },
    /^grpc: \d+ batches wait\n/,
  ],
  [
    'a queue that is not weighed',
    FULL_OF_BYTES,
    { file: QUEUE, from: 'this.#bytes + batch.bytes.length <= maxQueuedBytes', to: 'true' },
    /^grpc: \d+ stats, events and rooms wait\n/,
  ],
  [
    'what has left a queue is weighed on',
    FULL_OF_BYTES,
    { file: QUEUE, from: 'this.#bytes -= bytes.length;', to: '{}' },
    /^the window after was dropped, too/,
  ],
])('the control shows it: %s', async (_, limits, change, problem) => {
  using mutant = new Mutant([change]);
  expect((await playStandStill(limits, mutant)).join('\n')).toMatch(problem);
});
