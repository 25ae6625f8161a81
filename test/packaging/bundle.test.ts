import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const THREADS = new URL('../../dist/workers/', import.meta.url);
const run = promisify(execFile);
let folder: string;
let bundle: string;

const HOST = `
  import { Direction, StatsEngine } from '${new URL('../../dist/src/index.js', import.meta.url).pathname}';

  const [threadsUrl] = process.argv.slice(2);
  const engine = await StatsEngine.start({ shards: 1, ...(threadsUrl && { threadsUrl }) });
  engine.onSnapshot(({ tracks }) => {
    for (const { trackSid, primaryPackets } of tracks) console.log(trackSid, primaryPackets);
  });
  engine.participantJoined({ room: { sid: 'RM', name: 'standup' }, participant: 'PA' });
  const recorder = engine.openTrackRecorder({
    room: 'RM', participant: 'PA', track: 'TR', direction: Direction.UPSTREAM,
  });
  recorder.record({ mimeType: 'video/VP8', score: 4, streams: [{ ssrc: 1, primaryPackets: 3 }] });
  await engine.flush();
  const { complete } = await engine.close();
  console.log(complete ? 'complete' : 'incomplete');
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sfu-stats-bundle-'));
  bundle = join(folder, 'host.mjs');
  await build({
    stdin: { contents: HOST, resolveDir: fileURLToPath(new URL('./', import.meta.url)), loader: 'js' },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a host bundled into one file runs with the threads where the option says', async () => {
  // From a folder without any package: what it needs of them is in the bundle.
  const { stdout, stderr } = await run(process.execPath, [bundle, THREADS.href], {
    cwd: folder,
    timeout: 15_000,
  });
  expect({ stdout, stderr }).toEqual({ stdout: 'TR 3\ncomplete\n', stderr: '' });
});

test('without the option it says where it looked for its threads', async () => {
  const failed = await run(process.execPath, [bundle], { cwd: folder, timeout: 15_000 }).catch(
    (error: { code: unknown; stderr: string }) => error,
  );
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('SFU_STATS_THREAD') });
  expect(failed.stderr).toContain('timer-thread.js');
});

test('the threads are exported, for who copies them elsewhere', () => {
  const { resolve } = createRequire(new URL('../../package.json', import.meta.url));
  for (const thread of ['timer-thread.js', 'stats-worker.js']) {
    expect(resolve(`sfu-stats/threads/${thread}`)).toBe(fileURLToPath(new URL(thread, THREADS)));
  }
});
