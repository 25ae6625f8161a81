import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArguments } from './arguments.js';
import { type Environment, environment } from './harness/environment.js';
import { judge, slownessOf } from './harness/figures.js';
import type { QuestionOutcome } from './harness/question-process.js';
import { profileHostLoop } from './profile.js';
import { QUESTIONS } from './questions/catalogue.js';
import { writeDocument } from './report/document.js';
import { writePlots } from './report/plots.js';
import { merged, type QuestionResult, readResults, writeResults } from './report/results.js';
import { questionText } from './report/terminal.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESULTS = `${ROOT}bench/results.json`;
const PROCESS = new URL('./harness/question-process.js', import.meta.url);
/** Growth holds a million tracks' identities. */
const NODE_OPTIONS = ['--expose-gc', '--max-old-space-size=8192'];

const names = Object.keys(QUESTIONS);
const { quick, only, json, node, profile } = parseArguments(process.argv.slice(2), names);

async function ask(question: string, execPath: string, around: Environment): Promise<QuestionResult> {
  const child = fork(PROCESS, [question, quick ? 'quick' : 'whole'], { execPath, execArgv: NODE_OPTIONS });
  const ended = once(child, 'exit').then(([code, signal]): QuestionOutcome => {
    return { kind: 'failed', message: `the process ended with ${code ?? signal}` };
  });
  const answered = once(child, 'message').then(([outcome]) => outcome as QuestionOutcome);
  const outcome = await Promise.race([answered, ended]);
  await ended;
  if (outcome.kind === 'failed') throw new Error(`${question}: ${outcome.message}`);
  const { title, answer, bareNs, node, seconds } = outcome;
  const slowness = slownessOf(bareNs, node);
  const figures = answer.figures.flatMap((figure) => judge(figure, slowness, quick) ?? []);
  return { question, title, node, bareNs, seconds, environment: around, ...answer, figures };
}

async function bench(): Promise<number> {
  const around = environment();
  console.log(
    `${around.cores} × ${around.cpu}, ${around.memoryGiB} GiB, commit ${around.commit}, load ${around.load}`,
  );
  const results: QuestionResult[] = [];
  let failures = 0;
  for (const question of only.length > 0 ? only : names) {
    const answers: QuestionResult[] = [];
    for (const execPath of node.length > 0 ? node : [process.execPath]) {
      try {
        answers.push(await ask(question, execPath, around));
      } catch (error) {
        failures++;
        console.error(`\nFAILED ${(error as Error).message}`);
      }
    }
    console.log(questionText(answers));
    results.push(...answers);
  }
  const verdicts = results.flatMap(({ figures }) => figures);
  const missed = verdicts.filter(({ held }) => !held).length;
  console.log(`${verdicts.length - missed} figures held, ${missed} missed, ${failures} questions failed`);
  if (json !== undefined) {
    writeResults(json, { results });
  } else if (!quick) {
    const all = merged(readResults(RESULTS), { results }, names);
    writeResults(RESULTS, all);
    writeDocument(`${ROOT}docs/performance.md`, all);
    const plots = writePlots(`${ROOT}docs/plots`, all);
    console.log(`bench/results.json, docs/performance.md and docs/plots/{${plots.join(',')}} are written`);
  }
  // Which figures a whole run holds depends on the machine; that sums differ, or ratios are far off, does not.
  return failures > 0 || (quick && missed > 0) ? 1 : 0;
}

if (profile) console.log(`the whole profile: ${await profileHostLoop()}`);
else process.exitCode = await bench();
