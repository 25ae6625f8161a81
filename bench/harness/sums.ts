/** What was counted is not what was timed: the bench measured something else, or something was lost. */
export class SumsDifferError extends Error {
  override readonly name = 'SumsDifferError';

  constructor(what: string, expected: number, found: number) {
    super(`${what}: ${found} instead of ${expected}`);
  }
}

/** @throws SumsDifferError */
export function checkSum(what: string, expected: number, found: number): void {
  if (found !== expected) throw new SumsDifferError(what, expected, found);
}
