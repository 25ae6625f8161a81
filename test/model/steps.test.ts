import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SCENARIOS } from './scenarios.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function textsIn(folder: string, ending: string): string[] {
  return readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(`${ROOT}${folder}/${name}`, 'utf8'));
}

const named = (texts: readonly string[], name: RegExp): string[] =>
  texts.flatMap((text) => [...text.matchAll(name)].map(([, step]) => step!)).sort();
const once = (names: readonly string[]): string[] => [...new Set(names)];

const model = textsIn('docs/model', '.pml');
/** In the model a step has a sentence, in the code it may be a bare name. */
const steps = named(model, /\/\* ([A-Z]\d): /g);
const scenarios = Object.values(SCENARIOS);

describe('a step of the model', () => {
  test('is named once there', () => {
    expect(steps.length).toBeGreaterThan(50);
    expect(steps).toEqual(once(steps));
  });

  test('is one line of the code, which names it; and the code names no other', () => {
    const code = [...textsIn('src', '.ts'), ...textsIn('workers', '.ts')];
    expect(named(code, /\/\/ ([A-Z]\d)(?:: |$)/gm)).toEqual(steps);
  });
});

describe('the checks of the model', () => {
  const mistakes = once(named(model, /MUTATION_(\w+)/g));

  test('plant every mistake that it has a switch for', () => {
    expect(scenarios.flatMap((scenario) => Object.keys(scenario.mistakes)).sort()).toEqual(mistakes);
  });

  test('come through every state that it names', () => {
    const seen = once(named(model, /SEEN\(([A-Z_]+)\)/g));
    expect(once(scenarios.flatMap(({ reaches }) => reaches)).sort()).toEqual(seen);
  });

  test('have a trace of each mistake, of steps that there are', () => {
    const traces = readdirSync(`${ROOT}docs/model/traces`).sort();
    expect(traces).toEqual(mistakes.map((mistake) => `${mistake}.txt`));
    const taken = once(named(textsIn('docs/model/traces', '.txt'), /(?<= )([A-Z]\d)\b/g));
    expect(taken.length).toBeGreaterThan(30);
    expect(steps).toEqual(expect.arrayContaining(taken));
  });
});
