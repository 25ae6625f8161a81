import { type Messages, postMessageBatches } from './other-thread.js';

export interface Round {
  readonly pattern: Messages;
  readonly messages: number;
}

process.on('message', async ({ pattern, messages }: Round) => {
  process.send!(await postMessageBatches.run(pattern, messages));
});
