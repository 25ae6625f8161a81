import { crc32 } from 'node:zlib';
import { Unpackr } from 'msgpackr/unpack';
import { BatchKind } from '../../batch.js';
import { BadBatch, itemPlaces } from '../forms/batch-items.js';
import { FrameHead, type FramePayload, readFrameHead } from '../forms/frames.js';
import { JsonItems } from '../forms/json-items.js';
import { RECORD_OF_BATCH } from '../forms/record-names.js';
import type { ByteSource } from './byte-source.js';
import { type ExportDamage, type ExportEntry, ExportRecord, type JsonMessageObject } from './export-entry.js';

/** Read ahead while looking for the next frame behind damage. */
const WINDOW_BYTES = 64 * 1024;

const unpackr = new Unpackr({ useRecords: false });
/** One for the thread: a line is made without a break. */
const items = new JsonItems();
const KINDS: readonly unknown[] = Object.values(BatchKind);

/** The frames of a file, behind its header. After damage it goes on with the next frame that is whole. */
export async function* readFrames(source: ByteSource): AsyncGenerator<ExportEntry, void> {
  while (await source.hold(1)) {
    const { offset } = source;
    if (!(await source.hold(FrameHead.BYTES))) {
      yield tornHere(source);
      return;
    }
    const head = readFrameHead(source.held, 0);
    if (head === undefined) {
      yield await skipToFrame(source);
      continue;
    }
    const end = FrameHead.BYTES + head.length;
    if (!(await source.hold(end))) {
      yield tornHere(source);
      return;
    }
    const payload = source.held.subarray(FrameHead.BYTES, end);
    source.take(end);
    if (crc32(payload) !== head.check) {
      const isLast = !(await source.hold(1));
      yield {
        kind: isLast ? 'torn' : 'corrupt',
        offset,
        bytes: end,
        reason: 'a frame does not match its check',
      };
      continue;
    }
    try {
      yield* recordsOf(payload, offset);
    } catch (error) {
      if (!(error instanceof BadBatch)) throw error;
      yield { kind: 'corrupt', offset, bytes: end, reason: error.message };
    }
  }
}

function tornHere(source: ByteSource): ExportDamage {
  const { offset, held } = source;
  source.take(held.length);
  return { kind: 'torn', offset, bytes: held.length, reason: 'the last frame is not complete' };
}

/** Goes on to the next place that can be a frame's head. Zeros up to the end are what a crashed file system leaves. */
async function skipToFrame(source: ByteSource): Promise<ExportDamage> {
  const { offset } = source;
  let isZeros = source.held.subarray(0, FrameHead.BYTES).every((byte) => byte === 0);
  source.take(1);
  while (await source.hold(FrameHead.BYTES)) {
    await source.hold(WINDOW_BYTES);
    const { held } = source;
    const last = held.length - FrameHead.BYTES;
    let at = 0;
    while (at <= last && readFrameHead(held, at) === undefined) {
      isZeros &&= held[at + FrameHead.BYTES - 1] === 0;
      at++;
    }
    source.take(at);
    if (at <= last) {
      return { kind: 'corrupt', offset, bytes: source.offset - offset, reason: 'no frame begins here' };
    }
  }
  source.take(source.held.length);
  const bytes = source.offset - offset;
  if (isZeros) return { kind: 'torn', offset, bytes, reason: 'the file ends in zeros' };
  return { kind: 'corrupt', offset, bytes, reason: 'no frame begins here' };
}

/** @throws BadBatch */
function* recordsOf(payload: Buffer, offset: number): Generator<ExportEntry, void> {
  const batch = unpack(payload);
  const kind = RECORD_OF_BATCH[batch.kind] as 'stat';
  for (const { from, end } of itemPlaces(batch)) {
    const bytes = batch.bytes.subarray(from, end);
    items.append(kind, bytes, 0, bytes.length);
    const line = Buffer.from(items.take()).toString('utf8', 0).slice(0, -1);
    const { [kind]: json } = JSON.parse(line) as Record<string, JsonMessageObject | undefined>;
    yield new ExportRecord(kind, offset, line, json, bytes);
  }
}

function unpack(payload: Buffer): FramePayload {
  let unpacked: unknown;
  try {
    unpacked = unpackr.unpack(payload);
  } catch (error) {
    throw new BadBatch(`a frame must be msgpack: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { kind, bytes } = (unpacked ?? {}) as Partial<FramePayload>;
  if (!KINDS.includes(kind)) throw new BadBatch(`"kind" must be one of ${KINDS.join(', ')}`);
  if (!(bytes instanceof Uint8Array)) throw new BadBatch('a frame must have "bytes"');
  return unpacked as FramePayload;
}
