/**
 * What a terminal may take for something else than text: control characters (escape sequences begin with one), marks that
 * turn writing around or have no width, line separators, halves of characters.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\p{Surrogate}/gu;

/** Hostile text in one line that shows all that is in it: a control character as `\u001b`, as JSON has it. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) =>
    // Some are two halves.
    Array.from({ length: character.length }, (_, n) => escaped(character.charCodeAt(n))).join(''),
  );
}

const escaped = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
