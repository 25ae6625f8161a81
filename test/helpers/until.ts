/**
 * Takes turns until one says that it is done. A loop in one piece cannot be timed out: code that is broken must
 * fail its test, not hang it.
 */
export function until(turn: () => boolean, turns = 1000): void {
  for (let n = 0; n < turns; n++) if (turn()) return;
  throw new Error(`not done after ${turns} turns`);
}
