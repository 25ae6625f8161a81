import type { MessagePattern } from '../harness/message-pattern.js';

/** What a rival counted since it was made. */
export interface Counted {
  readonly messages: number;
  /** Absent where the rival does not keep it exactly. */
  readonly bytes?: number;
}

/** A rival made ready for one pattern. */
export interface MessageCounter {
  /** Accounts the next `calls` messages of the pattern, bytes and count. */
  batch(): void;
  /** Empties what was filled; not timed. */
  settle?(): void;
  counted(): Counted | Promise<Counted>;
}

/** A way to account messages: bytes and count of one recorder among many. */
export interface MessageRival {
  readonly name: string;
  /** Messages a batch; divides the length of every pattern. */
  readonly calls: number;
  /** More recorders than this it cannot hold in sensible memory. */
  readonly maxRecorders?: number;
  prepare(pattern: MessagePattern): MessageCounter;
}

/** Goes through a pattern in batches, and begins again at its end. */
export function inBatches(
  pattern: MessagePattern,
  calls: number,
  run: (from: number, to: number) => void,
): () => void {
  const { length } = pattern.order;
  if (length % calls !== 0) throw new RangeError(`${calls} calls a batch do not divide ${length}`);
  let at = 0;
  return () => {
    run(at, at + calls);
    at = at + calls === length ? 0 : at + calls;
  };
}
