/** Which events are sent: those included if any are named, else all that are not excluded. */
export class EventFilter {
  readonly #names: ReadonlySet<string>;
  readonly #includes: boolean;

  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#includes = include.length > 0;
    this.#names = new Set(this.#includes ? include : exclude);
  }

  isWanted(event: string): boolean {
    return this.#names.has(event) === this.#includes;
  }
}
