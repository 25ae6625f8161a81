import { Worker } from 'node:worker_threads';
import { Counter, Registry } from 'prom-client';
import { Direction, RecordResult, StatsEngine, type TrackSample } from '../../src/index.js';
import { checkSum } from '../harness/sums.js';

export const VARIANTS = ['bare', 'engine', 'prom-client'] as const;
export type VariantName = (typeof VARIANTS)[number];

export interface LoopLoad {
  readonly tracks: number;
  readonly dataRecorders: number;
}

/** What a loop does with its messages and samples, beside its own work. */
export interface Variant {
  message(recorder: number, bytes: number): void;
  sample(track: number): void;
  /** Whether the tracks were scraped meanwhile. */
  readonly scraped: boolean;
  /** @throws SumsDifferError */
  end(messages: number, samples: number): Promise<void>;
}

const REPORT_MS = 1_000;

/** Asks for all metrics once a second, in a thread of its own. */
function startScraper(url: string): Worker {
  const code = `const { get } = require('node:http'); const { workerData } = require('node:worker_threads');
    const scrape = () => get(workerData, (answer) => answer.resume()).on('error', () => {});
    setInterval(scrape, ${REPORT_MS});`;
  return new Worker(code, { eval: true, workerData: url });
}

/** An engine with metrics where it has them. */
async function startEngine({ tracks, dataRecorders }: LoopLoad): Promise<StatsEngine> {
  const options = {
    shards: 1,
    capacity: { tracks: tracks + 2 * dataRecorders },
    reportIntervalMs: REPORT_MS,
  };
  try {
    const withMetrics = { ...options, metrics: { port: 0 } };
    return await StatsEngine.start(withMetrics);
  } catch {
    return await StatsEngine.start(options);
  }
}

interface Listening {
  readonly exporters?: readonly { readonly name: string; readonly address?: string }[];
}

/** Where the engine's metrics are, once it listens; undefined for an engine that has none. */
async function metricsUrl(engine: StatsEngine): Promise<string | undefined> {
  for (let tries = 0; tries < 40; tries++) {
    const { exporters } = engine.status() as Listening;
    if (exporters === undefined) return undefined;
    const address = exporters.find(({ name }) => name === 'prometheus')?.address;
    if (address !== undefined) return `http://${address.replace(/^https?:\/\//, '')}/metrics`;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return undefined;
}

async function engineVariant(load: LoopLoad): Promise<Variant> {
  const engine = await startEngine(load);
  const whose = { room: 'RM_bench', participant: 'PA_bench' };
  engine.participantJoined(whose);
  const recorders = Array.from({ length: load.dataRecorders }, (_, n) =>
    engine.openDataRecorder({ ...whose, track: `TR_DT_${n}` }),
  );
  const tracks = Array.from({ length: load.tracks }, (_, n) =>
    engine.openTrackRecorder({ ...whose, track: `TR_${n}`, direction: Direction.UPSTREAM }),
  );
  await engine.waitForRoom();
  const stream = { ssrc: 1, primaryPackets: 0, primaryBytes: 0, nacks: 0, rttMs: 12, jitterUs: 900 };
  const sample: TrackSample = { mimeType: 'video/VP8', score: 4.4, streams: [stream] };
  // Every track has been heard of once: all of them are scraped.
  for (const track of tracks) track.record(sample);
  await engine.waitForRoom();
  await engine.flush();
  const url = await metricsUrl(engine);
  const scraper = url === undefined ? undefined : startScraper(url);
  let refused = 0;
  return {
    scraped: url !== undefined,
    message: (recorder, bytes) => {
      recorders[recorder]!.addBytes(Direction.UPSTREAM, bytes);
    },
    sample: (track) => {
      stream.primaryPackets += 10;
      stream.primaryBytes += 9_000;
      if (tracks[track]!.record(sample) > RecordResult.FOLDED) refused++;
    },
    async end(messages, samples) {
      const { recorded, balanced } = await engine.audit();
      checkSum('messages in the books', messages, recorded.UPSTREAM.messages);
      checkSum('samples in the books', messages + samples + load.tracks, recorded.UPSTREAM.samples);
      checkSum('refused samples', 0, refused);
      checkSum('balanced books', 1, balanced ? 1 : 0);
      await scraper?.terminate();
      await engine.close();
    },
  };
}

/** Counters of the loop's own thread; scraped there too, as an application would. */
async function promVariant(load: LoopLoad): Promise<Variant> {
  const registers = [new Registry()];
  const labelNames = ['track'];
  const counter = (name: string) => new Counter({ name, help: name, labelNames, registers });
  const [messages, bytes, packets] = [counter('messages'), counter('bytes'), counter('packets')];
  const children = Array.from({ length: load.dataRecorders }, (_, n) => ({
    messages: messages.labels(`TR_DT_${n}`),
    bytes: bytes.labels(`TR_DT_${n}`),
  }));
  const tracks = Array.from({ length: load.tracks }, (_, n) => packets.labels(`TR_${n}`));
  const scrapes = setInterval(() => registers[0]!.metrics(), REPORT_MS);
  return {
    scraped: true,
    message: (recorder, size) => {
      const child = children[recorder]!;
      child.messages.inc(1);
      child.bytes.inc(size);
    },
    sample: (track) => tracks[track]!.inc(10),
    async end(sent) {
      clearInterval(scrapes);
      const { values } = await messages.get();
      checkSum(
        'messages in prom-client',
        sent,
        values.reduce((sum, { value }) => sum + value, 0),
      );
    },
  };
}

/** The loop as it is without any of it: it adds up, so that there is something to verify. */
function bareVariant(): Variant {
  const seen = { messages: 0, bytes: 0, samples: 0 };
  return {
    scraped: false,
    message: (_, bytes) => {
      seen.messages++;
      seen.bytes += bytes;
    },
    sample: () => {
      seen.samples++;
    },
    async end(messages, samples) {
      checkSum('messages of the bare loop', messages, seen.messages);
      checkSum('samples of the bare loop', samples, seen.samples);
    },
  };
}

export async function makeVariant(name: VariantName, load: LoopLoad): Promise<Variant> {
  if (name === 'engine') return engineVariant(load);
  return name === 'prom-client' ? promVariant(load) : bareVariant();
}
