import { QUESTIONS } from '../questions/catalogue.js';
import { BareCells } from './bare-cells.js';
import type { Answer } from './question.js';

/** What a question's process sends to the bench that started it. */
export type QuestionOutcome =
  | {
      readonly kind: 'answer';
      readonly title: string;
      readonly answer: Answer;
      readonly bareNs: number;
      readonly node: string;
      readonly seconds: number;
    }
  | { readonly kind: 'failed'; readonly message: string };

const [name = '', mode] = process.argv.slice(2);

async function run(): Promise<QuestionOutcome> {
  const from = performance.now();
  const question = await QUESTIONS[name]!();
  const bare = new BareCells();
  bare.sample();
  const answer = await question.run({ quick: mode === 'quick', bare });
  bare.sample();
  return {
    kind: 'answer',
    title: question.title,
    answer,
    bareNs: bare.bestNs,
    node: process.version,
    seconds: (performance.now() - from) / 1000,
  };
}

run()
  .catch((error): QuestionOutcome => ({ kind: 'failed', message: error?.stack ?? String(error) }))
  .then((outcome) => {
    if (process.send === undefined) console.dir(outcome, { depth: 9 });
    else process.send(outcome, undefined, undefined, () => process.disconnect());
  });
