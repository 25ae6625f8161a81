import type { AnalyticsEvent, AnalyticsNodeRooms, AnalyticsStat } from '@livekit/protocol';
import { decode } from '../../../snapshot/decode.js';
import { RECORD_TYPES } from '../forms/json-items.js';
import type { RecordKind } from '../forms/record-names.js';

/** A message in protobuf's JSON mapping. */
export type JsonMessageObject = Readonly<Record<string, unknown>>;

interface Messages {
  readonly stat: AnalyticsStat;
  readonly event: AnalyticsEvent;
  readonly nodeRooms: AnalyticsNodeRooms;
}

/** One stat, event or report of rooms of a file. */
export class ExportRecord<K extends RecordKind = RecordKind> {
  readonly kind: K;
  /** Where its line or frame begins, bytes; of what is in it, where the file is compressed. */
  readonly offset: number;
  /** Its line of JSON, without the newline, as docs/file-format.md has it; frames are told in the same way. */
  readonly line: string;
  /** The message in protobuf's JSON mapping; undefined where it has none, for a time of the year 10,000. */
  readonly json: JsonMessageObject | undefined;
  readonly #bytes: Uint8Array | undefined;

  constructor(
    kind: K,
    offset: number,
    line: string,
    json: JsonMessageObject | undefined,
    bytes: Uint8Array | undefined,
  ) {
    this.kind = kind;
    this.offset = offset;
    this.line = line;
    this.json = json;
    this.#bytes = bytes;
  }

  /** The message as LiveKit's class has it. @throws what the class does, for a value it does not take */
  toMessage(): Messages[K] {
    const type = RECORD_TYPES[this.kind];
    const message =
      this.#bytes === undefined
        ? type.fromJson(this.json as never, { ignoreUnknownFields: true })
        : decode(type, this.#bytes);
    return message as Messages[K];
  }
}

/** Something in a file that is no record. */
export interface ExportDamage {
  /** `torn`: the last record is not whole, it is being written or a crash cut it. `corrupt`: anything else. */
  readonly kind: 'torn' | 'corrupt';
  readonly offset: number;
  readonly bytes: number;
  /** What is wrong, in words. */
  readonly reason: string;
}

export type ExportEntry =
  | ExportRecord<'stat'>
  | ExportRecord<'event'>
  | ExportRecord<'nodeRooms'>
  | ExportDamage;
