/** What a terminal would take for more than text, or show as less. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]|\p{Surrogate}/u;

/** @throws Error unless a text is one line that a terminal shows as it is, of no more characters than may be */
export function expectShowable(text: string, characters = 2_000): void {
  if (text.length <= characters && !UNSEEN.test(text)) return;
  throw new Error(`not to be shown: ${text.length} characters: ${JSON.stringify(text.slice(0, 200))}`);
}
