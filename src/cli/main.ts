#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { ErrorCode, SfuStatsError, VERSION } from '../index.js';
import {
  decimalNumber,
  faultPlan,
  httpUrl,
  isoTime,
  listenAddress,
  someText,
  wholeNumber,
} from './arguments.js';
import type { CatOptions } from './cat.js';
import type { DemoOptions } from './demo.js';
import type { ListenOptions } from './listen.js';
import type { ReplayOptions } from './replay.js';

const MAX_SHARDS = 64;
/** What LiveKit's own servers take in their development mode. */
const DEV_KEY = 'devkey';
const DEV_SECRET = 'secret';
const DEFAULT_START = '2026-01-01T00:00:00Z';

/** Exit statuses: 0 fine, 1 the books do not balance or the engine failed, 2 bad usage or input, 130 interrupted. */
const FAILED = 1;
const BAD_USAGE = 2;
const INTERRUPTED = 130;

const shards = (): Option =>
  new Option('--shards <n>', 'stats workers (default: cores - 1, at least 1)').argParser(
    wholeNumber(1, MAX_SHARDS),
  );

function program(): Command {
  const root = new Command('sfu-stats')
    .description('A stats engine for Node.js SFUs: counters in, LiveKit analytics out.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride();

  root
    .command('replay')
    .summary('feed a trace through the engine in virtual time, print what it reports')
    .description(
      'Feeds a trace (JSON Lines, also gzipped) through the real engine in virtual time and prints what it reports, ' +
        'as JSON Lines. The output of a trace is the same from run to run, whatever the shards and the faults.',
    )
    .argument('<trace>', 'file, or - for standard input')
    .addOption(shards())
    .option('--faults <n[:seed]>', 'terminate stats workers n times at seeded moments', faultPlan)
    .addOption(
      new Option('--start <time>', 'the time at t = 0, ISO')
        .argParser(isoTime)
        .default(isoTime(DEFAULT_START), DEFAULT_START),
    )
    .addOption(
      new Option('--on-error <what>', 'at a bad line: stop, or skip and count it')
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .option('--node <id>', 'node id stamped on every stat', someText, 'ND_replay')
    .addHelpText(
      'after',
      '\nExample:\n  $ sfu-stats replay meeting.jsonl.gz --shards 2 --faults 50:7 > stats.jsonl\n',
    )
    .action(async (trace: string, { start, node, ...options }: ReplayFlags) => {
      process.once('SIGINT', () => process.exit(INTERRUPTED));
      const { replay } = await import('./replay.js');
      process.exitCode = await replay({ trace, startMs: start, nodeId: node, ...options }, process);
    });

  root
    .command('demo')
    .summary('play a recorded meeting as many rooms at once, and watch the engine')
    .description(
      'Plays a meeting of three people, captured from Chromium, as many rooms at once through the engine, shows how ' +
        'the engine does meanwhile, and balances the books at the end. Ctrl-C ends it in order.',
    )
    .option('--rooms <n>', 'rooms at once', wholeNumber(1, 10_000), 100)
    .option('--speed <factor>', 'how much faster than the meeting was', decimalNumber(0.1, 100), 10)
    .option('--seconds <n>', 'how long to play', wholeNumber(1, 86_400), 20)
    .addOption(shards())
    .option('--forever', 'play until Ctrl-C', false)
    .option('--webhook <url>', 'send webhooks there', httpUrl)
    .option('--key <key>', 'API key that signs them', someText, DEV_KEY)
    .option('--secret <secret>', 'its secret', someText, DEV_SECRET)
    .option('--metrics [host:port]', 'let Prometheus scrape there (default: 127.0.0.1:9464)', listenAddress)
    .option('--grpc <url>', 'send stats and events there, as grpc://127.0.0.1:50051', someText)
    .option('--file <path>', 'write stats and events there: JSON Lines, or msgpack for .msgpack', someText)
    .option('--plain', 'plain lines on a terminal too', false)
    .addHelpText(
      'after',
      '\nExamples:\n  $ sfu-stats demo --rooms 200 --speed 5 --seconds 30\n' +
        '  $ sfu-stats demo --forever --metrics --file stats.jsonl\n',
    )
    .action(async ({ webhook, key, secret, metrics, grpc, file, ...options }: DemoFlags) => {
      const { demo } = await import('./demo.js');
      const outlets = {
        ...(webhook && { webhooks: { apiKey: key, apiSecret: secret, urls: [webhook] } }),
        ...(metrics && { metrics: metrics === true ? {} : metrics }),
        ...(grpc && { grpc: { url: grpc } }),
        ...(file && { file: { path: file } }),
      };
      process.exitCode = await demo({ ...options, outlets }, process);
    });

  root
    .command('listen')
    .summary('receive webhooks, verify and print them')
    .description(
      'Listens for webhooks on this machine, verifies each with the key and prints one line for it, until Ctrl-C.',
    )
    .option('--port <n>', 'port to listen on, 0 for any', wholeNumber(0, 65_535), 9465)
    .option('--host <address>', 'address to listen on', someText, '127.0.0.1')
    .option('--key <key>', 'API key the sender signs with', someText, DEV_KEY)
    .option('--secret <secret>', 'its secret', someText, DEV_SECRET)
    .addHelpText(
      'after',
      '\nExample, with the demo in another terminal:\n  $ sfu-stats listen\n' +
        '  $ sfu-stats demo --rooms 2 --webhook http://127.0.0.1:9465/\n',
    )
    .action(async ({ key, secret, ...options }: ListenFlags) => {
      const { listen } = await import('./listen.js');
      process.exitCode = await listen({ apiKey: key, apiSecret: secret, ...options }, process);
    });

  root
    .command('cat')
    .summary('print what the file exporter wrote')
    .description(
      'Prints files of the file exporter, JSON Lines or msgpack, also gzipped, also one that is being written: as a ' +
        'table, or as JSON Lines or CSV. Numbers are those of one track and window; rtt in ms, jitter in us.',
    )
    .argument('<files...>', 'files in the order they are printed, - for standard input')
    .option('--room <sid or name>', 'only what is of this room', someText)
    .option('--participant <sid>', 'only what is of this participant', someText)
    .option('--track <sid>', 'only what is of this track', someText)
    .addOption(
      new Option('--kind <kind>', 'only stats, events or reports of rooms').choices([
        'stats',
        'events',
        'rooms',
      ]),
    )
    .addOption(new Option('--json', "JSON Lines, each as the file exporter's own").conflicts('csv'))
    .option('--csv', "CSV with a head; text that a spreadsheet takes for a formula begins with '")
    .addHelpText(
      'after',
      '\nExit status: 0, also when the last record is not complete (told on standard error); 1 when a file is\n' +
        'corrupt in its middle; 2 when one cannot be read.\n' +
        '\nExamples:\n' +
        '  $ sfu-stats cat stats.jsonl --kind stats --room lobby\n' +
        '  $ sfu-stats cat stats-*.jsonl.gz stats.jsonl --csv > stats.csv\n' +
        '  $ ssh sfu cat /var/log/sfu/stats.msgpack | sfu-stats cat - --json --participant PA_VrBtSwsq7FYn\n',
    )
    .action(async (files: string[], options: Omit<CatOptions, 'files'>) => {
      const { cat } = await import('./cat.js');
      process.exitCode = await cat({ files, ...options }, process);
    });
  return root;
}

/** What the flags of `replay` parse to. */
type ReplayFlags = Pick<ReplayOptions, 'shards' | 'faults' | 'onError'> & {
  readonly start: number;
  readonly node: string;
};

interface KeyFlags {
  readonly key: string;
  readonly secret: string;
}

/** What the flags of `demo` parse to. */
type DemoFlags = Omit<DemoOptions, 'outlets'> &
  KeyFlags & {
    readonly webhook?: string;
    readonly metrics?: true | ReturnType<typeof listenAddress>;
    readonly grpc?: string;
    readonly file?: string;
  };

/** What the flags of `listen` parse to. */
type ListenFlags = Pick<ListenOptions, 'port' | 'host'> & KeyFlags;

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : BAD_USAGE;
  else {
    process.stderr.write(`sfu-stats: ${error instanceof Error ? error.message : String(error)}\n`);
    const isBadUsage = error instanceof SfuStatsError && error.code === ErrorCode.INVALID_OPTION;
    process.exitCode = isBadUsage ? BAD_USAGE : FAILED;
  }
}
