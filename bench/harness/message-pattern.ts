import { seededRandom, shuffled } from './random.js';

/** Which recorder each message goes to, and how large it is; repeated from the beginning when it is over. */
export class MessagePattern {
  readonly name: string;
  readonly recorders: number;
  readonly order: Int32Array;
  readonly sizes: Int32Array;
  readonly #bytes: number;

  constructor(name: string, recorders: number, order: Int32Array) {
    this.name = name;
    this.recorders = recorders;
    this.order = order;
    const random = seededRandom(7);
    this.sizes = order.map(() => 40 + Math.floor(random() * 1_400));
    this.#bytes = this.sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Bytes of the first so many messages. */
  bytesOf(messages: number): number {
    const { length } = this.order;
    let bytes = Math.floor(messages / length) * this.#bytes;
    for (let n = 0; n < messages % length; n++) bytes += this.sizes[n]!;
    return bytes;
  }
}

export const ONE_HOT = '1 hot';
export const IN_TURN = '10k in turn';
export const AT_RANDOM = '100k at random';

export const oneHot = (): MessagePattern => new MessagePattern(ONE_HOT, 1, new Int32Array(10_000));
export const inTurn = (recorders = 10_000, name = IN_TURN): MessagePattern =>
  new MessagePattern(
    name,
    recorders,
    Int32Array.from({ length: recorders }, (_, n) => n),
  );
export const atRandom = (recorders = 100_000, name = AT_RANDOM): MessagePattern =>
  new MessagePattern(name, recorders, shuffled(recorders));
