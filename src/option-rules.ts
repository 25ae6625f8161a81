import { ErrorCode, refused, SfuStatsError } from './errors.js';

/** Checks that all options of one scope share; their errors name `scope.field`, or the scope where the field is "". */
export interface OptionRules {
  invalid(field: string, rule: string, value: unknown): SfuStatsError;
  /** The same for a value that may hold a secret: `got` says what it is, in words. */
  invalidSecret(field: string, rule: string, got: string): SfuStatsError;
  /** @throws for a name nobody knows: a misspelt option would be one that is ignored */
  ensureKnown(known: ReadonlySet<string>, given: object, field: string): void;
  /** @throws for what is no whole number in the range */
  whole(field: string, value: unknown, least: number, most: number): number;
}

/** @param scope the option these are part of, as `webhooks` */
export function optionRules(scope: string): OptionRules {
  const nameOf = (field: string): string => (field === '' ? scope : `${scope}.${field}`);
  const invalid = (field: string, rule: string, value: unknown): SfuStatsError =>
    refused(ErrorCode.INVALID_OPTION, nameOf(field), rule, value);
  return {
    invalid,
    invalidSecret(field, rule, got) {
      const name = nameOf(field);
      const message = `${name} must be ${rule}, got ${got}`;
      return new SfuStatsError(ErrorCode.INVALID_OPTION, message, { field: name, rule, value: got });
    },
    ensureKnown(known, given, field) {
      for (const name of Object.keys(given)) {
        if (!known.has(name)) throw invalid(field, 'a known option', name);
      }
    },
    whole(field, value, least, most) {
      if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
        return value as number;
      }
      throw invalid(field, `a whole number from ${least} to ${most}`, value);
    },
  };
}

/** What a value is, in words that quote nothing of it. */
export function kindOf(value: unknown): string {
  if (value === '') return 'an empty string';
  if (value === undefined || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
