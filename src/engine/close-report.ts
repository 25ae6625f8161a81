import type { ExporterLeft } from '../exporters/fan-out.js';
import type { WebhookCloseReport } from '../telemetry/webhooks/webhooks.js';
import { audit, type BookTotals } from './audit.js';
import type { EngineMemory } from './memory-plan.js';
import type { StopReport } from './messages.js';

/** What was left when the engine was closed. */
export interface CloseReport {
  /** Whether everything recorded was reported or dropped, counted, and sent, within the deadline. */
  readonly complete: boolean;
  /** Recorded and neither reported nor dropped, both directions together. */
  readonly left: BookTotals;
  /** Webhooks that were not delivered in time, and dropped; by URL and key. */
  readonly webhooksLeft: WebhookCloseReport['left'];
  /** Batches that exporters could not send in time, and dropped. */
  readonly exportersLeft: readonly ExporterLeft[];
}

/** @param stopped what the timer thread said at its end, if it did */
export function closeReport(memory: EngineMemory, stopped: StopReport | undefined): CloseReport {
  const { rings, windows, rows } = audit(memory).inside;
  const sum = (number: keyof BookTotals): number =>
    [rings, windows, rows].reduce(
      (total, part) => total + part.UPSTREAM[number] + part.DOWNSTREAM[number],
      0,
    );
  const left = {
    samples: sum('samples'),
    messages: sum('messages'),
    packets: sum('packets'),
    bytes: sum('bytes'),
  };
  const webhooksLeft = stopped?.webhooks?.left ?? [];
  const exportersLeft = stopped?.exporters ?? [];
  const nothingLeft = left.samples === 0 && webhooksLeft.length === 0 && exportersLeft.length === 0;
  return { complete: stopped?.complete === true && nothingLeft, left, webhooksLeft, exportersLeft };
}
