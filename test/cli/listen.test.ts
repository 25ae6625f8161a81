import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { MAX_BODY_BYTES } from '../../dist/src/cli/listen/receiver.js';
import { KEY, startSending } from '../helpers/webhook-receiver.js';
import { type CliResult, resultOf, runCli, startCli } from './run-cli.js';

const SIGNED_BY_KEY = ['--key', KEY.apiKey, '--secret', KEY.apiSecret];

interface Listening {
  readonly child: ChildProcessWithoutNullStreams;
  readonly url: string;
  /** Lines so far, without the first, which says where it listens. */
  readonly lines: () => string[];
  /** Resolves when there are so many lines. */
  readonly said: (lines: number) => Promise<string[]>;
  readonly result: Promise<CliResult>;
  /** Ends it as Ctrl-C does. */
  readonly end: () => Promise<CliResult>;
}

async function startListening(flags: readonly string[] = SIGNED_BY_KEY): Promise<Listening> {
  const child = startCli(['listen', '--port', '0', ...flags]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const result = resultOf(child);
  let text = '';
  child.stdout.on('data', (more: string) => {
    text += more;
  });
  const lines = (): string[] => text.split('\n').slice(1, -1);
  const url = await vi.waitFor(() => {
    const found = /^listening on (http:\S+) for webhooks signed by /.exec(text)?.[1];
    if (found === undefined) throw new Error(`it does not listen: ${text}`);
    return found;
  }, 10_000);
  return {
    child,
    url,
    lines,
    said: (count) =>
      vi.waitFor(() => {
        expect(lines().length).toBeGreaterThanOrEqual(count);
        return lines();
      }, 10_000),
    result,
    end: () => {
      child.kill('SIGINT');
      return result;
    },
  };
}

/** Posts a body; gives the status, whether or not all of the body was read. */
function post(
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const ROOM = { sid: 'RM_1', name: 'standup' };
const ALICE = { sid: 'PA_1', identity: 'alice' };
const withoutTimeAndId = (line: string): string =>
  line
    .replace(/^\S+ +/, '')
    .replace(/ +\S+$/, '')
    .replace(/ {2,}/g, ' | ');

describe('listen', () => {
  test('prints one line for each webhook that an engine sends, whatever the names in it', async () => {
    const { url, said, end } = await startListening();
    const { sfu, told } = await startSending([url]);
    await using _ = sfu;
    const hostile = { sid: 'RM_2', name: 'x\n2026 room_started\u001b[2J\u2028"' };
    sfu.engine.roomStarted(ROOM);
    sfu.engine.participantActive({ room: ROOM, participant: ALICE });
    sfu.engine.trackPublished({ room: ROOM, participant: ALICE, track: 'TR_1' });
    await said(3);
    sfu.engine.roomStarted(hostile);
    const lines = await said(4);
    expect(lines.map(withoutTimeAndId)).toEqual([
      'room_started | room "standup"',
      'participant_joined | room "standup" | participant "alice"',
      'track_published | room "standup" | participant "alice" | track "TR_1"',
      String.raw`room_started | room "x\n2026 room_started\u001b[2J\u2028\""`,
    ]);
    const ids = told
      .filter(({ kind }) => kind === 'webhook')
      .map(({ message }) => (message as { id: string }).id);
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(ids);
    expect(await end()).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/\n4 verified, 0 refused\n$/),
    });
    // What is answered 200 was delivered.
    await sfu.engine.close();
    expect(sfu.engine.status().webhooks).toMatchObject({ sent: 4, failed: 0, dropped: 0 });
  });

  test("takes what is signed with LiveKit's development key unless it is told another, and refuses it then", async () => {
    const [dev, other] = await Promise.all([startListening([]), startListening()]);
    const { sfu } = await startSending([dev.url, other.url], { apiKey: 'devkey', apiSecret: 'secret' });
    await using _ = sfu;
    sfu.engine.roomStarted(ROOM);
    expect((await dev.said(1))[0]).toContain('room_started');
    expect(await other.said(1)).toEqual([
      'refused: the token is not valid (ERR_JWS_SIGNATURE_VERIFICATION_FAILED)',
    ]);
    expect((await dev.end()).stdout).toMatch(/\n1 verified, 0 refused\n$/);
    expect((await other.end()).stdout).toMatch(/\n0 verified, 1 refused\n$/);
  });

  test('refuses what is not signed or not a webhook, and goes on', async () => {
    const { url, said, end } = await startListening();
    const authorization = 'a.b.c';
    expect(await post(url, '{}')).toBe(401);
    expect(await post(url, '{}', { authorization })).toBe(401);
    expect(await post(url, '')).toBe(401);
    expect(await said(3)).toEqual([
      'refused: no Authorization header',
      'refused: the token is not valid (ERR_JWS_INVALID)',
      'refused: no Authorization header',
    ]);
    expect((await end()).stdout).toMatch(/\n0 verified, 3 refused\n$/);
  });

  test.each([
    ['one byte too long', MAX_BODY_BYTES + 1],
    ['much too long, so that the sender is still sending', 20 * MAX_BODY_BYTES],
  ])('answers 413 to a body that is %s', async (_, length) => {
    const { url, said } = await startListening();
    expect(await post(url, Buffer.alloc(length))).toBe(413);
    expect(await said(1)).toEqual([`refused: the body is longer than ${MAX_BODY_BYTES} bytes, or broke off`]);
    // The longest it takes is refused for another reason.
    expect(await post(url, Buffer.alloc(MAX_BODY_BYTES))).toBe(401);
  });

  test('cuts off a body without end', async () => {
    const { url, said } = await startListening();
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    const cutOff = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = Buffer.concat([Buffer.from('4000\r\n'), Buffer.alloc(0x4000), Buffer.from('\r\n')]);
    const writeMore = (): void => {
      while (!socket.destroyed && socket.write(chunk)) {
        // Until the socket is full.
      }
    };
    socket.on('drain', writeMore);
    writeMore();
    await cutOff;
    expect(await said(1)).toHaveLength(1);
  });

  test('survives senders that break off, and those that do not speak HTTP', async () => {
    const { url, end } = await startListening();
    const { port, hostname } = new URL(url);
    const closed = (text: string, breakOff: boolean): Promise<unknown> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(text, () => breakOff && socket.resetAndDestroy());
        });
        socket.on('error', () => {});
        socket.resume().once('close', resolve);
      });
    await closed('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"room":', true);
    await closed('what is this\r\n\r\n', false);
    expect(await post(url, '{}')).toBe(401);
    const { status, stdout, stderr } = await end();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('\nrefused: no Authorization header\n');
  });
});

describe('the end of listen', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'comes with %s, once or twice, and with totals, though a sender keeps its connection',
    async (signal) => {
      const { child, url, said, result } = await startListening();
      const { port, hostname } = new URL(url);
      const idle = connect(Number(port), hostname);
      onTestFinished(() => void idle.destroy());
      idle.on('error', () => {});
      await post(url, '{}');
      await said(1);
      child.kill(signal);
      child.kill(signal);
      expect(await result).toMatchObject({ status: 0, stderr: '' });
      expect((await result).stdout).toMatch(/0 verified, 1 refused\n$/);
    },
  );

  test('comes when nobody reads its lines any more', async () => {
    const { child, url, result } = await startListening();
    child.stdout.destroy();
    // It cannot know before it has something to say.
    await post(url, '{}').catch(() => {});
    expect(await result).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('bad usage of listen', () => {
  test('ends with status 1 and one line when the port is taken', async () => {
    const { url } = await startListening();
    const { port } = new URL(url);
    const { status, stdout, stderr } = await runCli(['listen', '--port', port]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\n$/);
  });

  test.each([
    [['--port', '65536'], "option '--port <n>' argument '65536' is invalid"],
    [['--port', '-1'], "option '--port <n>' argument '-1' is invalid"],
    [['--key', ''], "option '--key <key>' argument '' is invalid"],
    [['--secret', ''], "option '--secret <secret>' argument '' is invalid"],
    [['--host', ''], "option '--host <address>' argument '' is invalid"],
    [['--verbose'], "unknown option '--verbose'"],
  ])('is refused by name, with status 2: %j', async (flags, why) => {
    const { status, stdout, stderr } = await runCli(['listen', ...flags]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(why);
  });

  test('is helped by --help, with an example', async () => {
    const { status, stdout } = await runCli(['listen', '--help']);
    expect(status).toBe(0);
    for (const word of ['--port <n>', '--host <address>', '--key <key>', '--secret <secret>', 'Example']) {
      expect(stdout).toContain(word);
    }
  });
});
