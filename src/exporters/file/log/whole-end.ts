import { crc32 } from 'node:zlib';
import { FileForm, FORM_RULES } from '../forms/file-forms.js';
import { FRAMES_HEADER, FrameHead, readFrameHead } from '../forms/frames.js';
import type { OpenFile } from './file-system.js';

/** What a file that is there already turned out to be. */
export type FileState =
  /** One to go on with, from `end`; what is behind was torn. */
  | { readonly state: 'ours'; readonly end: number }
  /** Written by this exporter in another form or version, or damaged: not to be gone on with. */
  | { readonly state: 'retired'; readonly why: string }
  | { readonly state: 'foreign' };

const WINDOW_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
/** How files in any form and version begin. */
const OUR_BEGINNINGS = [
  new TextEncoder().encode('{"kind":"file","format":"sfu-stats",'),
  FRAMES_HEADER.subarray(0, -1),
];

/** Looks a file over that an earlier writer left. */
export async function inspectFile(file: OpenFile, size: number, form: FileForm): Promise<FileState> {
  const { header } = FORM_RULES[form];
  const beginning = await read(file, 0, Math.min(size, header.length));
  if (Buffer.compare(beginning, header) !== 0) {
    if (Buffer.compare(beginning, header.subarray(0, beginning.length)) === 0) return ours(0);
    const start = await read(file, 0, Math.min(size, WINDOW_BYTES));
    const isOurs = OUR_BEGINNINGS.some((known) => start.subarray(0, known.length).equals(known));
    return isOurs ? { state: 'retired', why: 'it has another form or version' } : { state: 'foreign' };
  }
  return form === FileForm.MSGPACK ? lastFrameEnd(file, size) : ours(await lastLineEnd(file, size));
}

const ours = (end: number): FileState => ({ state: 'ours', end });

/** Behind the last newline; the header has one. */
async function lastLineEnd(file: OpenFile, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - WINDOW_BYTES);
    const newline = (await read(file, from, end - from)).lastIndexOf(NEWLINE);
    if (newline >= 0) return from + newline + 1;
    end = from;
  }
  return 0;
}

/** Goes from head to head; of the last frame, which alone can be torn in its middle, the payload is checked. */
async function lastFrameEnd(file: OpenFile, size: number): Promise<FileState> {
  let window: Buffer = Buffer.alloc(0);
  let windowAt = 0;
  let at = FRAMES_HEADER.length;
  while (at < size) {
    if (at + FrameHead.BYTES > size) return ours(at);
    if (at + FrameHead.BYTES > windowAt + window.length) {
      windowAt = at;
      window = await read(file, at, Math.min(size - at, WINDOW_BYTES));
    }
    const head = readFrameHead(window, at - windowAt);
    if (head === undefined) {
      if (await isZeros(file, at, size)) return ours(at);
      return { state: 'retired', why: `it is damaged at byte ${at}` };
    }
    const next = at + FrameHead.BYTES + head.length;
    if (next > size) return ours(at);
    if (next === size) {
      const isWhole = crc32(await read(file, at + FrameHead.BYTES, head.length)) === head.check;
      return ours(isWhole ? next : at);
    }
    at = next;
  }
  return ours(at);
}

/** A file system that crashed may have made a file longer without anything in it. */
async function isZeros(file: OpenFile, from: number, end: number): Promise<boolean> {
  for (let at = from; at < end; at += WINDOW_BYTES) {
    const bytes = await read(file, at, Math.min(end - at, WINDOW_BYTES));
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}

async function read(file: OpenFile, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
