import { OPS } from './ops.js';
import { type Fields, fieldsOf, isObject } from './schema.js';
import { refusal, TraceError } from './trace-error.js';
import { type OnUnknownField, time } from './values.js';

type Op = keyof typeof OPS;

/** One checked line: `t` in milliseconds since the trace began, `op`, and the fields of that op. */
export type TraceLine = {
  readonly [O in Op]: { readonly t: number; readonly op: O } & Fields<(typeof OPS)[O]>;
}[Op];
/** The lines of some ops. */
export type LineOf<O extends Op> = Extract<TraceLine, { readonly op: O }>;

const READ_BY_CALLER = ['t', 'op'];
const READERS = new Map(
  Object.entries(OPS).map(([op, schema]) => [op, fieldsOf(schema, READ_BY_CALLER)] as const),
);

/**
 * A double cannot tell 2^63 - 1, which may be valid, from 2^63, which is not. Bytes near that limit are read from
 * their digits, as if they had been written as a string.
 */
const NEAR_LIMIT_OF_BYTES = '922337203685477';
const LONG_BYTES = /("(?:bytes|primaryBytes|retransmitBytes|paddingBytes)"\s*:\s*)(\d{19})(?=\s*[,}])/g;

/**
 * Reads and checks one line of a trace.
 * @param line its number, counted from 1.
 * @param onUnknownField told the name of each field that the format does not have; such fields are left out.
 * @throws TraceError that names line, field, rule and value.
 */
export function parseTraceLine(text: string, line: number, onUnknownField: OnUnknownField): TraceLine {
  try {
    const json = parseJson(text);
    const t = time(json.t, 't', onUnknownField);
    const op = json.op;
    const readFields = typeof op === 'string' ? READERS.get(op) : undefined;
    if (readFields === undefined) throw refusal('op', 'an op of the trace format', op);
    return { t, op, ...readFields(json, onUnknownField) } as TraceLine;
  } catch (error) {
    throw error instanceof TraceError ? error.onLine(line) : error;
  }
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text.includes(NEAR_LIMIT_OF_BYTES) ? text.replace(LONG_BYTES, '$1"$2"') : text);
  } catch {
    throw refusal('line', 'one JSON object', text);
  }
  if (!isObject(json)) throw refusal('line', 'one JSON object', json);
  return json;
}
