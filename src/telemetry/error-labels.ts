import { LABEL_BYTES, MAX_LABELS, TelemetryCells, type TelemetryLedger } from '../memory/telemetry-ledger.js';

/** What errors beyond the first `MAX_LABELS` are counted as. */
export const OVERFLOW_LABEL = 'other';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Numbers for error texts, which come from anywhere: cut, and bounded in number. Timer thread. */
export class ErrorLabels {
  readonly #ledger: TelemetryLedger;
  /** By the label as it is shown. */
  readonly #numbers = new Map<string, number>();

  constructor(ledger: TelemetryLedger) {
    this.#ledger = ledger;
    for (let n = 0; n < ledger.get(TelemetryCells.LABELS); n++) this.#numbers.set(this.text(n), n);
  }

  /** The label's number; undefined for one too many, which is counted. */
  numberOf(error: string): number | undefined {
    const bytes = cut(error);
    const label = decoder.decode(bytes);
    const known = this.#numbers.get(label);
    if (known !== undefined) return known;
    // One that says so is no label of its own: two series of one name are none.
    if (label === OVERFLOW_LABEL) return undefined;
    if (this.#numbers.size === MAX_LABELS) {
      this.#ledger.add(TelemetryCells.LABELS_OVERFLOWED);
      return undefined;
    }
    const number = this.#ledger.addLabel(bytes);
    this.#numbers.set(label, number);
    return number;
  }

  text(number: number): string {
    return decoder.decode(this.#ledger.label(number));
  }
}

/** The first bytes of a text's UTF-8, whole characters only. */
function cut(text: string): Uint8Array {
  const bytes = new Uint8Array(LABEL_BYTES);
  const { written } = encoder.encodeInto(text, bytes);
  return bytes.subarray(0, written);
}
