import { describe, expect, test } from 'vitest';
import { Receiver, replies, urlOfNobody } from '../helpers/receiver.js';
import { verify } from '../helpers/webhook-receiver.js';
import { runCli } from './run-cli.js';

const DEMO = ['demo', '--rooms', '2', '--speed', '30', '--shards', '1'];
const SHORT = [...DEMO, '--seconds', '1'];
const DEV_KEY = { apiKey: 'devkey', apiSecret: 'secret' };
const WEBHOOKS_LINE = /\nWebhooks: (\d+) sent, (\d+) failed, (\d+) dropped; (\d+) retries\.\n$/;

describe('demo --webhook', () => {
  test("delivers its rooms' webhooks, signed, in the order of each room, and says how many", async () => {
    const receiver = await Receiver.start();
    const { status, stdout, stderr } = await runCli([
      ...DEMO,
      '--seconds',
      '3',
      '--webhook',
      receiver.url('/hook'),
    ]);
    await receiver.close();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('The books balance');
    expect(stdout.match(WEBHOOKS_LINE)?.slice(1).map(Number)).toEqual([receiver.posts.length, 0, 0, 0]);

    const verified = await Promise.all(receiver.posts.map((post) => verify(post, DEV_KEY)));
    expect(verified.map((event) => event.toJson())).toEqual(
      receiver.posts.map(({ event }) => event.toJson()),
    );
    expect(new Set(receiver.posts.map(({ path }) => path))).toEqual(new Set(['/hook']));
    for (const room of ['meeting_1_1', 'meeting_2_1']) {
      const events = receiver.eventsOf(room);
      const names = events.map(({ event }) => event);
      expect(names[0]).toBe('room_started');
      expect(names.at(-1)).toBe('room_finished');
      const identities = (name: string) =>
        events.flatMap(({ event, participant }) => (event === name ? [participant?.identity] : [])).sort();
      expect(identities('participant_joined')).toEqual(['alice', 'bob', 'carol']);
      expect(identities('participant_left')).toEqual(['alice', 'bob', 'carol']);
      expect(names.filter((name) => name === 'track_published')).toHaveLength(9);
    }
  });

  test('signs with the key it is given', async () => {
    const receiver = await Receiver.start();
    const key = { apiKey: 'own', apiSecret: 'own secret' };
    const flags = ['--webhook', receiver.url(), '--key', key.apiKey, '--secret', key.apiSecret];
    const { status, stdout } = await runCli([...SHORT, ...flags]);
    await receiver.close();
    expect(status).toBe(0);
    expect(stdout).not.toContain(key.apiSecret);
    expect(receiver.posts.length).toBeGreaterThan(20);
    for (const post of receiver.posts) expect((await verify(post, key)).id).toBe(post.event.id);
    await expect(verify(receiver.posts[0]!, DEV_KEY)).rejects.toThrow();
  });

  test('goes on though they are refused or nobody is there, and says so', async () => {
    const receiver = await Receiver.start(() => replies.status(403));
    const [refused, unheard] = await Promise.all([
      runCli([...SHORT, '--webhook', receiver.url()]),
      runCli([...SHORT, '--webhook', await urlOfNobody()]),
    ]);
    await receiver.close();
    for (const { status, stderr, stdout } of [refused, unheard]) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('The books balance');
    }
    const countsOf = (stdout: string) => stdout.match(WEBHOOKS_LINE)!.slice(1).map(Number);
    expect(countsOf(refused.stdout)).toEqual([0, receiver.posts.length, 0, 0]);
    const [sent, failed, dropped] = countsOf(unheard.stdout);
    expect(sent).toBe(0);
    expect(failed! + dropped!).toBeGreaterThan(20);
  });

  test('says nothing of webhooks when there is nowhere to send them', async () => {
    expect((await runCli(SHORT)).stdout).not.toContain('Webhooks');
  });

  test.each(['ftp://127.0.0.1/', '127.0.0.1:9465', 'http://', 'nonsense', ''])(
    'refuses %j by the name of the flag, with status 2',
    async (url) => {
      const { status, stdout, stderr } = await runCli([...SHORT, '--webhook', url]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toBe(
        `error: option '--webhook <url>' argument '${url}' is invalid. It must be an http or https URL.\n`,
      );
    },
  );
});
