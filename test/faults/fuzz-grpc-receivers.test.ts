import {
  createServer,
  constants as Http2,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { shownStatus, verdictOf } from '../../dist/src/exporters/grpc/stream-status.js';
import { ExportDrop } from '../../dist/src/memory/exporter-books.js';
import { GrpcUnderTest } from '../exporters/grpc/exporter-harness.js';
import { mutated } from '../helpers/byte-mutator.js';
import { batchOf } from '../helpers/exporter-contract.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { inTime } from '../helpers/in-time.js';
import { RawServer } from '../helpers/raw-server.js';
import { SeededRandom } from '../helpers/seeded-random.js';

/** In all that the receiver says and is sent, and in nothing that is shown. */
const MARK = 'm4rk';
/** A status in words of ours. */
const SHOWN = /^[A-Za-z0-9_+.-]{1,40}: [A-Za-z ,'()_]{1,160}$/;

const STATUSES = [
  '0',
  '1',
  '3',
  '4',
  '8',
  '13',
  '14',
  '16',
  '17',
  '99',
  '-1',
  '',
  'x',
  '1e9',
  '00',
  ' 0',
  '9'.repeat(400),
];
const MESSAGES = [
  ...['', MARK, '%', '%zz', '%00%0a%1b[2J', '%F0%9F%98%80', '%ff%fe', `certificate ${MARK}`, `TLS ${MARK}`],
  ...[
    `Received message larger than max ${MARK}`,
    `waiting for ${MARK}`,
    `ECONNRESET ${MARK}`,
    MARK.repeat(2_000),
  ],
];
const HTTP_STATUSES = [200, 204, 301, 400, 401, 403, 404, 429, 500, 503, 599];
const CONTENT_TYPES = ['application/grpc', 'application/grpc+proto', 'text/html', `x/${MARK}`];
const BOMB = gzipSync(Buffer.alloc(2 ** 26));

/** A message as gRPC frames it, or says that it does. */
function framed(payload: Buffer, flags: number, length = payload.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, payload]);
}
const BODIES = [
  framed(Buffer.alloc(0), 0),
  framed(Buffer.from(MARK), 0),
  framed(Buffer.from(MARK), 0, 2 ** 32 - 1),
  framed(Buffer.from(MARK), 1),
  framed(BOMB, 1),
  framed(Buffer.alloc(5_000_000), 0),
  Buffer.from(MARK),
];

type Headers = Record<string, string | number>;

/** What a receiver that speaks HTTP/2 makes of one stream. */
function answer(stream: ServerHttp2Stream, random: SeededRandom): void {
  const status: Headers = {
    'grpc-status': random.chance(0.3) ? '0' : random.pick(STATUSES),
    'grpc-message': random.pick(MESSAGES),
    ...(random.chance(0.2) && { 'grpc-status-details-bin': '!!!' }),
    ...(random.chance(0.2) && { 'grpc-retry-pushback-ms': random.pick(['0', '-1', 'x', '9'.repeat(30)]) }),
    ...(random.chance(0.1) && { 'x-large': MARK.repeat(random.pick([1_000, 20_000])) }),
    ...(random.chance(0.1) && { 'x-bin': 'no base64' }),
  };
  const head: Headers = {
    ':status': random.chance(0.8) ? 200 : random.pick(HTTP_STATUSES),
    'content-type': random.chance(0.8) ? 'application/grpc' : random.pick(CONTENT_TYPES),
    ...(random.chance(0.3) && { 'grpc-encoding': random.pick(['gzip', 'deflate', 'identity', MARK]) }),
  };
  const trailers = random.chance(0.8) ? status : {};
  const body = () => stream.write(random.chance(0.5) ? random.pick(BODIES) : mutated(random, [BODIES[1]!]));
  switch (random.weighted({ trailersOnly: 4, body: 5, reset: 2, goaway: 1, early: 2, end: 1 })) {
    case 'trailersOnly':
      stream.respond({ ...head, ...status }, { endStream: true });
      break;
    case 'body':
      stream.respond(head, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers(trailers));
      for (let n = random.int(0, 2); n >= 0; n--) body();
      stream.end();
      break;
    case 'reset':
      if (random.chance(0.5)) stream.respond(head);
      stream.close(random.int(0, 13));
      break;
    case 'goaway':
      stream.session?.goaway(random.int(0, 13), random.int(0, 5), Buffer.from(MARK));
      stream.session?.close();
      stream.close(Http2.NGHTTP2_REFUSED_STREAM);
      break;
    case 'early':
      stream.additionalHeaders({ ':status': 103, 'x-mark': MARK });
      stream.respond({ ...head, ...status }, { endStream: true });
      break;
    case 'end':
      stream.session?.destroy();
      break;
  }
}

/** What a sound receiver sends: SETTINGS, their acknowledgement, HEADERS, an empty message, trailers of status 0. */
const SOUND = [
  frame(4, 0, 0, [0, 3, 0, 0, 0, 100]),
  frame(4, 1, 0, []),
  frame(1, 4, 1, [0x88, ...literal('content-type', 'application/grpc')]),
  frame(0, 0, 1, [0, 0, 0, 0, 0]),
  frame(1, 5, 1, [...literal('grpc-status', '0'), ...literal('grpc-message', MARK)]),
];
const CONNECTIONS = [
  Buffer.concat(SOUND),
  Buffer.concat([SOUND[0]!, frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 2, ...Buffer.from(MARK)])]),
  Buffer.concat([
    SOUND[0]!,
    frame(3, 0, 1, [0, 0, 0, 7]),
    frame(8, 0, 0, [0, 0, 0, 0]),
    frame(6, 0, 0, Array(8).fill(0)),
  ]),
  Buffer.from(`HTTP/1.1 400 Bad Request\r\nx-mark: ${MARK}\r\ncontent-length: 0\r\n\r\n`),
];

function frame(type: number, flags: number, stream: number, payload: readonly number[]): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** A header as HPACK has it at its simplest. */
function literal(name: string, value: string): number[] {
  return [0, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)];
}

/** A receiver that does to each connection what the numbers say, until it is told to be good. */
class HostileReceiver {
  random = new SeededRandom(0);
  isGood = false;
  readonly #http2 = createServer();

  constructor() {
    this.#http2.on('session', (session: ServerHttp2Session) => session.on('error', () => {}));
    this.#http2.on('stream', (stream) => {
      stream.on('error', () => {});
      if (!this.isGood) {
        answer(stream, this.random);
        return;
      }
      stream.resume().once('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(BODIES[0]);
      });
    });
  }

  take(socket: Socket): void {
    if (this.isGood || this.random.chance(0.6)) {
      this.#http2.emit('connection', socket);
      return;
    }
    const bytes = mutated(this.random, CONNECTIONS);
    socket.once('data', () => {
      socket.write(bytes);
      if (this.random.chance(0.9)) socket.end();
    });
    socket.resume();
  }
}

const OPTIONS = { ackEveryMs: 1, deadlineMs: 40, retryMinMs: 1, retryMaxMs: 1, ackEveryBatches: 4 };

describe('a receiver of analytics', () => {
  test('may answer anything: what it has not acknowledged or refused is kept for a better one', async () => {
    const receiver = new HostileReceiver();
    await using server = await RawServer.start((socket) => receiver.take(socket));
    const grpc = new GrpcUnderTest({
      ...OPTIONS,
      url: `grpc://127.0.0.1:${server.port}`,
      token: MARK,
      metadata: { 'x-key': MARK },
    });
    const books = () => [grpc.sent, grpc.errors, grpc.dropped()].join();
    let written = 0;
    const one = async (random: SeededRandom): Promise<string> => {
      receiver.random = random;
      while (grpc.exporter.queued < 8) grpc.exporter.write(batchOf(written++));
      const [before, { sent, errors }] = [books(), grpc];
      await inTime(
        vi.waitUntil(() => books() !== before, { interval: 1, timeout: 10_000 }),
        'an answer',
        10_000,
      );
      return grpc.sent > sent ? 'sent' : grpc.errors > errors ? 'failed' : 'refused';
    };
    const cases = inForm(500, 50_000);
    const { ends } = await fuzz({ name: 'receivers', cases, seed: 1, mayGrow: 16 * 2 ** 20 }, one);
    expect(Object.keys(ends).sort()).toEqual(['failed', 'refused', 'sent']);

    receiver.isGood = true;
    await vi.waitFor(() => expect(grpc.exporter.queued).toBe(0), { timeout: 10_000, interval: 10 });
    const { accepted, sent, reports, logged } = grpc;
    expect(accepted).toBe(written);
    expect(accepted).toBe(sent + grpc.dropped(ExportDrop.REFUSED));
    expect(grpc.report).toMatchObject({ state: 'running', error: '' });
    for (const { error } of reports) expect(error).toMatch(error === '' ? /^$/ : SHOWN);
    expect(JSON.stringify([reports, logged])).not.toContain(MARK);
    // Clients that were given up connect once more, a second later.
    await vi.waitFor(() => expect(server.open).toBeLessThan(3), { timeout: 10_000, interval: 10 });
  }, 3_600_000);

  test('may end a stream with any status and any words: none of them are shown', () => {
    const codes = fc.oneof(fc.integer({ min: -1, max: 20 }), fc.double(), fc.constant(Number.NaN));
    const words = fc.oneof(fc.string(), fc.constantFrom(...MESSAGES)).map((text) => `${MARK}${text}${MARK}`);
    fc.assert(
      fc.property(codes, words, (code, details) => {
        const shown = shownStatus({ code, details });
        expect(shown).toMatch(SHOWN);
        expect(shown).not.toContain(MARK);
        expect(['sent', 'retry', 'retrySlowly', 'refused']).toContain(verdictOf({ code, details }));
      }),
      { numRuns: inForm(5_000, 200_000), seed: 2 },
    );
  }, 3_600_000);
});
