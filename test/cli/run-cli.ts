import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
export const MEETING = fileURLToPath(new URL('../../traces/meeting.jsonl.gz', import.meta.url));

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command line as a user would. */
export function startCli(
  flags: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [MAIN, ...flags], { env: { ...process.env, ...env } });
}

/** Resolves when a process has ended, with all it said. */
export function resultOf(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Runs the command line with some standard input. */
export function runCli(flags: readonly string[], input: string | Buffer = ''): Promise<CliResult> {
  const child = startCli(flags);
  // It may end before it has read everything: that is for its result to say.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return resultOf(child);
}

type Json = Readonly<Record<string, unknown>>;

/** Replays lines, given as objects or as text, from standard input. */
export function replayLines(
  lines: readonly (Json | string)[],
  flags: readonly string[] = [],
): Promise<CliResult> {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  return runCli(['replay', '-', ...flags], text);
}

export interface PrintedStream {
  readonly primaryPackets?: number;
  readonly primaryBytes?: string;
  readonly retransmitPackets?: number;
  readonly retransmitBytes?: string;
  readonly paddingPackets?: number;
  readonly paddingBytes?: string;
  readonly packetsLost?: number;
  readonly frames?: number;
  readonly nacks?: number;
  readonly plis?: number;
  readonly firs?: number;
  readonly rtt?: number;
  readonly jitter?: number;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly videoLayers?: readonly {
    readonly layer?: number;
    readonly packets?: number;
    readonly bytes?: string;
    readonly frames?: number;
  }[];
}

export interface PrintedStat {
  readonly id: string;
  readonly timeStamp: string;
  readonly node: string;
  readonly kind?: 'DOWNSTREAM';
  readonly roomId: string;
  readonly roomName?: string;
  readonly participantId: string;
  readonly trackId: string;
  readonly mime?: string;
  readonly score?: number;
  readonly minScore?: number;
  readonly medianScore?: number;
  readonly streams: readonly PrintedStream[];
}

export interface StatsLine {
  readonly t: number;
  readonly type: 'stats';
  readonly stats: readonly PrintedStat[];
}

interface Totals {
  readonly samples: number;
  readonly messages: number;
  readonly packets: number;
  readonly bytes: number;
}
interface Directions {
  readonly UPSTREAM: Totals;
  readonly DOWNSTREAM: Totals;
}

export interface Summary {
  readonly type: 'summary';
  readonly recorded: Directions;
  readonly reported: Directions;
  readonly dropped: Readonly<Record<string, Directions>>;
  readonly skippedLines: number;
}

/** An event or a webhook of a replay's output, in the shape of its JSON. */
export interface TelemetryLine {
  readonly t: number;
  readonly seq: number;
  readonly type: 'event' | 'webhook';
  readonly event?: Json;
  readonly webhook?: Json;
}

export interface NodeRoomsLine {
  readonly t: number;
  readonly type: 'node_rooms';
  readonly nodeRooms: Json;
}

type Line = StatsLine | TelemetryLine | NodeRoomsLine | Summary;

export interface ReplayOutput {
  readonly flushes: StatsLine[];
  /** Events and webhooks, in order. */
  readonly telemetry: TelemetryLine[];
  readonly nodeRooms: NodeRoomsLine[];
  readonly summary: Summary;
}

/** A replay's output, by kind of line. */
export function readOutput(stdout: string): ReplayOutput {
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const summary = lines.pop();
  if (summary?.type !== 'summary') throw new Error(`the last line is no summary: ${stdout.slice(-200)}`);
  const output: ReplayOutput = { flushes: [], telemetry: [], nodeRooms: [], summary };
  for (const line of lines) {
    if (line.type === 'stats') output.flushes.push(line);
    else if (line.type === 'node_rooms') output.nodeRooms.push(line);
    else if (line.type === 'summary') throw new Error('more than one summary');
    else output.telemetry.push(line);
  }
  return output;
}
