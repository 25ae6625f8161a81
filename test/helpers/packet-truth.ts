import { countryCode, countryName } from '../../dist/src/memory/countries.js';
import { PacketCounts } from '../../dist/src/memory/packet-counts.js';
import type { Direction } from '../../dist/src/memory/totals.js';
import type { CountryCounts } from '../../dist/src/snapshot/packet-counter.js';

const { WORDS } = PacketCounts;
export const COUNT_NAMES = [
  'packets',
  'bytes',
  'retransmitPackets',
  'retransmitBytes',
  'nacks',
  'plis',
  'firs',
] as const;
export type NamedCounts = Record<(typeof COUNT_NAMES)[number], number>;

/** What one country's direction counts, by name. */
export function namedCounts(counts: CountryCounts | undefined, direction: Direction): NamedCounts {
  const at = direction * WORDS;
  return Object.fromEntries(COUNT_NAMES.map((name, i) => [name, counts?.[at + i] ?? 0])) as NamedCounts;
}

/** What is not zero of a reading, by country and direction: "DE 1 packets". */
export function flatCounts(reading: ReadonlyMap<number, CountryCounts>): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const [country, counts] of reading) {
    counts.forEach((value, i) => {
      if (value !== 0)
        flat[`${countryName(country)} ${Math.floor(i / WORDS)} ${COUNT_NAMES[i % WORDS]}`] = value;
    });
  }
  return flat;
}

/** Countries that tests record for; "" is none. */
export const COUNTRIES = ['', 'DE', 'FR', 'NZ'] as const;

/**
 * What was recorded, in shared memory: the recording thread writes it before it records, so that a counter that says
 * more than this has counted something twice.
 */
export class PacketTruth {
  readonly words: Float64Array;

  constructor(readonly buffer = new SharedArrayBuffer(8 * COUNTRIES.length * 2 * WORDS)) {
    this.words = new Float64Array(buffer);
  }

  add(country: string, direction: Direction, counts: Partial<NamedCounts>): void {
    const at = (2 * COUNTRIES.indexOf(country as (typeof COUNTRIES)[number]) + direction) * WORDS;
    COUNT_NAMES.forEach((name, i) => {
      this.words[at + i]! += counts[name] ?? 0;
    });
  }

  /** As a `PacketCounter` reads it. */
  reading(): Map<number, Float64Array> {
    return new Map(
      COUNTRIES.map((country, i) => [
        country === '' ? 0 : countryCode(country),
        this.words.slice(i * 2 * WORDS, (i + 1) * 2 * WORDS),
      ]),
    );
  }
}
