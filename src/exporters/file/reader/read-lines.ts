import { isUtf8 } from 'node:buffer';
import { MAX_LINE_BYTES } from '../forms/json-items.js';
import { RecordKind } from '../forms/record-names.js';
import { type ByteSource, unreadable } from './byte-source.js';
import { type ExportDamage, type ExportEntry, ExportRecord, type JsonMessageObject } from './export-entry.js';

const NEWLINE = 0x0a;
const VERSION = 1;
const KINDS: readonly unknown[] = Object.values(RecordKind);

/** The lines of a file. A line counts when its newline is there. */
export async function* readLines(source: ByteSource): AsyncGenerator<ExportEntry, void> {
  for (;;) {
    const length = await lineLength(source);
    if (length < 0) break;
    const { offset, held } = source;
    if (length > MAX_LINE_BYTES) {
      yield await skippedLine(source);
      continue;
    }
    const line = held.subarray(0, length);
    source.take(length + 1);
    const entry = entryOf(line, offset);
    if (entry !== undefined) yield entry;
  }
  const { offset, held } = source;
  if (held.length > 0) {
    yield { kind: 'torn', offset, bytes: held.length, reason: 'the last line is not complete' };
  }
  source.take(held.length);
}

/** Reads on until a line is held; more than MAX_LINE_BYTES where it is too long, −1 for none. */
async function lineLength(source: ByteSource): Promise<number> {
  let from = 0;
  for (;;) {
    const newline = source.held.indexOf(NEWLINE, from);
    if (newline >= 0) return newline;
    from = source.held.length;
    if (from > MAX_LINE_BYTES) return from;
    // Twice as much each time: a long line is copied as often as it doubles.
    if (!(await source.hold(2 * from + 1)) && source.held.length === from) return -1;
  }
}

async function skippedLine(source: ByteSource): Promise<ExportDamage> {
  const { offset } = source;
  for (;;) {
    const newline = source.held.indexOf(NEWLINE);
    source.take(newline < 0 ? source.held.length : newline + 1);
    if (newline >= 0 || !(await source.hold(1))) break;
  }
  const bytes = source.offset - offset;
  const reason = `a line must have at most ${MAX_LINE_BYTES} bytes, got ${bytes}`;
  return { kind: source.isEnded && source.held.length === 0 ? 'torn' : 'corrupt', offset, bytes, reason };
}

/** Nothing for the line that begins a file. @throws SfuStatsError UNREADABLE_FILE for a version that is not known */
function entryOf(bytes: Buffer, offset: number): ExportEntry | undefined {
  const corrupt = (reason: string): ExportDamage => ({
    kind: 'corrupt',
    offset,
    bytes: bytes.length + 1,
    reason,
  });
  if (!isUtf8(bytes)) return corrupt('a line must be UTF-8');
  const line = bytes.toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return corrupt('a line must be JSON');
  }
  if (!isObject(parsed)) return corrupt('a line must be a JSON object');
  const { kind } = parsed;
  if (kind === 'file') {
    if (parsed.version !== VERSION) throw unreadable(`its version is not ${VERSION}, the one that is known`);
    return undefined;
  }
  if (!KINDS.includes(kind)) return corrupt(`"kind" must be one of file, ${KINDS.join(', ')}`);
  const record = kind as 'stat';
  const { [record]: json, protobuf } = parsed;
  if (isObject(json)) return new ExportRecord(record, offset, line, json, undefined);
  if (typeof protobuf !== 'string') return corrupt(`a line must have "${record}" or "protobuf"`);
  return new ExportRecord(record, offset, line, undefined, Buffer.from(protobuf, 'base64'));
}

function isObject(value: unknown): value is JsonMessageObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
