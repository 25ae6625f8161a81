import { createBoard } from '../memory/board.js';
import { type CellsMemory, cellsLayout, createCells } from '../memory/cells.js';
import { createEventRing } from '../memory/event-ring.js';
import { createExporterBooks } from '../memory/exporter-books.js';
import { createHttpCounts } from '../memory/http-counts.js';
import { createLedger, type LedgerMemory, type LedgerSizes, ledgerLayout } from '../memory/ledger.js';
import { createShard, type ShardMemory, type ShardSizes, shardLayout } from '../memory/shard.js';
import { StreamCounts } from '../memory/stream-counts.js';
import { createTelemetryMemory, type TelemetryMemory, telemetryBytes } from '../memory/telemetry-ledger.js';
import type { ResolvedOptions } from '../options.js';
import type { ExporterMemory } from './messages.js';
import { REGISTRY_LIMITS } from './registry.js';

/** All shared memory of an engine, reserved once. */
export interface EngineMemory {
  readonly shards: readonly ShardMemory[];
  /** Of each recording thread, by lane; lane 0 is the host's. */
  readonly threads: readonly { readonly cells: CellsMemory; readonly events: SharedArrayBuffer }[];
  readonly board: Float64Array;
  readonly ledger: LedgerMemory;
  readonly telemetry: TelemetryMemory;
  /** What is to be sent out of the process, by whom; listeners in the host come first. */
  readonly exporters: readonly ExporterMemory[];
  /** What the metrics listener has answered. */
  readonly httpCounts: Float64Array;
}

/** Rooms whose sequence numbers go on: all that may be known, and as many again that may be late. */
const SEQUENCES = REGISTRY_LIMITS.rooms + 65_536;

type Sizes = Pick<
  ResolvedOptions,
  'shards' | 'tracks' | 'streams' | 'ports' | 'ringBytes' | 'eventRingBytes' | 'scoreBlocks'
>;

function shardSizes({ shards, tracks, ports, ringBytes, scoreBlocks }: Sizes): ShardSizes {
  return { lanes: 1 + ports, laneSlots: Math.ceil(tracks / shards), ringWords: ringBytes / 8, scoreBlocks };
}

function ledgerSizes({ shards, ports }: Sizes): LedgerSizes {
  return { shards, lanes: 1 + ports, metricWords: StreamCounts.WORDS };
}

/** Slots of one recording thread: `tracks`, rounded up to a whole number a shard. */
const threadSlots = (sizes: Sizes): number => shardSizes(sizes).laneSlots * sizes.shards;

/** Reserves everything. The operating system gives a page when it is first written. */
export function createMemory(sizes: Sizes, exporters: readonly string[] = []): EngineMemory {
  const slots = threadSlots(sizes);
  return {
    shards: Array.from({ length: sizes.shards }, () => createShard(shardSizes(sizes))),
    threads: Array.from({ length: 1 + sizes.ports }, () => ({
      cells: createCells(slots, sizes.streams),
      events: createEventRing(sizes.eventRingBytes),
    })),
    board: createBoard(),
    ledger: createLedger(ledgerSizes(sizes)),
    telemetry: createTelemetryMemory(SEQUENCES),
    httpCounts: createHttpCounts(),
    exporters: ['callback', ...exporters].map((name) => ({ name, books: createExporterBooks() })),
  };
}

/**
 * Bytes of shared memory an engine of these sizes reserves. About
 * `(1 + ports) * (1,040 * tracks + 32 * streams + shards * ringBytes + eventRingBytes + 22,000)
 * + 68 * shards * scoreBlocks + 6,535,000`.
 */
export function memoryBytes(sizes: Sizes): number {
  const shard = shardLayout(shardSizes(sizes)).bytes;
  const cells = cellsLayout(threadSlots(sizes), sizes.streams).bytes;
  const { events, board } = {
    events: createEventRing(8).byteLength - 8 + sizes.eventRingBytes,
    board: createBoard().byteLength,
  };
  return (
    sizes.shards * shard +
    (1 + sizes.ports) * (cells + events) +
    board +
    telemetryBytes(SEQUENCES) +
    ledgerLayout(ledgerSizes(sizes)).bytes
  );
}
