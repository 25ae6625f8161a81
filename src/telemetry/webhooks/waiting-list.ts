/** A member of a waiting list; the links are the list's own. */
export interface Waiter<W> {
  queuedAt: number;
  before: W | undefined;
  behind: W | undefined;
}

/** All that wait, in the order they came; any of them can leave at a constant price. */
export class WaitingList<W extends Waiter<W>> {
  #oldest: W | undefined;
  #newest: W | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): W | undefined {
    return this.#oldest;
  }

  push(waiter: W): void {
    waiter.before = this.#newest;
    if (this.#newest === undefined) this.#oldest = waiter;
    else this.#newest.behind = waiter;
    this.#newest = waiter;
    this.#size++;
  }

  /** @param waiter one that is in the list */
  remove(waiter: W): void {
    const { before, behind } = waiter;
    if (before === undefined) this.#oldest = behind;
    else before.behind = behind;
    if (behind === undefined) this.#newest = before;
    else behind.before = before;
    waiter.before = waiter.behind = undefined;
    this.#size--;
  }
}
