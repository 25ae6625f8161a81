import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ServerCredentials, status as Status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SfuStatsError, StatsEngine, type StatsEngineOptions } from '../../dist/src/index.js';
import { AnalyticsReceiver, behaviours } from '../helpers/analytics-receiver.js';
import { certificates } from '../helpers/certificates.js';
import { recordPackets } from '../helpers/engine.js';
import { Mutant } from '../helpers/mutant.js';
import { RawConnection } from '../helpers/raw-http.js';
import { RawServer } from '../helpers/raw-server.js';
import { urlOfNobody } from '../helpers/receiver.js';
import { Listener } from '../helpers/telemetry-listener.js';

/** In every secret that is text, and in nothing else. */
const MARK = 'hushhush';
/** In a name that may be seen: where it is not found, secrets would not be found either. */
const SEEN = 'RM_seen';
const { ca, cert, key, clientCert, clientKey } = certificates();
/** What of a private key nothing else has. */
const keyLines = [key, clientKey].map((pem) => pem.split('\n')[1]!);
const SECRETS = [MARK, ...keyLines];

/** Everything an object holds, as text. */
const textOf = (shown: unknown): string =>
  inspect(shown, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null });

/** An answer that repeats all it was told, and says that it went wrong. */
const echo = (heard: string): string =>
  `HTTP/1.1 401 ${MARK}\r\nretry-after: ${MARK}\r\nlocation: http://x/?${MARK}\r\ncontent-length: ${heard.length}\r\n\r\n${heard}`;

interface World {
  readonly options: StatsEngineOptions;
  readonly folder: string;
  readonly grpc: AnalyticsReceiver;
}

/** An engine's surroundings that know its secrets and throw them back. */
async function world(echoPort: number): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  const grpc = await AnalyticsReceiver.start({
    credentials: ServerCredentials.createSsl(Buffer.from(ca), [pair], true),
    behaviour: behaviours.refuses(Status.UNAUTHENTICATED, `certificate, TLS: ${MARK} is not accepted`),
  });
  const nobody = (await urlOfNobody()).replace('://', `://user:${MARK}@`);
  return {
    folder,
    grpc,
    options: {
      metrics: { port: 0, perRoom: true, token: `${MARK}-token`, tls: { certPem: cert, keyPem: key } },
      webhooks: {
        apiKey: 'APIkey',
        apiSecret: `${MARK}-secret`,
        urls: [
          `http://user:${MARK}@127.0.0.1:${echoPort}/hook?key=${MARK}#${MARK}`,
          { url: `${nobody}?key=${MARK}`, apiKey: 'APIown', apiSecret: `${MARK}-own` },
        ],
        retries: 0,
      },
      grpc: {
        url: `grpcs://localhost:${grpc.port}`,
        token: `${MARK}-grpc`,
        metadata: { 'x-key': `${MARK}-metadata` },
        tls: { caPem: ca, certPem: clientCert, keyPem: clientKey },
        retryMinMs: 5,
        retryMaxMs: 20,
      },
      file: { path: join(folder, 'stats.jsonl') },
    },
  };
}

/** An answer of the listener; an error of the handshake is one too. */
function ask(address: string, authorization: string): Promise<string> {
  return new Promise((resolve) => {
    const asking = request(address, { ca, agent: false, headers: { authorization } }, (response) => {
      let text = inspect(response.headers);
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.once('end', () => resolve(text));
    });
    asking.once('error', (error) => resolve(String(error))).end();
  });
}

/** Has an engine do what it does, and fail at what it can, and gives all that anybody may see of it. */
async function allThatIsShown(Engine?: typeof StatsEngine): Promise<Readonly<Record<string, string>>> {
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warn);
  onTestFinished(() => void process.off('warning', warn));
  await using echoing = await RawServer.start((socket) => {
    socket.on('data', (bytes) => socket.write(echo(bytes.toString())));
  });
  const { options, folder, grpc } = await world(echoing.port);
  await using listener = await Listener.start(options, Engine);
  const { engine, sfu, told } = listener;
  const exporter = (name: string) => engine.status().exporters.find((one) => one.name === name)!;
  await vi.waitUntil(() => exporter('prometheus').state === 'running', { timeout: 20_000 });

  engine.roomStarted({ sid: SEEN, name: SEEN });
  sfu.join('PA', SEEN);
  recordPackets(sfu.openTrack('TR', { room: SEEN, participant: 'PA' }), 3, 4);
  await listener.settle();
  await vi.waitUntil(() => exporter('grpc').state === 'failing' && grpc.ingests.length > 0, {
    timeout: 20_000,
  });
  await vi.waitUntil(() => sfu.logged('warn').filter((text) => /webhooks/.test(text)).length > 1, {
    timeout: 20_000,
  });

  const { address } = exporter('prometheus');
  const asked = [await ask(address, `Bearer ${MARK}-wrong`), await ask(address, `Basic ${MARK}`)];
  const raw = await RawConnection.to(Number(new URL(address).port));
  asked.push(await raw.say(`GET /metrics?${MARK} HTTP/1.1\r\n\r\n`).ended);
  raw.close();
  const page = await ask(address, `Bearer ${MARK}-token`);
  await engine.terminateStatsWorker(0);
  const status = textOf(engine.status());
  const report = await engine.close({ deadlineMs: 1_000 });

  // The secrets were used.
  expect(grpc.ingests[0]!.metadata.getMap()).toMatchObject({ 'x-key': `${MARK}-metadata` });
  expect(echoing.connections).toBeGreaterThan(0);
  const files = readdirSync(folder).map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8')}`);
  const messages = [...told.map(({ message }) => message.toJsonString()), ...sfu.snapshots];
  return {
    page,
    files: files.join('\n'),
    messages: textOf(messages),
    status: status + textOf(engine.status()),
    logs: textOf([sfu.logs, warnings]),
    rest: textOf([asked, report, engine]),
  };
}

function expectNoSecret(all: Readonly<Record<string, string>>): void {
  for (const [what, text] of Object.entries(all)) {
    for (const secret of SECRETS) {
      const at = text.indexOf(secret);
      if (at >= 0) throw new Error(`a secret in ${what}: ${text.slice(Math.max(0, at - 200), at + 50)}`);
    }
  }
}

test('no secret is in a page, a file, a message, a status, a log or an error of an engine that has them all', async () => {
  const all = await allThatIsShown();
  for (const what of ['page', 'files', 'messages'] as const) expect(all[what]).toContain(SEEN);
  expect(all.logs).toContain('UNAUTHENTICATED');
  expect(all.logs).toContain('webhooks were not delivered');
  expect(all.rest).toContain('a token is needed');
  expectNoSecret(all);
});

test('where a URL is shown whole, it is found', async () => {
  using mutant = new Mutant([
    { file: 'src/telemetry/webhooks/shown-url.js', from: 'return origin + pathname', to: 'return url' },
  ]);
  const all = await allThatIsShown(await mutant.engineClass());
  expect(() => expectNoSecret(all)).toThrow('a secret in');
});

test('no secret is in what is said of options that are refused with it', async () => {
  await using echoing = await RawServer.start(() => {});
  const { options } = await world(echoing.port);
  const { metrics, webhooks, grpc, file } = options;
  const refused: readonly object[] = [
    { shards: 0 },
    { metrics: { ...metrics, port: -1 } },
    { metrics: { ...metrics, token: `${MARK} with spaces` } },
    { metrics: { ...metrics, tls: { certPem: cert, keyPem: clientKey } } },
    { metrics: { ...metrics, tls: { certPem: MARK, keyPem: key } } },
    { webhooks: { ...webhooks, apiSecret: [MARK] } },
    { webhooks: { ...webhooks, urls: [`ftp://${MARK}@x/`] } },
    { grpc: { ...grpc, token: `${MARK}\n` } },
    { grpc: { ...grpc, url: `grpcs://user:${MARK}@localhost:1` } },
    { grpc: { ...grpc, metadata: { 'x-key': `${MARK}\n` } } },
    { grpc: { ...grpc, tls: { caPem: ca, certPem: clientCert, keyPem: key } } },
    { file: { ...file, mode: 0 } },
  ];
  for (const wrong of refused) {
    const error: unknown = await StatsEngine.start({ ...options, ...wrong }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error, Object.keys(wrong)[0]).toBeInstanceOf(SfuStatsError);
    expect((error as SfuStatsError).code).toBe('SFU_STATS_INVALID_OPTION');
    expectNoSecret({ error: textOf(error) });
  }
});
