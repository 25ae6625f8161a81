import { once } from 'node:events';
import { Writable } from 'node:stream';
import { WebhookEvent } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { listen } from '../../dist/src/cli/listen.js';
import { Signer } from '../../dist/src/telemetry/webhooks/signer.js';
import { mutated } from '../helpers/byte-mutator.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { Mutant } from '../helpers/mutant.js';
import { answerTo, statusIn } from '../helpers/raw-http.js';
import type { SeededRandom } from '../helpers/seeded-random.js';
import { expectShowable } from '../helpers/showable.js';
import { KEY } from '../helpers/webhook-receiver.js';

/** In every request, and in no answer. */
const MARK = 'M4RK';
const HOSTILE = '<script>"}\n{\u001b[2J\u202e';
/** What a receiver may answer. */
const CODES = new Set(['100', '200', '400', '401', '408', '413', '417', '431', '501']);

const BODIES = [
  { event: 'participant_joined', id: 'EV_1', createdAt: 1_700_000_000n, room: { sid: 'RM', name: HOSTILE } },
  { event: HOSTILE, id: HOSTILE, numDropped: 3, track: { sid: HOSTILE }, createdAt: 2n ** 62n },
  { event: 'room_finished', participant: { sid: 'PA', identity: HOSTILE, metadata: HOSTILE } },
].map((event) => Buffer.from(new WebhookEvent(event).toJsonString()));

function requestOf(body: Buffer, token: string, ...headers: readonly string[]): Buffer {
  const head = ['POST / HTTP/1.1', 'host: x', `authorization: ${token}`, `content-length: ${body.length}`];
  return Buffer.concat([Buffer.from([...head, `x-mark: ${MARK}`, ...headers, '', ''].join('\r\n')), body]);
}

/** What `sfu-stats listen` prints, and what it does to whoever sends. */
class Listening implements AsyncDisposable {
  readonly port: number;
  readonly lines: string[];
  readonly #out: Writable;
  readonly #status: Promise<number>;

  private constructor(port: number, lines: string[], out: Writable, status: Promise<number>) {
    this.port = port;
    this.lines = lines;
    this.#out = out;
    this.#status = status;
  }

  static async start(command = listen): Promise<Listening> {
    const lines: string[] = [];
    const stdout = new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        lines.push(...text.split('\n').slice(0, -1));
        stdout.emit('said');
        done();
      },
    });
    const status = command({ port: 0, host: '127.0.0.1', ...KEY }, { stdout, stderr: stdout });
    await once(stdout, 'said');
    const port = Number(/:(\d+)\/ for webhooks/.exec(lines.pop()!)![1]);
    return new Listening(port, lines, stdout, status);
  }

  /** Nobody reads its lines any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#out.emit('error', new Error('closed'));
    expect(await this.#status).toBe(0);
  }
}

async function fuzzListen(cases: number, command = listen): Promise<void> {
  const signer = new Signer(KEY.apiKey, KEY.apiSecret);
  await using listening = await Listening.start(command);
  // Bytes that are no text are signed as they are.
  const signed = async (body: Buffer, ...headers: readonly string[]) =>
    requestOf(body, await signer.sign(body as unknown as string, Date.now()), ...headers);
  const requests = await Promise.all([
    ...BODIES.map((body) => signed(body)),
    signed(BODIES[0]!, 'expect: 100-continue'),
    requestOf(BODIES[0]!, 'Bearer of nothing'),
  ]);
  const one = async (random: SeededRandom): Promise<string> => {
    // Bytes of the request, or of the body under a signature that is right.
    const isSigned = random.chance(0.5);
    const bytes = isSigned ? await signed(mutated(random, BODIES, [HOSTILE])) : mutated(random, requests);
    const heard = await answerTo(listening.port, bytes, random.pick([1, 1, 4]), isSigned);
    const status = statusIn(heard, CODES, MARK);
    for (const line of listening.lines.splice(0)) expectShowable(line, 2 ** 21);
    return status;
  };
  const { ends } = await fuzz({ name: 'webhooks', cases, seed: 1 }, one);
  for (const status of ['200', '400', '401']) expect(ends[status] ?? 0, status).toBeGreaterThan(cases / 100);
  const heard = await answerTo(listening.port, await signed(BODIES[2]!), 1, true);
  expect(statusIn(heard, CODES, MARK)).toBe('200');
}

describe('whoever sends to `sfu-stats listen`', () => {
  test('is answered, whatever it sends, and told of in one line that a terminal shows as it is', async () => {
    await fuzzListen(inForm(1_000, 50_000));
  }, 3_600_000);

  test('the control prints names as they came', async () => {
    using mutant = new Mutant([
      {
        file: 'src/cli/listen/webhook-line.js',
        from: "return visible(parts.join('  '));",
        to: "return parts.join('  ');",
      },
    ]);
    const changed = await mutant.load<{ listen: typeof listen }>('src/cli/listen.js');
    await expect(fuzzListen(1_000, changed.listen)).rejects.toThrow(/: not to be shown: /);
  });
});
