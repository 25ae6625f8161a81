/** What a batch holds. */
export const BatchKind = { STATS: 'stats', EVENTS: 'events', NODE_ROOMS: 'nodeRooms' } as const;
export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind];

/** What of the engine's books a batch carries: zeros, but for stats. */
export interface BatchTotals {
  readonly samples: number;
  readonly messages: number;
  /** Of media: primary, retransmitted and padding. */
  readonly packets: number;
  readonly bytes: number;
}

export const NO_TOTALS: BatchTotals = Object.freeze({ samples: 0, messages: 0, packets: 0, bytes: 0 });

/** The rows stats were made from, for those who listen in the host. */
export interface BatchDetail {
  readonly flush: number;
  /** Engine time of the flush, ms. */
  readonly time: number;
  readonly originEpochMs: number;
  /** One Row after another, in the order of the stats. */
  readonly rows: Float64Array<ArrayBuffer>;
  /** For each row the number of words of its streams, then those. */
  readonly streams: Float64Array<ArrayBuffer>;
}

export interface BatchFields {
  readonly kind: BatchKind;
  /** `livekit.AnalyticsStats`, `livekit.AnalyticsEvents` or `livekit.AnalyticsNodeRooms` in protobuf. */
  readonly bytes: Uint8Array;
  /** Stats or events in it; 1 for a report of rooms. */
  readonly items: number;
  /** When it was made, milliseconds since 1970. */
  readonly timeMs: number;
  readonly totals: BatchTotals;
  /** Only with stats, and only while somebody in the host listens. */
  readonly detail?: BatchDetail | undefined;
}

/**
 * One message for exporters, encoded once and shared by all of them: nobody writes to its bytes. It travels whole:
 * sent, or dropped with all that is in it.
 */
export class Batch implements BatchFields {
  readonly kind: BatchKind;
  readonly bytes: Uint8Array;
  readonly items: number;
  readonly timeMs: number;
  readonly totals: BatchTotals;
  readonly detail: BatchDetail | undefined;
  readonly #forms = new Map<string, unknown>();

  constructor({ kind, bytes, items, timeMs, totals, detail }: BatchFields) {
    this.kind = kind;
    this.bytes = bytes;
    this.items = items;
    this.timeMs = timeMs;
    this.totals = totals;
    this.detail = detail;
  }

  /** The batch in another form, made at the first call and shared by all who want the same. */
  inForm<T>(form: string, make: (batch: Batch) => T): T {
    if (!this.#forms.has(form)) this.#forms.set(form, make(this));
    return this.#forms.get(form) as T;
  }
}
