import { once } from 'node:events';
import { expect, test } from 'vitest';
import { replies, urlOfNobody } from '../../helpers/receiver.js';
import { forRooms, startReceiver } from './delivery-harness.js';
import { startProcess, urlOfSilence } from './processes.js';

/** Runs a process that closes its webhooks, until it ends by itself: the test fails if it does not. */
async function closeAndEnd(deadlineMs: number, urls: readonly string[]): Promise<unknown> {
  const child = startProcess('close-and-end.mjs', [String(deadlineMs), ...urls]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('when all is delivered, nothing keeps the thread alive', async () => {
  const receiver = await startReceiver();
  expect(await closeAndEnd(600_000, [receiver.url()])).toEqual({ complete: true, left: [] });
  expect(receiver.posts).toHaveLength(3);
});

test('neither do requests that hang, waits for a retry, or answers that do not end', async () => {
  const receiver = await startReceiver(
    forRooms({ a: replies.hangs(), b: replies.status(503) }, replies.stallingBody(500)),
  );
  const down = await urlOfNobody();
  const { left } = (await closeAndEnd(200, [receiver.url(), down])) as {
    left: { url: string; key: string }[];
  };
  expect(left.map(({ url, key }) => [url, key])).toEqual([
    [receiver.url(), 'a'],
    [receiver.url(), 'b'],
    [receiver.url(), 'c'],
    [down, 'a'],
    [down, 'b'],
    [down, 'c'],
  ]);
});

test('neither do connections that are never made', async () => {
  const report = await closeAndEnd(200, [await urlOfSilence()]);
  expect(report).toMatchObject({ complete: false, left: [{ key: 'a' }, { key: 'b' }, { key: 'c' }] });
});
