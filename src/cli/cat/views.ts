import type { ExportRecord } from '../../index.js';
import { visible } from '../../visible.js';
import type { Colors } from '../colors.js';
import { csvHead, csvLine } from './csv.js';
import { rowOf } from './row.js';
import { TableLines } from './table-lines.js';

/** How records are printed. */
export interface View {
  /** Text that is ready to be printed after another record; often none. */
  add(record: ExportRecord): string;
  /** What is left. */
  end(): string;
}

export function viewOf(
  { json = false, csv = false }: { readonly json?: boolean; readonly csv?: boolean },
  colors: Colors,
): View {
  if (json) return new JsonView();
  return csv ? new CsvView() : new TableLines(colors);
}

/** Lines as the file has them; what a terminal would take for more than text is escaped, the value is the same. */
class JsonView implements View {
  add({ line }: ExportRecord): string {
    // Between values a tab or a carriage return is a space; in a text neither stands as it is.
    return `${visible(line.replaceAll(/[\t\r]/g, ' '))}\n`;
  }

  end(): string {
    return '';
  }
}

class CsvView implements View {
  #head = csvHead();

  add(record: ExportRecord): string {
    return this.#withHead(csvLine(rowOf(record)));
  }

  end(): string {
    return this.#withHead('');
  }

  #withHead(line: string): string {
    const text = this.#head + line;
    this.#head = '';
    return text;
  }
}
