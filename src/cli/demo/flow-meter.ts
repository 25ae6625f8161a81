import type { BookTotals } from '../../index.js';
import type { Rates } from './live-view.js';
import type { Traffic } from './traffic.js';

/** Rates are taken over this long: samples come once a second, in bursts. */
const WINDOW_MS = 1_000;

/** Running totals in, rates of about the last second out. */
export class FlowMeter {
  readonly #looks: { readonly atMs: number; readonly traffic: Traffic }[] = [];

  look(atMs: number, traffic: Traffic): { readonly upstream: Rates; readonly downstream: Rates } {
    const looks = this.#looks;
    looks.push({ atMs, traffic: traffic.copy() });
    // The oldest that is kept is at least a window old, where there is one.
    while (looks.length > 2 && looks[1]!.atMs <= atMs - WINDOW_MS) looks.shift();
    const first = looks[0]!;
    const seconds = (atMs - first.atMs) / 1_000;
    return {
      upstream: ratesOf(first.traffic.UPSTREAM, traffic.UPSTREAM, seconds),
      downstream: ratesOf(first.traffic.DOWNSTREAM, traffic.DOWNSTREAM, seconds),
    };
  }
}

function ratesOf(before: BookTotals, now: BookTotals, seconds: number): Rates {
  const rate = (number: keyof BookTotals): number =>
    seconds > 0 ? (now[number] - before[number]) / seconds : 0;
  return { messages: rate('messages'), packets: rate('packets'), bytes: rate('bytes') };
}
