import type { ExporterStatus, StatsEngine } from '../../index.js';
import { grouped } from './figures.js';

/** An exporter says within this long whether it listens or was refused. */
const SETTLED_WITHIN_MS = 2_000;

/** Exporters, without the listeners in this process. */
function exportersOf(engine: StatsEngine): ExporterStatus[] {
  return engine.status().exporters.filter(({ name }) => name !== 'callback');
}

/** Where each exporter listens or sends to, as soon as they know; one line each. */
export async function exporterAddresses(engine: StatsEngine): Promise<string[]> {
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  while (performance.now() < deadline && exportersOf(engine).some(({ state }) => state === 'starting')) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return exportersOf(engine).map(({ name, address, error }) => {
    return `Exporter ${name}: ${address === '' ? 'not yet there' : address}${error === '' ? '' : `; ${error}`}`;
  });
}

/** What became of what each exporter was offered; one line each. */
export function exporterOutcomes(engine: StatsEngine): string[] {
  return exportersOf(engine).map(({ name, sent, queued, dropped, retries, resent, error }) => {
    const lost = Object.entries(dropped)
      .filter(([, { batches }]) => batches > 0)
      .map(([reason, { batches }]) => `${grouped(batches)} dropped (${reason})`);
    const counts = [
      `${grouped(sent.batches)} batches sent`,
      ...(queued.batches > 0 ? [`${grouped(queued.batches)} queued`] : []),
      ...(lost.length > 0 ? lost : ['0 dropped']),
      `${grouped(retries)} retries`,
      ...(resent > 0 ? [`${grouped(resent)} sent again`] : []),
    ];
    return `Exporter ${name}: ${counts.join(', ')}${error === '' ? '' : `; ${error}`}.`;
  });
}
