import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODELS = fileURLToPath(new URL('../../docs/model/', import.meta.url));
/** Where the lines of a process are; the verifier names them by the file that includes all others. */
const FILES: Readonly<Record<string, string>> = {
  Host: 'host.pml',
  Burst: 'host.pml',
  Drain: 'drain.pml',
  Timer: 'timer.pml',
};
const STATEMENT = /^ *\d+:\tproc +(\d+) \((\w+)\) [\w.]+:(\d+) \(state \d+\)\t\[(.*)\]$/gm;
/** Whether a thread dies is asked at every store. */
const IS_QUESTION = /^(else|\.\(goto\)|goto .*|\(1\)|\(!\(hasPool\)\)|\(\((?:deaths|timerDeaths)<\d+\)\))$/;

interface Lines {
  /** The step that a line is. */
  readonly steps: ReadonlyMap<number, string>;
  /** Lines that are there only with the mistake. */
  readonly planted: ReadonlySet<number>;
}

function linesOf(file: string, mistake: string): Lines {
  const steps = new Map<number, string>();
  const planted = new Set<number>();
  let isPlanted = false;
  readFileSync(join(MODELS, file), 'utf8')
    .split('\n')
    .forEach((line, at) => {
      if (line === `#ifdef MUTATION_${mistake}`) isPlanted = true;
      else if (line.startsWith('#')) isPlanted = false;
      else if (isPlanted) planted.add(at + 1);
      const step = /\/\* ([A-Z]\d): /.exec(line)?.[1];
      if (step !== undefined) steps.set(at + 1, step);
    });
  return { steps, planted };
}

/**
 * A verifier's trace, short: a line each time that another thread goes on, with the steps it takes, what it does only
 * because of the mistake, and its death; at last what does not hold.
 */
export function traceOf(said: string, mistake: string): string {
  const files = new Map<string, Lines>();
  const turns: { readonly thread: string; readonly steps: string[] }[] = [];
  const latest = new Map<string, string>();
  for (const [, number, name, line, statement] of said.matchAll(STATEMENT)) {
    const file = FILES[name!];
    if (file === undefined || IS_QUESTION.test(statement!)) continue;
    if (!files.has(file)) files.set(file, linesOf(file, mistake));
    const { steps, planted } = files.get(file)!;
    const thread = `${name!.toLowerCase()} ${number}`;
    let step = steps.get(Number(line));
    if (planted.has(Number(line))) step = `(${statement})`;
    if (/^(deaths|timerDeaths) = /.test(statement!)) step = 'dies';
    // One line of the model is several statements.
    const place = `${line} ${step}`;
    const isNews = step !== undefined && latest.get(thread) !== place;
    latest.set(thread, place);
    if (step === undefined || !isNews) continue;
    if (turns.at(-1)?.thread !== thread) turns.push({ thread, steps: [] });
    turns.at(-1)!.steps.push(step);
  }
  const told = turns.map(({ thread, steps }) => `${thread.padEnd(9)}${steps.join(' ')}`);
  const why = /^pan:1: (.*) \(at depth \d+\)$/m.exec(said)?.[1] ?? 'invalid end state';
  return [...told, why, ''].join('\n');
}
