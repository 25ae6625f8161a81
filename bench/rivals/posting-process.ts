import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Messages, postMessageBatches, type ThreadRival } from './other-thread.js';
import type { Round } from './posting-process-main.js';

/**
 * `postMessageBatches` in a process of its own, for all rounds of a race: once a buffer was transferred, V8 looks before
 * every access to any typed array of the process whether it still has one, and everybody else is slower for good.
 */
export class PostingProcess implements ThreadRival, Disposable {
  readonly name = postMessageBatches.name;
  readonly messages = postMessageBatches.messages;
  readonly #child: ChildProcess = fork(new URL('./posting-process-main.js', import.meta.url), {
    serialization: 'advanced',
  });

  async run({ recorders, order, sizes }: Messages, messages: number) {
    const round: Round = { pattern: { recorders, order, sizes }, messages };
    this.#child.send(round);
    const [counted] = await once(this.#child, 'message');
    return counted as Awaited<ReturnType<ThreadRival['run']>>;
  }

  [Symbol.dispose](): void {
    this.#child.disconnect();
  }
}
