import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
let folder: string;

/** A project of its own, with this package and its types installed. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sfu-stats-readme-'));
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
  await symlink(ROOT, join(folder, 'node_modules/sfu-stats'), 'dir');
  await symlink(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), 'dir');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function quickStart(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('## Quick start'));
  const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
  expect(code, 'the README has a quick start').toBeDefined();
  return code!;
}

test('the quick start of the README compiles, strictly, and runs', async () => {
  const code = await quickStart();
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
  const file = join(folder, 'quick-start.ts');
  await writeFile(file, code);
  const program = ts.createProgram([file], {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    typeRoots: [join(folder, 'node_modules/@types')],
    skipLibCheck: true,
    outDir: folder,
  });
  const problems = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  const { stdout } = await run(process.execPath, [join(folder, 'quick-start.js')]);
  expect(stdout).toContain('"roomName":"standup"');
  expect(stdout).toContain('"primaryPackets":90');
});

test('the README gives the two commands, in under 400 lines', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  expect(readme).toContain('npm ci && npm start');
  expect(readme).toContain('npm cit');
  expect(readme.split('\n').length).toBeLessThan(400);
});
