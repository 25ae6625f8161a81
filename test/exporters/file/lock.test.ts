import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { idsFrom, statsFrom } from './messages.js';
import { FileRig, idsIn } from './rig.js';

const HOLDER = fileURLToPath(new URL('./fixtures/holder.mjs', import.meta.url));

const open: FileRig[] = [];
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await Promise.all(open.splice(0).map((rig) => rig.dispose()));
});
function rigOf(...given: ConstructorParameters<typeof FileRig>): FileRig {
  const rig = new FileRig(...given);
  open.push(rig);
  return rig;
}
const state = (rig: FileRig, expected: string): Promise<void> =>
  vi.waitFor(() => expect(rig.report.state).toBe(expected), { timeout: 20_000 });
/** A folder, in which nothing is open. */
async function folder(): Promise<FileRig> {
  const rig = rigOf();
  await rig.exporter.close(5_000);
  return rig;
}
const ownerIn = (rig: FileRig): Record<string, unknown> =>
  JSON.parse(readFileSync(`${rig.path}.lock`, 'utf8'));

async function holdInThread(path: string): Promise<Worker> {
  const worker = new Worker(HOLDER, { workerData: { path } });
  ends.push(() => worker.terminate());
  for (;;) {
    const [{ state: reported }] = (await once(worker, 'message')) as [{ state: string }];
    if (reported === 'running') return worker;
  }
}

async function holdInProcess(path: string): Promise<{ end(): Promise<unknown> }> {
  const child = spawn(process.execPath, [HOLDER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const end = (): Promise<unknown> => {
    child.kill('SIGKILL');
    return closed;
  };
  ends.push(end);
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('running')) return { end };
  }
  throw new Error(`ended: ${text}`);
}

describe('a file has one writer', () => {
  test('a second exporter of the same thread waits, says who has it, and goes on when it is free', async () => {
    const first = rigOf();
    await state(first, 'running');
    const second = rigOf({}, first.folder);
    second.exporter.write(statsFrom(1, 2));
    await state(second, 'failing');
    expect(second.report.error).toMatch(
      new RegExp(`^SFU_STATS_FILE_LOCKED: .*stats\\.jsonl\\.lock is held by process ${process.pid} of "`),
    );
    first.exporter.write(statsFrom(0, 1));
    await first.exporter.close(5_000);
    await vi.waitFor(() => expect(second.sentBatches).toBe(1), { timeout: 20_000 });
    expect(await idsIn(first.path)).toEqual(idsFrom(0, 2));
  });

  test('another thread of the process keeps it while it lives; when it was terminated its lock is stale', async () => {
    const { path, folder: place } = await folder();
    const worker = await holdInThread(path);
    const rig = rigOf({}, place);
    await state(rig, 'failing');
    expect(rig.report.error).toMatch(/^SFU_STATS_FILE_LOCKED/);
    await worker.terminate();
    await state(rig, 'running');
    expect(ownerIn(rig).pid).toBe(process.pid);
    // A thread that starts after it finds it held.
    const late = new Worker(HOLDER, { workerData: { path } });
    ends.push(() => late.terminate());
    await vi.waitFor(async () => {
      const [{ state: reported }] = (await once(late, 'message')) as [{ state: string }];
      expect(reported).toBe('failing');
    });
  });

  test('another process keeps it while it lives; when it was killed its lock is stale', async () => {
    const { path, folder: place } = await folder();
    const holder = await holdInProcess(path);
    const rig = rigOf({}, place);
    await state(rig, 'failing');
    await holder.end();
    expect(existsSync(`${path}.lock`)).toBe(true);
    await state(rig, 'running');
  });

  test('a process that has the number of a dead one is not taken for it', async () => {
    const { path, folder: place } = await folder();
    const probe = rigOf({}, place);
    await state(probe, 'running');
    const owner = ownerIn(probe);
    await probe.exporter.close(5_000);
    expect(owner.thread).toMatch(/^\d+\/task\/\d+ \d+$/);
    const thread = `${String(owner.thread).split(' ')[0]} 1`;
    for (const stale of [
      { ...owner, thread, instance: 'x' },
      { ...owner, boot: 'another', instance: 'x' },
    ]) {
      writeFileSync(`${path}.lock`, JSON.stringify(stale));
      const rig = rigOf({}, place);
      await state(rig, 'running');
      expect(rig.reports.map(({ state: reported }) => reported)).toEqual(['starting', 'running']);
      await rig.exporter.close(5_000);
    }
  });

  test('the lock of another machine counts for as long as it is refreshed, and so does one nobody signed', async () => {
    const { path, folder: place } = await folder();
    const other = JSON.stringify({ host: 'another.example', pid: 1, instance: 'x' });
    for (const text of [other, '', '{', 'null', '\u0000'.repeat(100)]) {
      writeFileSync(`${path}.lock`, text);
      const rig = rigOf({}, place);
      await state(rig, 'failing');
      expect(rig.report.error).toMatch(
        text === other ? /process 1 of "another\.example"/ : /has not signed it/,
      );
      const longAgo = new Date(Date.now() - 10 * 60_000);
      utimesSync(`${path}.lock`, longAgo, longAgo);
      await state(rig, 'running');
      await rig.exporter.close(5_000);
    }
  });

  test('of many that want a stale lock at once one gets it', async () => {
    const { path, folder: place } = await folder();
    writeFileSync(`${path}.lock`, JSON.stringify({ host: 'x', pid: 1, instance: 'x' }));
    const longAgo = new Date(Date.now() - 10 * 60_000);
    utimesSync(`${path}.lock`, longAgo, longAgo);
    const rigs = Array.from({ length: 8 }, () => rigOf({}, place));
    for (const [n, rig] of rigs.entries()) rig.exporter.write(statsFrom(n, n + 1));
    await vi.waitFor(() => expect(rigs.filter(({ report }) => report.state === 'failing')).toHaveLength(7), {
      timeout: 20_000,
    });
    const order = [];
    while (rigs.length > 0) {
      await vi.waitFor(() => expect(rigs.some(({ sentBatches }) => sentBatches === 1)).toBe(true), {
        timeout: 20_000,
      });
      const [holder] = rigs.filter(({ sentBatches }) => sentBatches === 1);
      order.push(holder);
      rigs.splice(rigs.indexOf(holder!), 1);
      await holder!.exporter.close(5_000);
    }
    expect(new Set(await idsIn(path))).toEqual(new Set(idsFrom(0, 8)));
    expect(readdirSync(place)).toEqual(['stats.jsonl']);
  });

  test('who lost his lock writes nothing more, and cuts nothing of what another wrote', async () => {
    const rig = rigOf();
    rig.exporter.write(statsFrom(0, 1));
    await vi.waitFor(() => expect(rig.sentBatches).toBe(1));
    const other = JSON.stringify({ host: 'another.example', pid: 1, instance: 'x' });
    writeFileSync(`${rig.path}.lock`, other);
    const { appendFileSync } = await import('node:fs');
    appendFileSync(rig.path, '{"kind":"event","event":{"id":"of another"}}\n');
    let n = 1;
    // It is looked at once a second, when something is written.
    await vi.waitFor(
      () => {
        rig.exporter.write(statsFrom(n, ++n));
        expect(rig.report.state).toBe('failing');
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(rig.report.error).toMatch(/^SFU_STATS_FILE_LOCKED: .* was lost by process 1|is held by process 1/);
    expect(await idsIn(rig.path)).toContain('of another');
    expect(readFileSync(`${rig.path}.lock`, 'utf8')).toBe(other);
  });
});
