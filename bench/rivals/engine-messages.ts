import { type DataRecorder, Direction, StatsEngine } from '../../src/index.js';
import type { MessagePattern } from '../harness/message-pattern.js';
import { checkSum } from '../harness/sums.js';
import { type Counted, inBatches, type MessageRival } from './message-rival.js';

const { UPSTREAM } = Direction;
const CALLS = 10_000;
const ROOM = 'RM_bench';
const PARTICIPANT = 'PA_bench';

export const HANDLE_FORM = 'recorder.addBytes (handle form)';
export const SLOT_FORM = 'engine.add(slot)';

/** An engine with data recorders of their own for each pattern; its books tell what it counted. */
export class EngineUnderBench {
  readonly engine: StatsEngine;
  readonly #recorders = new Map<string, DataRecorder[]>();

  private constructor(engine: StatsEngine, patterns: readonly MessagePattern[]) {
    this.engine = engine;
    for (const { name, recorders } of patterns) {
      const opened = Array.from({ length: recorders }, (_, n) =>
        engine.openDataRecorder({ room: ROOM, participant: PARTICIPANT, track: `TR_${name}_${n}` }),
      );
      this.#recorders.set(name, opened);
    }
  }

  static async start(patterns: readonly MessagePattern[]): Promise<EngineUnderBench> {
    const recorders = patterns.reduce((sum, pattern) => sum + pattern.recorders, 0);
    const engine = await StatsEngine.start({
      shards: 1,
      capacity: { tracks: 2 * recorders },
      // What is timed is the call; the tick has a table of its own.
      publishIntervalMs: 60_000,
      reportIntervalMs: 3_600_000,
    });
    engine.participantJoined({ room: ROOM, participant: PARTICIPANT });
    const under = new EngineUnderBench(engine, patterns);
    await engine.waitForRoom();
    return under;
  }

  #of(pattern: MessagePattern): readonly DataRecorder[] {
    return this.#recorders.get(pattern.name)!;
  }

  /** `recorder.addBytes(direction, bytes)`, upstream. */
  handleForm(): MessageRival {
    return {
      name: HANDLE_FORM,
      calls: CALLS,
      prepare: (pattern) => {
        const opened = this.#of(pattern);
        const recorders = Array.from(pattern.order, (n) => opened[n]!);
        const { sizes } = pattern;
        return {
          batch: inBatches(pattern, CALLS, (from, to) => {
            const [mine, bytes] = [recorders, sizes];
            for (let n = from; n < to; n++) mine[n]!.addBytes(UPSTREAM, bytes[n]!);
          }),
          counted: () =>
            sum(opened, ({ receivedMessages, receivedBytes }) => ({
              messages: receivedMessages,
              bytes: receivedBytes,
            })),
        };
      },
    };
  }

  /** `engine.add(slot, bytes)` of the same recorders, downstream. */
  slotForm(): MessageRival {
    const { engine } = this;
    return {
      name: SLOT_FORM,
      calls: CALLS,
      prepare: (pattern) => {
        const opened = this.#of(pattern);
        const slots = Float64Array.from(pattern.order, (n) => opened[n]!.handle(Direction.DOWNSTREAM));
        const { sizes } = pattern;
        return {
          batch: inBatches(pattern, CALLS, (from, to) => {
            const [mine, its, bytes] = [engine, slots, sizes];
            for (let n = from; n < to; n++) mine.add(its[n]!, bytes[n]!);
          }),
          counted: () =>
            sum(opened, ({ sentMessages, sentBytes }) => ({ messages: sentMessages, bytes: sentBytes })),
        };
      },
    };
  }

  /**
   * Ends the engine.
   * @throws SumsDifferError when its books are not exact, or not what its recorders say
   */
  async end(): Promise<void> {
    const { recorded, balanced } = await this.engine.audit();
    const all = sum([...this.#recorders.values()].flat(), (totals) => ({
      messages: totals.receivedMessages + totals.sentMessages,
      bytes: totals.receivedBytes + totals.sentBytes,
    }));
    checkSum(
      'messages in the books',
      all.messages,
      recorded.UPSTREAM.messages + recorded.DOWNSTREAM.messages,
    );
    checkSum('bytes in the books', all.bytes, recorded.UPSTREAM.bytes + recorded.DOWNSTREAM.bytes);
    checkSum('balanced books', 1, balanced ? 1 : 0);
    await this.engine.close();
  }
}

function sum(
  recorders: readonly DataRecorder[],
  read: (totals: ReturnType<DataRecorder['getTrafficTotals']>) => Required<Counted>,
): Required<Counted> {
  let messages = 0;
  let bytes = 0;
  for (const recorder of recorders) {
    const counted = read(recorder.getTrafficTotals());
    messages += counted.messages;
    bytes += counted.bytes;
  }
  return { messages, bytes };
}
