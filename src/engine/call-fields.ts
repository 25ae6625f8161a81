import { toUSVString } from 'node:util';
import { ErrorCode, refused } from '../errors.js';
import { MAX_NAME_LENGTH } from '../record/refs.js';

/** Text of an argument, without halves of surrogate pairs. @throws SfuStatsError INVALID_ARGUMENT */
export function textOf(field: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_NAME_LENGTH) return toUSVString(value);
  throw refused(
    ErrorCode.INVALID_ARGUMENT,
    field,
    `a string of at most ${MAX_NAME_LENGTH} characters`,
    value,
  );
}

/** @throws SfuStatsError INVALID_ARGUMENT */
export function flagOf(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw refused(ErrorCode.INVALID_ARGUMENT, field, 'true or false', value);
}

/**
 * Enums and layers: what protobuf cannot hold would only be found when the event is told.
 * @throws SfuStatsError INVALID_ARGUMENT
 */
export function int32Of(field: string, value: unknown): number {
  if (Number.isInteger(value) && value === ((value as number) | 0)) return value as number;
  throw refused(ErrorCode.INVALID_ARGUMENT, field, 'a whole number of 32 bits', value);
}
