import { createHash } from 'node:crypto';
import { WebhookEvent } from '@livekit/protocol';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { WebhookReceiver } from 'livekit-server-sdk';
import { expect, test } from 'vitest';
import { Signer } from '../../../dist/src/telemetry/webhooks/signer.js';

const body = new WebhookEvent({ event: 'room_started', id: 'EV_1', room: { name: 'röd' } }).toJsonString();
const now = Date.now();

test('the token names who sent what, and holds for five minutes', async () => {
  const token = await new Signer('key', 'secret').sign(body, 1_767_225_600_999);
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(decodeJwt(token)).toEqual({
    iss: 'key',
    nbf: 1_767_225_600,
    exp: 1_767_225_900,
    sha256: createHash('sha256').update(body, 'utf8').digest('base64'),
  });
});

test("LiveKit's own receiver takes it", async () => {
  const token = await new Signer('key', 'secret').sign(body, now);
  const event = await new WebhookReceiver('key', 'secret').receive(body, token);
  expect(event.toJsonString()).toBe(body);
});

test('it refuses one signed with another secret', async () => {
  const token = await new Signer('key', 'another secret').sign(body, now);
  await expect(new WebhookReceiver('key', 'secret').receive(body, token)).rejects.toThrow(/signature/);
});

test('it refuses one of another issuer', async () => {
  const token = await new Signer('another key', 'secret').sign(body, now);
  await expect(new WebhookReceiver('key', 'secret').receive(body, token)).rejects.toThrow(/"iss"/);
});

test('it refuses a body with one byte changed', async () => {
  const token = await new Signer('key', 'secret').sign(body, now);
  const changed = body.replace('EV_1', 'EV_2');
  expect(changed).toHaveLength(body.length);
  await expect(new WebhookReceiver('key', 'secret').receive(changed, token)).rejects.toThrow(/checksum/);
});

test('it refuses one that is older than five minutes, or not valid yet', async () => {
  const receiver = new WebhookReceiver('key', 'secret');
  const old = await new Signer('key', 'secret').sign(body, now - 330_000);
  await expect(receiver.receive(body, old)).rejects.toThrow(/"exp"/);
  const early = await new Signer('key', 'secret').sign(body, now + 60_000);
  await expect(receiver.receive(body, early)).rejects.toThrow(/"nbf"/);
});

test('a signer shows its secret to no log', async () => {
  const { inspect } = await import('node:util');
  const signer = new Signer('key', 'topsecret');
  expect(inspect(signer, { showHidden: true, depth: 9 })).not.toContain('topsecret');
});
