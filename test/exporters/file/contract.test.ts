import { existsSync } from 'node:fs';
import { describeExporterContract } from '../../helpers/exporter-contract.js';
import { FileRig, idsIn } from './rig.js';

for (const form of ['jsonl', 'msgpack'] as const) {
  for (const fsync of ['never', 'interval', 'batch'] as const) {
    describeExporterContract(`the one that writes files (${form}, fsync ${fsync})`, {
      async start(limits) {
        const rig = new FileRig({ ...limits, form, fsync });
        return {
          exporter: rig.exporter,
          books: rig.words,
          stall: () => rig.fileSystem.stall(),
          fail: () => {
            rig.fileSystem.failWrites = 'EIO';
          },
          recover: () => rig.fileSystem.recover(),
          arrived: async () => (existsSync(rig.path) ? ((await idsIn(rig.path)) as string[]) : []),
          state: () => rig.report.state,
          dispose: () => rig.dispose(),
        };
      },
    });
  }
}
