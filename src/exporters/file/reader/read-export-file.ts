import { FRAMES_HEADER } from '../forms/frames.js';
import { ByteSource, unreadable } from './byte-source.js';
import type { ExportEntry } from './export-entry.js';
import { readFrames } from './read-frames.js';
import { readLines } from './read-lines.js';

const NAME = FRAMES_HEADER.subarray(0, -1);
const OPEN_BRACE = 0x7b;

/**
 * Reads what the file exporter wrote: JSON Lines or msgpack, also gzipped, also while it is being written. It gives
 * the records in their order, and what is damaged in its place; it holds one record and a little more at a time.
 * Any thread.
 *
 * @param source a path, or the file's bytes
 * @throws SfuStatsError UNREADABLE_FILE when it is missing, not such a file, or of a version that is not known
 */
export async function* readExportFile(
  source: string | AsyncIterable<Uint8Array>,
): AsyncGenerator<ExportEntry, void, undefined> {
  const bytes = new ByteSource(source);
  try {
    await bytes.gunzipIfCompressed();
    let last: ExportEntry['kind'] | undefined;
    for await (const entry of readWhole(bytes)) {
      last = entry.kind;
      yield entry;
    }
    const { damage, offset } = bytes;
    if (damage !== undefined) {
      const kind = (damage as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? 'torn' : 'corrupt';
      // It tore the record too, and that was told.
      if (kind === 'torn' && last === 'torn') return;
      yield { kind, offset, bytes: 0, reason: `the compression is damaged: ${damage.message}` };
    }
  } finally {
    await bytes.close();
  }
}

async function* readWhole(source: ByteSource): AsyncGenerator<ExportEntry, void> {
  await source.hold(FRAMES_HEADER.length);
  const start = source.held.subarray(0, FRAMES_HEADER.length);
  if (start.length === 0) return;
  const isNamed = start.subarray(0, NAME.length).equals(NAME.subarray(0, start.length));
  if (isNamed && start.length === FRAMES_HEADER.length) {
    if (!start.equals(FRAMES_HEADER)) throw unreadable(`its version is not ${FRAMES_HEADER.at(-1)}`);
    source.take(FRAMES_HEADER.length);
    yield* readFrames(source);
  } else if (start[0] === OPEN_BRACE || isNamed || start.every((byte) => byte === 0)) {
    yield* readLines(source);
  } else throw unreadable('it is not a file of the file exporter');
}
