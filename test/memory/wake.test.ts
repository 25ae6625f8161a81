import { afterEach, describe, expect, test, vi } from 'vitest';
import { Control, createShard, wakeShard } from '../../dist/src/memory/shard.js';

const newShard = (): Int32Array =>
  new Int32Array(createShard({ lanes: 1, laneSlots: 1, ringWords: 64, scoreBlocks: 0 }).buffer);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("waking a shard's drain", () => {
  test('moves the wake word, so that a drain about to sleep on its old value does not', () => {
    const ints = newShard();
    const before = Atomics.load(ints, Control.I32_WAKE);
    wakeShard(ints);
    expect(Atomics.wait(ints, Control.I32_WAKE, before, 1000)).toBe('not-equal');
  });

  test('notifies only a drain that may be asleep: a notify costs more than a record', () => {
    const notify = vi.spyOn(Atomics, 'notify');
    const ints = newShard();
    wakeShard(ints);
    expect(notify).not.toHaveBeenCalled();
    ints[Control.I32_SLEEPING] = 1;
    wakeShard(ints);
    expect(notify).toHaveBeenCalledExactlyOnceWith(ints, Control.I32_WAKE);
  });
});
