import { Worker } from 'node:worker_threads';
import type {
  DataRecorderOptions,
  Direction,
  EnginePort,
  RecordResult,
  SignalIdentity,
  TrackRecorderOptions,
  TrackSample,
} from '../../dist/src/index.js';

/** What the thread in engine/fixtures/recording-thread.mjs can be told; numbers name its recorders. */
interface Commands {
  openTrack(options: TrackRecorderOptions): number;
  openData(options: DataRecorderOptions): number;
  openSignal(): number;
  resolve(at: number, identity: SignalIdentity): void;
  recordDeltas(at: number, samples: readonly TrackSample[]): RecordResult[];
  addBytes(at: number, direction: Direction, bytes: number, messages: number): RecordResult;
  add(at: number, direction: Direction, bytes: number): RecordResult;
  closeRecorder(at: number): void;
  publish(): void;
  detach(): void;
}

interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly code?: string;
  readonly message?: string;
}

/** A thread of its own that records into an engine through a port. Made for `await using`. */
export class RemoteRecorder implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  constructor(port: EnginePort) {
    this.#worker = new Worker(new URL('../engine/fixtures/recording-thread.mjs', import.meta.url), {
      workerData: port,
    });
    this.#worker.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
  }

  /** Has the thread do one thing; rejects with what it threw, its code among it. */
  tell<N extends keyof Commands>(
    name: N,
    ...args: Parameters<Commands[N]>
  ): Promise<ReturnType<Commands[N]>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ answer, code, message }) => {
        this.#waiting.delete(id);
        if (code === undefined && message === undefined) resolve(answer as ReturnType<Commands[N]>);
        else reject(Object.assign(new Error(message), { code }));
      });
      this.#worker.postMessage({ id, name, args });
    });
  }

  /** Ends the thread where it stands, as a crash would. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
