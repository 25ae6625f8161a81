import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { runHost } from '../helpers/host-process.js';

const HANGING = fileURLToPath(new URL('./fixtures/hanging-fuzz.ts', import.meta.url));

test('a case that loops for ever ends the process, and is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-hanging-'));
  try {
    // Node 20 runs no TypeScript.
    const outfile = join(folder, 'hanging.mjs');
    await build({
      entryPoints: [HANGING],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outfile,
    });
    const { by, stderr } = await runHost({ program: outfile, args: [], longestMs: 30_000 });
    expect(stderr).toBe('hanging: case 3 of seed 7 hangs, for 400 ms\n');
    expect(by).toBe('SIGKILL');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
