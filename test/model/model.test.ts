import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../helpers/programs.js';

const MODELS = fileURLToPath(new URL('../../docs/model/', import.meta.url));
const INSTALL = 'apt-get install spin gcc libc6-dev';

/** Mistakes, each by its switch, and the model that catches it. */
const MUTATIONS: Readonly<Record<string, readonly string[]>> = {
  window: [
    ...[
      'APPLIED_AFTER_WINDOW',
      'APPLIED_FIRST',
      'BASE_AFTER_WINDOW',
      'BASE_WITH_ROWS',
      'COUNT_APART',
      'DELTAS',
    ],
    ...[
      'ENTRY_AFTER_WINDOW',
      'ENTRY_UNREAD',
      'EVENTS_FIRST',
      'FLUSH_IN_REDRAIN',
      'MERGE_AT_STOP',
      'NO_LAST_PUBLISH',
    ],
    ...['PUBLISHED_FIRST', 'RELEASED_FIRST', 'REQUEST_LATE', 'ROOM_UNREAD', 'STAMP_FIRST'],
  ],
  slots: ['COVERED_FIRST', 'FREE_AT_APPLIED', 'GENERATION_FIRST', 'NOT_RELEASED_AGAIN', 'STOP_NOT_RESET'],
  ledger: ['COMMIT_PER_SHARD', 'WINDOWS_READ_AGAIN'],
};

function run(folder: string, program: string, flags: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, flags, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    child.once('error', reject);
    child.once('close', () => resolve(said));
  });
}

interface Verdict {
  readonly errors: number;
  readonly states: number;
  /** The assertion that failed, "" for none. */
  readonly why: string;
  readonly isExhaustive: boolean;
}

/** Searches all states of a model, to the first error. */
async function check(model: string, mutation?: string): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-model-'));
  try {
    cpSync(MODELS, folder, { recursive: true });
    const switches = mutation === undefined ? [] : [`-DMUTATION_${mutation}`];
    await run(folder, 'spin', ['-a', '-o3', ...switches, `${model}.pml`]);
    await run(folder, 'gcc', ['-O2', '-w', '-DSAFETY', '-o', 'pan', 'pan.c']);
    const said = await run(folder, join(folder, 'pan'), ['-m200000', '-n']);
    return {
      errors: Number(/errors: (\d+)/.exec(said)?.[1] ?? Number.NaN),
      states: Number(/(\d+) states, stored/.exec(said)?.[1] ?? Number.NaN),
      why: /^pan:1: (.*)$/m.exec(said)?.[1] ?? '',
      isExhaustive: !/max search depth too small|Search not completed|out of memory/.test(said),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const isInstalled = findProgram('spin') !== undefined && findProgram('gcc') !== undefined;
const testWithSpin = isInstalled || process.env.CI === 'true' ? test.concurrent : test.skip;
if (!isInstalled) console.warn(`the model is checked with spin: ${INSTALL}`);

describe.each(Object.entries(MUTATIONS))('the model of %s', (model, mutations) => {
  testWithSpin('has no error in any of its states', async () => {
    const { errors, isExhaustive, states } = await check(model);
    console.info(`${model}: ${states.toLocaleString('en')} states`);
    expect({ errors, isExhaustive }).toEqual({ errors: 0, isExhaustive: true });
    expect(states).toBeGreaterThan(1_000_000);
  });

  for (const mutation of mutations) {
    testWithSpin(`catches ${mutation}`, async () => {
      const { errors, why, states } = await check(model, mutation);
      console.info(`${mutation}: ${why}, ${states.toLocaleString('en')} states`);
      expect(errors).toBe(1);
    });
  }
});
