import { expect, test } from 'vitest';
import { describeKills, expectKept } from '../exporters/file/kill-drill.js';
import { Mutant } from '../helpers/mutant.js';

describeKills(100);

test('the control shows the loss: a record is acknowledged before it is written', async () => {
  const FILE_EXPORTER = 'src/exporters/file/file-exporter.js';
  using mutant = new Mutant([
    {
      file: FILE_EXPORTER,
      from: 'async #writeFirst(count) {',
      to: 'async #writeFirst(count) { for (let n = 0; n < count; n++) this.books.sent(this.#queue.at(n));',
    },
    {
      file: FILE_EXPORTER,
      from: 'this.#queue.sent(count)',
      to: 'this.#queue.drop(count, ExportDrop.REFUSED)',
    },
  ]);
  const kept = expectKept('a control', { form: 'jsonl', fsync: 'batch' }, 40, mutant.url);
  await expect(kept).rejects.toThrow(
    /^round \d+, killed after .*: expected \d+ to be greater than or equal to/,
  );
});
