import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

/** A thread that runs one of the `*-thread.ts` files beside this one, and what it says. */
export interface TestThread<Answer> {
  /** The thread's one message; rejects when the thread ends without. */
  readonly answer: Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * Starts a thread from a TypeScript file: bundled with the built tree it imports, because Node 20 runs neither
 * TypeScript nor ES modules from text.
 */
export async function startThread<Answer>(file: string, workerData: unknown): Promise<TestThread<Answer>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    write: false,
  });
  const worker = new Worker(outputFiles[0]!.text, { eval: true, workerData });
  const answer = new Promise<Answer>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} and said nothing`)));
  });
  // A test that fails before it listens must not fail a second time for an answer nobody waits for.
  answer.catch(() => undefined);
  return {
    answer,
    async stop() {
      await worker.terminate();
    },
  };
}
