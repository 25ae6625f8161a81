import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answer, AttemptError } from '../../dist/src/telemetry/webhooks/delivery.js';
import { HttpSender } from '../../dist/src/telemetry/webhooks/http-sender.js';
import { retryDelayMs, verdictOf } from '../../dist/src/telemetry/webhooks/retry-policy.js';
import { mutated } from '../helpers/byte-mutator.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { inTime } from '../helpers/in-time.js';
import { Mutant } from '../helpers/mutant.js';
import { RawServer } from '../helpers/raw-server.js';
import type { SeededRandom } from '../helpers/seeded-random.js';

/** In what a receiver says and in what it is sent, and in no error. */
const MARK = 'M4RK';
const response = (line: string, headers: readonly string[], body = ''): Buffer =>
  Buffer.from([line, `x-mark: ${MARK}`, ...headers, '', body].join('\r\n'));
const SAMPLES = [
  response('HTTP/1.1 200 OK', ['content-length: 2'], 'ok'),
  response('HTTP/1.1 204 No Content', []),
  response('HTTP/1.1 429 Slow Down', ['retry-after: 2', 'content-length: 0']),
  response('HTTP/1.1 503 Later', ['retry-after: Wed, 21 Oct 2026 07:28:00 GMT', 'connection: close'], MARK),
  response('HTTP/1.1 302 Found', [`location: http://${MARK}/`, 'content-length: 0']),
  response('HTTP/1.1 200 OK', ['transfer-encoding: chunked'], `4\r\n${MARK}\r\n0\r\n\r\n`),
  response('HTTP/1.1 200 OK', ['content-encoding: gzip', 'content-length: 4'], MARK),
  response('HTTP/1.1 101 Switching Protocols', ['upgrade: websocket', 'connection: upgrade']),
  Buffer.concat([
    response('HTTP/1.1 103 Early Hints', []),
    response('HTTP/1.1 200 OK', ['content-length: 0']),
  ]),
  Buffer.concat([
    response('HTTP/1.1 200 OK', ['content-length: 0']),
    response('HTTP/1.1 500 Nobody Asked', ['content-length: 0']),
  ]),
];
const TEXTS = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '\n',
    ': ',
    'HTTP/1.1 ',
    'HTTP/1.0 999 ',
    'HTTP/2.0 ',
    '\r\nretry-after: ',
    '100-continue',
  ],
  ...[
    'HTTP/1.1 100 Continue\r\n\r\n',
    'content-length: 99999999999999999999\r\n',
    'ffffffffffffffff\r\n',
    '0\r\n\r\n',
  ],
  `x: ${'y'.repeat(9_000)}\r\n`.repeat(2),
];
const WEBHOOKS = 'src/telemetry/webhooks';
const LIMITS = { maxInFlight: 2, requestTimeoutMs: 100, maxResponseBytes: 4_096 };
const DELAYS = { retryMinMs: 100, retryMaxMs: 5_000 };

/** How a receiver goes on after what it said. */
const THEN: Readonly<Record<string, (socket: Socket) => void>> = {
  ends: (socket) => void socket.end(),
  resets: (socket) => void socket.resetAndDestroy(),
  /** It may be asked again, over the same connection. */
  stays: () => {},
};

function expectAnswer({ status, retryAfter }: Answer): string {
  if (!Number.isInteger(status) || status < 200 || status > 999) throw new Error(`a status of ${status}`);
  const delay = retryDelayMs(DELAYS, 1, retryAfter, Date.UTC(2026, 0, 1));
  if (!(delay >= DELAYS.retryMinMs && delay <= DELAYS.retryMaxMs)) throw new Error(`${retryAfter}: ${delay}`);
  return verdictOf(status);
}

function expectFailure(error: unknown, Expected: typeof AttemptError): string {
  const isOurs =
    error instanceof Expected && /^connection failed: [A-Za-z][A-Za-z0-9_]{0,60}$/.test(error.message);
  if (!isOurs || error.message.includes(MARK)) throw error;
  return 'failed';
}

/** Every request over this sender is answered with what `next` makes; what a receiver does to one may meet the next. */
async function postAll(
  cases: number,
  seed: number,
  use = { HttpSender, AttemptError },
): Promise<Readonly<Record<string, number>>> {
  let bytes: Buffer = Buffer.alloc(0);
  let goOn = THEN.ends!;
  await using server = await RawServer.start((socket) => {
    socket.on('data', (request) => {
      // The body of a request may come by itself.
      if (!request.includes('POST ')) return;
      socket.write(bytes);
      goOn(socket);
    });
  });
  const sender = new use.HttpSender(`http://127.0.0.1:${server.port}/${MARK}`, LIMITS);
  const one = async (random: SeededRandom): Promise<string> => {
    bytes = mutated(random, SAMPLES, TEXTS);
    goOn = THEN[random.weighted({ ends: 10, resets: 3, stays: 1 })]!;
    const signal = AbortSignal.timeout(goOn === THEN.stays ? 20 : 4_000);
    try {
      return expectAnswer(await inTime(sender.post('{}', MARK, signal), 'an answer'));
    } catch (error) {
      return expectFailure(error, use.AttemptError);
    }
  };
  const { ends } = await fuzz({ name: 'answers', cases, seed }, one);
  expect(server.open).toBeLessThanOrEqual(LIMITS.maxInFlight);
  await inTime(sender.close(), 'the end of a sender');
  return ends;
}

describe('a receiver of webhooks', () => {
  test('may answer anything: it is a status, or a failure told by its code and nothing else', async () => {
    const cases = inForm(2_500, 150_000);
    const ends = await postAll(cases, 1);
    expect(Object.keys(ends).sort()).toEqual(['failed', 'retry', 'sent']);
    for (const count of Object.values(ends)) expect(count).toBeGreaterThan(cases / 50);
  }, 3_600_000);

  test('the control shows the words of one', async () => {
    using mutant = new Mutant([
      {
        file: `${WEBHOOKS}/http-sender.js`,
        from: "return typeof code === 'string' && CODE.test(code) ? code : error.name;",
        to: 'return error.message;',
      },
    ]);
    const changed = {
      ...(await mutant.load<{ HttpSender: typeof HttpSender }>(`${WEBHOOKS}/http-sender.js`)),
      ...(await mutant.load<{ AttemptError: typeof AttemptError }>(`${WEBHOOKS}/delivery.js`)),
    };
    await expect(postAll(2_500, 1, changed)).rejects.toThrow(/: Error: connection failed: .* does not match/);
  });

  test('may ask for any wait: it is never shorter or longer than the options say', () => {
    const retryAfter = fc.oneof(
      fc.string(),
      fc.bigInt().map(String),
      fc.date({ noInvalidDate: false }).map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.string().map((text) => `Mon, ${text} GMT`),
    );
    fc.assert(
      fc.property(retryAfter, fc.nat(200), fc.integer({ min: 200, max: 999 }), (text, attempts, status) => {
        expectAnswer({ status, retryAfter: text });
        const delay = retryDelayMs(DELAYS, attempts + 1, text, 0);
        expect(delay >= DELAYS.retryMinMs && delay <= DELAYS.retryMaxMs, text).toBe(true);
      }),
      { numRuns: inForm(5_000, 200_000), seed: 2 },
    );
  }, 3_600_000);
});
