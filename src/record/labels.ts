import { ErrorCode, refused } from '../errors.js';
import { countryCode, countryName, NO_COUNTRY } from '../memory/countries.js';
import type { TrackRef } from './refs.js';

/** The highest of livekit's `TrackSource` and `TrackType`. */
const MAX_SOURCE = 4;
const MAX_TYPE = 2;

/** What metrics are labelled with, beside what a recorder is about. */
export interface CountryOption {
  /**
   * Where the client is: two letters (ISO 3166), in capitals or not; "" where it is not known.
   * @default ""
   */
  readonly country?: string;
}

export interface TrackLabelOptions extends CountryOption {
  /**
   * livekit's `TrackSource`. Counts until the engine has seen a `TrackInfo` of the track.
   * @default that of `track`, where it is a `TrackInfo`
   */
  readonly source?: number;
  /**
   * livekit's `TrackType`. Counts until the engine has seen a `TrackInfo` of the track.
   * @default that of `track`, where it is a `TrackInfo`; else what the mime type begins with
   */
  readonly type?: number;
}

/** The number of a country that was given as an option. */
export function countryOption(country: unknown): number {
  if (country === undefined || country === '') return NO_COUNTRY;
  const code = typeof country === 'string' ? countryCode(country) : -1;
  if (code >= 0) return code;
  throw refused(ErrorCode.INVALID_ARGUMENT, 'country', 'two letters (ISO 3166) or ""', country);
}

/** Labels as a slot's identity carries them: only those that were said. */
export interface LabelFields {
  readonly country?: string;
  readonly source?: number;
  readonly type?: number;
}

export function countryField(code: number): LabelFields {
  return code === NO_COUNTRY ? {} : { country: countryName(code) };
}

/** Source and type: as the options say, else as the track's own `TrackInfo` does. */
export function trackLabels({ track, source, type }: TrackLabelOptions & { track: TrackRef }): LabelFields {
  const info: Exclude<TrackRef, string> = typeof track === 'string' ? { sid: track } : track;
  // Both are 0 where nobody has set them.
  const says =
    isKnown(info.source, MAX_SOURCE) && isKnown(info.type, MAX_TYPE) && info.source + info.type > 0;
  return {
    ...enumField('source', source ?? (says ? info.source : undefined), MAX_SOURCE),
    ...enumField('type', type ?? (says ? info.type : undefined), MAX_TYPE),
  };
}

/** A message may come from a later protocol: a value we do not know says nothing. */
function isKnown(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function enumField(field: string, value: unknown, most: number): LabelFields {
  if (value === undefined) return {};
  if (isKnown(value, most)) return { [field]: value };
  throw refused(ErrorCode.INVALID_ARGUMENT, field, `a whole number from 0 to ${most}`, value);
}
