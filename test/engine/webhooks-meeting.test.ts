import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TracePlayer } from '../../dist/src/cli/replay/trace-player.js';
import { parseTraceLine } from '../../dist/src/cli/trace/parse-line.js';
import { TraceFile } from '../../dist/src/cli/trace/trace-file.js';
import type { StatsEngine, TelemetryEvent } from '../../dist/src/index.js';
import { MEETING } from '../cli/run-cli.js';
import { type Post, Receiver } from '../helpers/receiver.js';
import { KEY, type Key, startSending, verify } from '../helpers/webhook-receiver.js';

const OWN_KEY: Key = { apiKey: 'APIown', apiSecret: 'a secret of its own' };
const WEBHOOKS = 26;

let receiver: Receiver;
let told: readonly TelemetryEvent[];
/** What came with the engine's key, and what came to the receiver that has its own. */
let posts: Post[];
let ownPosts: Post[];
let complete: boolean;

beforeAll(async () => {
  receiver = await Receiver.start();
  const own = { url: receiver.url('/own'), ...OWN_KEY };
  const sending = await startSending([receiver.url('/a'), own], {}, { capacity: { tracks: 256 } });
  await play(sending.sfu.engine);
  ({ complete } = await sending.sfu.engine.close());
  told = sending.told;
  posts = receiver.posts.filter(({ path }) => path === '/a');
  ownPosts = receiver.posts.filter(({ path }) => path === '/own');
});
afterAll(() => receiver.close());

/** Plays the meeting as a host would have lived it, but in virtual time. */
async function play(engine: StatsEngine): Promise<void> {
  const player = new TracePlayer(engine);
  for await (const lines of (await TraceFile.open(MEETING)).lines()) {
    for (const { text, number } of lines) {
      const line = parseTraceLine(text as string, number, () => {});
      await engine.advanceTo(line.t);
      if (!engine.hasRoom()) await engine.waitForRoom();
      if (line.op !== 'flush') player.play(line);
    }
  }
}

const toldWebhooks = (): unknown[] =>
  told.filter(({ kind }) => kind === 'webhook').map(({ message }) => message.toJson());

describe('webhooks of the meeting, sent over HTTP', () => {
  test('are what onTelemetry said, each once and in that order, to every URL', () => {
    expect(toldWebhooks()).toHaveLength(WEBHOOKS);
    expect(posts.map(({ event }) => event.toJson())).toEqual(toldWebhooks());
    expect(ownPosts.map(({ event }) => event.toJson())).toEqual(toldWebhooks());
    expect(complete).toBe(true);
  });

  test("are taken by LiveKit's receiver, which reads what was said", async () => {
    const read = await Promise.all(posts.map((post) => verify(post)));
    expect(read.map((event) => event.toJson())).toEqual(toldWebhooks());
    const ownRead = await Promise.all(ownPosts.map((post) => verify(post, OWN_KEY)));
    expect(ownRead.map((event) => event.toJson())).toEqual(toldWebhooks());
  });

  test('are posts of the type that LiveKit sends, with the token alone as authorization', () => {
    for (const { method, headers } of receiver.posts) {
      expect(method).toBe('POST');
      expect(headers['content-type']).toBe('application/webhook+json');
      expect(headers.authorization).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    }
  });

  test('carry what is lost at home: the room by name, people by identity, a track as published', async () => {
    const read = await Promise.all(posts.map((post) => verify(post)));
    expect(new Set(read.map(({ room }) => room?.name))).toEqual(new Set(['meeting']));
    const camera = read.filter(({ track }) => track?.sid === 'TR_c_cam');
    expect(camera.map(({ event, participant }) => [event, participant?.identity])).toEqual([
      ['track_published', 'carol'],
      ['track_unpublished', 'carol'],
    ]);
  });

  test('become one WEBHOOK event each and URL, in the order of the room', () => {
    const processed = told.filter(
      ({ kind, message }) => kind === 'event' && 'webhook' in message && message.webhook,
    );
    expect(processed).toHaveLength(2 * WEBHOOKS);
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
  });
});

describe("LiveKit's receiver refuses", () => {
  const refuses = (post: Pick<Post, 'body' | 'headers'>, key?: Key): Promise<void> =>
    expect(verify(post, key)).rejects.toThrow();

  test('every one of them with another secret, another key or the key of another URL', async () => {
    for (const post of posts) {
      await refuses(post, { ...KEY, apiSecret: `${KEY.apiSecret}.` });
      await refuses(post, { ...KEY, apiKey: 'another' });
      await refuses(post, OWN_KEY);
    }
    for (const post of ownPosts) await refuses(post, KEY);
  });

  test('one of which a byte was changed, whichever it was', async () => {
    const { body, headers } = posts[0]!;
    for (let at = 0; at < body.length; at++) {
      const changed = Buffer.from(body);
      changed[at]! ^= 1;
      await refuses({ body: changed.toString('latin1'), headers });
    }
  });

  test('one with the token of another, without one, or with a token that was changed', async () => {
    const [{ body, headers }, other] = posts as [Post, Post];
    await refuses({ body, headers: other.headers });
    await refuses({ body, headers: {} });
    const [head, claims, signature] = headers.authorization!.split('.') as [string, string, string];
    const later = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number };
    later.exp += 1;
    const forged = Buffer.from(JSON.stringify(later)).toString('base64url');
    await refuses({ body, headers: { authorization: `${head}.${forged}.${signature}` } });
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    await refuses({ body, headers: { authorization: `${none}.${claims}.` } });
  });
});

describe('a token', () => {
  test('says who signed it, and is valid for five minutes', () => {
    for (const { headers } of posts) {
      const [, claims] = headers.authorization!.split('.');
      const { iss, nbf, exp, sha256 } = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as Record<
        string,
        unknown
      >;
      expect(iss).toBe(KEY.apiKey);
      expect(Number(exp) - Number(nbf)).toBe(300);
      expect(sha256).toMatch(/^[\w+/]{43}=$/);
    }
  });
});
