import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, needsProgram } from './programs.js';

const INSTALL = 'apt-get install prometheus';

/** A `test` that needs Prometheus' server. */
export const testWithPrometheus = needsProgram('prometheus', INSTALL);
/** A `test` that needs its tool, which comes with it. */
export const testWithPromtool = needsProgram('promtool', INSTALL);

/** What `promtool check metrics` finds in a page, a line each. */
export function promtoolFindings(page: string): string[] {
  const { status, stdout, stderr, error } = spawnSync(findProgram('promtool')!, ['check', 'metrics'], {
    input: page,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  const findings = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  // 0: fine, 3: lint; whatever else is a page it cannot read.
  if (status !== 0 && status !== 3) throw new Error(`promtool: ${findings.join('\n')}`);
  return findings;
}

export interface ScrapeTarget {
  /** As the exporter reports it. */
  readonly address: string;
  readonly token?: string;
  /** PEM of the CA of an https address. */
  readonly caPem?: string;
}

/** One series of an instant query. */
export interface QueryResult {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const ATTEMPTS = 5;
const POLL_MS = 50;

/** A real Prometheus that scrapes one target each second. Made for `await using`: it ends with its test. */
export class PrometheusServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #url: URL;
  #log = '';

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.#url = new URL(`http://127.0.0.1:${port}/`);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
  }

  /** Starts one and waits until it is ready. */
  static async start(target: ScrapeTarget): Promise<PrometheusServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-prometheus-'));
      const port = await freePort();
      writeConfig(folder, target);
      const child = spawn(
        findProgram('prometheus')!,
        [
          `--config.file=${join(folder, 'prometheus.json')}`,
          `--storage.tsdb.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--log.level=warn',
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      const server = new PrometheusServer(child, folder, port);
      if (await server.#isReady()) return server;
      await server.stop();
      // Somebody took the port between the two.
      if (attempt === ATTEMPTS) throw new Error(`prometheus does not start: ${server.#log}`);
    }
  }

  /** An instant query. @throws Error with Prometheus' own words for one it does not understand */
  async query(expression: string): Promise<QueryResult[]> {
    const response = await fetch(new URL('api/v1/query', this.#url), {
      method: 'POST',
      body: new URLSearchParams({ query: expression }),
    });
    const answer = (await response.json()) as Answer;
    if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error}`);
    const { resultType, result } = answer.data;
    if (resultType === 'scalar') return [{ labels: {}, value: Number(result[1]) }];
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** Asks until the answer is so, as long as the test may take; it fails with what was answered last. */
  async queryUntil(expression: string, is: (results: QueryResult[]) => boolean): Promise<QueryResult[]> {
    for (;;) {
      const results = await this.query(expression);
      if (is(results)) return results;
      if (this.#child.exitCode !== null) throw new Error(`prometheus has ended: ${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Resolves when a page was scraped whole after this call. */
  async scraped(): Promise<void> {
    const asked = Date.now() / 1_000;
    await this.queryUntil('timestamp(up == 1)', (results) => results.some(({ value }) => value > asked));
  }

  /** What it complains of: warnings and errors of its log. */
  get complaints(): string[] {
    return this.#log.split('\n').filter((line) => /level=(warn|error)/i.test(line));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #isReady(): Promise<boolean> {
    while (this.#child.exitCode === null) {
      const response = await fetch(new URL('-/ready', this.#url)).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.ok) return true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return false;
  }
}

type Answer =
  | { status: 'error'; error: string }
  | { status: 'success'; data: { resultType: 'scalar'; result: [number, string] } }
  | {
      status: 'success';
      data: { resultType: 'vector'; result: { metric: Record<string, string>; value: [number, string] }[] };
    };

/** JSON is YAML too. */
function writeConfig(folder: string, { address, token, caPem }: ScrapeTarget): void {
  const { protocol, host, pathname } = new URL(address);
  const ca = join(folder, 'ca.pem');
  if (caPem !== undefined) writeFileSync(ca, caPem);
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      {
        job_name: 'sfu',
        scheme: protocol.replace(':', ''),
        metrics_path: pathname,
        static_configs: [{ targets: [host] }],
        ...(token === undefined ? {} : { authorization: { credentials: token } }),
        ...(caPem === undefined ? {} : { tls_config: { ca_file: ca } }),
      },
    ],
  };
  writeFileSync(join(folder, 'prometheus.json'), JSON.stringify(config));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
