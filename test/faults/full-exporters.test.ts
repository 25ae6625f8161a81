import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnalyticsEvents, AnalyticsStats } from '@livekit/protocol';
import { expect, test, vi } from 'vitest';
import type { ExporterStatus } from '../../dist/src/index.js';
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

  static async start(mutant?: Mutant): Promise<StandStill> {
    const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-full-'));
    let letGo: () => void = () => {};
    const allowed = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const grpc = await AnalyticsReceiver.start({ behaviour: behaviours.hangs() });
    const webhooks = await Receiver.start(() => replies.once(allowed));
    const sfu = await startEngine({
      ...(mutant && { threadsUrl: new URL('workers/', mutant.url) }),
      grpc: { url: grpc.url, maxQueuedBatches: HOLDS, ackEveryMs: 5 },
      // There is no such folder before they are let go.
      file: { path: join(folder, 'later', 'stats.jsonl'), maxQueuedBatches: HOLDS, retryMaxMs: 250 },
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
async function playStandStill(mutant?: Mutant): Promise<string[]> {
  await using still = await StandStill.start(mutant);
  const { sfu, grpc, webhooks } = still;
  const { engine } = sfu;
  const longestMs = mutant ? 1_000 : 20_000;
  const problems: string[] = [];
  const check = (isRight: boolean, what: string): void => {
    if (!isRight) problems.push(what);
  };
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const window = async (n: number): Promise<void> => {
    const participant = `PA_${n}`;
    sfu.join(participant);
    engine.participantActive({ room: ROOM, participant });
    recordPackets(recorder, 1 + n);
    await sfu.flush();
  };
  for (let n = 0; n < MADE; n++) {
    await window(n);
    for (const name of ['grpc', 'file']) {
      const { batches } = still.exporter(name).queued;
      check(batches <= HOLDS, `${name}: ${batches} batches wait`);
    }
    // One is under way.
    const { queued } = engine.status().webhooks;
    check(queued <= HOLDS + 1, `${queued} webhooks wait`);
  }
  for (const name of ['grpc', 'file']) {
    check(still.exporter(name).dropped.full.batches >= MADE - HOLDS, `${name} was not full`);
  }
  still.letGo();
  problems.push(...(await still.left(longestMs)));
  if (problems.length > 0) return problems;
  await window(1_000);
  problems.push(...(await still.left(longestMs)));

  const made = (MADE * (MADE + 1)) / 2 + 1_001;
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
  check(packets > 1_001, 'what waited came by gRPC');
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

test('gRPC, a file and webhooks stand still for ten times what their queues hold: what is dropped is counted, the rest arrives', async () => {
  expect(await playStandStill()).toEqual([]);
});

test.each<[string, Change]>([
  [
    'what a full queue drops is not counted',
    {
      file: 'src/exporters/export-queue.js',
      from: 'this.#books.dropped(this.#closed ? ExportDrop.CLOSED : ExportDrop.FULL, batch);',
      to: '',
    },
  ],
  [
    'a queue without a bound',
    {
      file: 'src/exporters/export-queue.js',
      from: 'if (this.#closed || !hasRoom) {',
      to: 'if (this.#closed) {',
    },
  ],
])('the control shows it: %s', async (_, change) => {
  using mutant = new Mutant([change]);
  expect(await playStandStill(mutant)).not.toEqual([]);
});
