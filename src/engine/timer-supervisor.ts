import { Worker } from 'node:worker_threads';
import { ErrorCode, SfuStatsError } from '../errors.js';
import type { Answer, HostMessage, TimerData, TimerMessage, TimerRequest } from './messages.js';

/** Waits between restarts: doubled each time, back to the first when a thread has run for a while. */
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
const STEADY_MS = 10_000;

export interface SupervisorEvents {
  /** What a new thread starts with; asked for at every start. */
  readonly data: () => TimerData;
  readonly message: (message: Exclude<TimerMessage, { kind: 'ready' | 'answer' }>) => void;
  /** A thread is up and takes messages. */
  readonly started: () => void;
  /** A thread ended that nobody told to. */
  readonly died: (reason: string, restartInMs: number) => void;
}

interface Pending {
  readonly request: TimerRequest;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: SfuStatsError) => void;
}

/**
 * Keeps one timer thread running. It never keeps the process alive, and nothing it does reaches the host but
 * through the events. Host thread.
 */
export class TimerSupervisor {
  readonly #url: URL;
  readonly #events: SupervisorEvents;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;
  #backoffMs = FIRST_BACKOFF_MS;
  #startedAt = 0;
  #ready = false;
  #ended = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(url: URL, events: SupervisorEvents) {
    this.#url = url;
    this.#events = events;
  }

  get isReady(): boolean {
    return this.#ready;
  }

  start(): void {
    let worker: Worker;
    try {
      worker = new Worker(this.#url, {
        workerData: this.#events.data(),
        name: 'sfu-stats timer',
        env: {},
        execArgv: [],
      });
    } catch (error) {
      this.#onEnd(undefined, String(error));
      return;
    }
    this.#worker = worker;
    this.#startedAt = performance.now();
    worker.on('message', (message: TimerMessage) => this.#onMessage(message));
    let failure: string | undefined;
    worker.on('error', (error) => {
      failure = String(error);
    });
    worker.on('exit', (code) => this.#onEnd(worker, failure ?? `exit code ${code}`));
    // After the listeners: one for messages holds the host again.
    this.#holdHost();
  }

  post(message: HostMessage): void {
    if (this.#ready) this.#worker?.postMessage(message);
  }

  /** Asks the thread; a request that a thread took to its grave is put to the next one. */
  request(request: TimerRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#pending.set(id, { request, resolve, reject });
      this.#holdHost();
      this.post({ kind: 'request', id, request });
    });
  }

  #onMessage(message: TimerMessage): void {
    if (this.#ended) return;
    if (message.kind === 'ready') {
      this.#ready = true;
      this.#events.started();
      for (const [id, { request }] of this.#pending) this.post({ kind: 'request', id, request });
    } else if (message.kind === 'answer') {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      this.#holdHost();
      if (message.error === undefined) pending?.resolve(message.answer);
      else pending?.reject(new SfuStatsError(ErrorCode.THREAD, `the timer thread failed: ${message.error}`));
    } else {
      this.#events.message(message);
    }
  }

  /** While the host awaits an answer it has a reason to live; else neither the thread nor its restart is one. */
  #holdHost(): void {
    for (const held of [this.#worker, this.#restart]) {
      if (this.#pending.size > 0) held?.ref();
      else held?.unref();
    }
  }

  #onEnd(worker: Worker | undefined, reason: string): void {
    if (this.#ended || worker !== this.#worker) return;
    this.#worker = undefined;
    this.#ready = false;
    if (performance.now() - this.#startedAt > STEADY_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    const wait = this.#backoffMs;
    this.#backoffMs = Math.min(2 * wait, MAX_BACKOFF_MS);
    this.#events.died(reason, wait);
    this.#restart = setTimeout(() => this.start(), wait);
    this.#holdHost();
  }

  /** Ends the thread for good; requests without an answer are rejected. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#ready = false;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) {
      reject(new SfuStatsError(ErrorCode.CLOSED, 'the engine was closed before the timer thread answered'));
    }
    this.#pending.clear();
    await worker?.terminate();
  }
}
