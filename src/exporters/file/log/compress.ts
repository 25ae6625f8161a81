import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const CHUNK_BYTES = 128 * 1024;
/** Measured on JSON Lines: 7 % larger than at level 6, in 40 % of its time, which is taken from the SFU. */
const LEVEL = 4;

/** Compresses a file into another, which is on the disk when this resolves. The work is done by Node's own threads. */
export async function compressFile(
  from: string,
  to: string,
  mode: number,
  signal: AbortSignal,
): Promise<void> {
  await pipeline(
    createReadStream(from, { highWaterMark: CHUNK_BYTES }),
    createGzip({ level: LEVEL, chunkSize: CHUNK_BYTES }),
    createWriteStream(to, { mode, flags: 'w' }),
    { signal },
  );
  const file = await open(to, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}
