import { existsSync } from 'node:fs';
import { readExportFile } from '../../dist/src/index.js';

/** Packets of media tracks in a file of the file exporter; of one that is not there, none. */
export async function exportedPackets(path: string): Promise<number> {
  let packets = 0;
  if (!existsSync(path)) return packets;
  for await (const entry of readExportFile(path)) {
    if (entry.kind !== 'stat') continue;
    const { trackId, streams } = entry.toMessage();
    // Of data, packets are messages.
    if (trackId.startsWith('TR_DT')) continue;
    for (const { primaryPackets } of streams) packets += primaryPackets;
  }
  return packets;
}
