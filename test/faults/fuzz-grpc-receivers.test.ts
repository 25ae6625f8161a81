import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { GrpcExporter } from '../../dist/src/exporters/grpc/grpc-exporter.js';
import { shownStatus, verdictOf } from '../../dist/src/exporters/grpc/stream-status.js';
import { ExportDrop } from '../../dist/src/memory/exporter-books.js';
import { GrpcUnderTest } from '../exporters/grpc/exporter-harness.js';
import { batchOf } from '../helpers/exporter-contract.js';
import { inForm } from '../helpers/fault-form.js';
import { fuzz } from '../helpers/fuzz.js';
import { HostileReceiver, MARK, MESSAGES } from '../helpers/hostile-grpc-receiver.js';
import { inTime } from '../helpers/in-time.js';
import { Mutant } from '../helpers/mutant.js';
import { RawServer } from '../helpers/raw-server.js';
import type { SeededRandom } from '../helpers/seeded-random.js';

/** A status in words of ours. */
const SHOWN = /^[A-Za-z0-9_+.-]{1,40}: [A-Za-z ,'()_]{1,160}$/;

const OPTIONS = { ackEveryMs: 1, deadlineMs: 40, retryMinMs: 1, retryMaxMs: 1, ackEveryBatches: 4 };

/** An exporter keeps its books, its words and its connections in order whatever a receiver does. */
async function fuzzReceivers(cases: number, Exporter?: typeof GrpcExporter): Promise<void> {
  const receiver = new HostileReceiver();
  await using server = await RawServer.start((socket) => receiver.take(socket));
  const grpc = new GrpcUnderTest(
    {
      ...OPTIONS,
      url: `grpc://127.0.0.1:${server.port}`,
      token: MARK,
      metadata: { 'x-key': MARK },
    },
    {},
    Exporter,
  );
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
}

describe('a receiver of analytics', () => {
  test('may answer anything: what it has not acknowledged or refused is kept for a better one', async () => {
    await fuzzReceivers(inForm(500, 50_000));
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

test('the control shows the words of a receiver', async () => {
  using mutant = new Mutant([
    {
      file: 'src/exporters/grpc/stream-status.js',
      from: "(WORDS[code] ?? 'the receiver failed')",
      to: 'details',
    },
  ]);
  const changed = await mutant.load<{ GrpcExporter: typeof GrpcExporter }>(
    'src/exporters/grpc/grpc-exporter.js',
  );
  await expect(fuzzReceivers(100, changed.GrpcExporter)).rejects.toThrow(/^expected .* to match/);
});
