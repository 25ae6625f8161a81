import { AnalyticsEvent, AnalyticsNodeRooms, AnalyticsStat } from '@livekit/protocol';
import { decode } from '../../../snapshot/decode.js';
import { JsonOutput } from '../json/json-output.js';
import { jsonMessage } from '../json/schema.js';
import { JsonTranscoder } from '../json/transcoder.js';
import { RecordKind } from './record-names.js';

/** The longest line; what is longer as JSON is written as protobuf. */
export const MAX_LINE_BYTES = 64 * 2 ** 20;

/** The classes take as long for one item as the transcoder for so much JSON. */
const SLOW_ITEM_BYTES = 16 * 1024;

/** The message a record of each kind holds. */
export const RECORD_TYPES = {
  [RecordKind.STAT]: AnalyticsStat,
  [RecordKind.EVENT]: AnalyticsEvent,
  [RecordKind.NODE_ROOMS]: AnalyticsNodeRooms,
} as const;

const ascii = new TextEncoder();
const NEWLINE = 0x0a;
const CLOSE_BRACE = 0x7d;
const OPENINGS: Readonly<Record<RecordKind, Uint8Array>> = {
  [RecordKind.STAT]: ascii.encode('{"kind":"stat","stat":'),
  [RecordKind.EVENT]: ascii.encode('{"kind":"event","event":'),
  [RecordKind.NODE_ROOMS]: ascii.encode('{"kind":"nodeRooms","nodeRooms":'),
};

/** Writes items as lines of JSON, into an output that it owns. One thread. */
export class JsonItems {
  readonly #out = new JsonOutput();
  readonly #transcoder = new JsonTranscoder(this.#out);
  /** Written by the classes, since the last were taken. */
  #slowItems = 0;

  /** What waits to be taken has taken as long to write as this many bytes as a rule do. */
  get weight(): number {
    return this.#out.length + this.#slowItems * SLOW_ITEM_BYTES;
  }

  take(): Uint8Array {
    this.#transcoder.forget();
    this.#slowItems = 0;
    return this.#out.take();
  }

  /** Appends one line. What has no JSON, a time of the year 10,000, is written as base64 of its protobuf. */
  append(kind: RecordKind, source: Uint8Array, from: number, end: number): void {
    const out = this.#out;
    const start = out.length;
    out.raw(OPENINGS[kind]);
    const type = RECORD_TYPES[kind];
    if (!this.#transcoder.append(jsonMessage(type), source, from, end)) {
      this.#slowItems++;
      try {
        out.raw(ascii.encode(decode(type, source.subarray(from, end)).toJsonString()));
      } catch {
        this.#appendBytes(kind, source.subarray(from, end), start);
      }
    }
    if (out.length - start > MAX_LINE_BYTES - 2) this.#appendBytes(kind, source.subarray(from, end), start);
    out.byte(CLOSE_BRACE);
    out.byte(NEWLINE);
  }

  #appendBytes(kind: RecordKind, bytes: Uint8Array, start: number): void {
    const out = this.#out;
    out.cutTo(start);
    out.ascii(`{"kind":"${kind}","protobuf":"${Buffer.from(bytes).toString('base64')}"`);
  }
}
