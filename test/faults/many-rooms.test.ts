import { describe, expect, test } from 'vitest';
import { recordPackets, startEngine } from '../helpers/engine.js';
import { inForm, isLongForm } from '../helpers/fault-form.js';
import { heapInUse } from '../helpers/heap.js';
import { inTime } from '../helpers/in-time.js';
import { type Change, Mutant } from '../helpers/mutant.js';
import { timerHeap, WEIGHED } from '../helpers/weighed-timer.js';

/** The short form has a smaller limit: the way to the one that ships is long. */
const [ROOMS, MAX_ROOMS] = isLongForm ? [1_000_000, 131_072] : [10_000, 1_000];
const SMALLER: Change = { file: 'src/engine/registry.js', from: 'rooms: 131_072', to: 'rooms: 1_000' };
const WEIGHING_MS = 20_000;

async function startRooms(...mistakes: readonly Change[]): Promise<void> {
  using mutant = new Mutant([WEIGHED, ...(isLongForm ? [] : [SMALLER]), ...mistakes]);
  await using sfu = await startEngine({}, await mutant.engineClass());
  sfu.stopListening();
  const weights = async () =>
    [await heapInUse(), await inTime(timerHeap(), 'a weight', WEIGHING_MS)] as const;
  const [hostBefore, timerBefore] = await weights();
  for (let n = 0; n < ROOMS; n++) {
    sfu.engine.roomStarted(`RM_${n}`);
    if (n % 1_024 === 1_023) await sfu.engine.waitForRoom();
  }
  await sfu.engine.flush();
  const { rooms, drops } = sfu.engine.status();
  expect(rooms).toBe(MAX_ROOMS);
  expect(drops['refused.rooms']).toBe(ROOMS - MAX_ROOMS);
  const [host, timer] = await weights();
  console.info(JSON.stringify({ rooms, host: host - hostBefore, timer: timer - timerBefore }));
  // What is kept of a room takes less than a kilobyte, on each side.
  const mayGrow = 4 * 2 ** 20 + 1_024 * MAX_ROOMS;
  expect(host - hostBefore, 'heap of the host').toBeLessThan(mayGrow);
  expect(timer - timerBefore, 'heap of the timer thread').toBeLessThan(mayGrow);
  sfu.engine.onSnapshot((snapshot) => sfu.snapshots.push(snapshot));
  sfu.join('PA', 'RM_1');
  recordPackets(sfu.openTrack('TR', { room: 'RM_1', participant: 'PA' }), 7);
  expect(await sfu.flush()).toMatchObject([{ trackSid: 'TR', primaryPackets: 7 }]);
}

test(`of ${ROOMS} rooms as many are kept as may be; the others are counted, and cost nothing`, async () => {
  await startRooms();
}, 3_600_000);

describe('the control shows it where', () => {
  test('the host keeps something of rooms that were refused', async () => {
    const size = inForm(200, 40);
    const kept = startRooms({
      file: 'src/engine/call-sender.js',
      from: 'countIn(this.refused, refusal);',
      to: `countIn(this.refused, refusal); (this.kept ??= []).push(new Array(${size}).fill(call));`,
    });
    await expect(kept).rejects.toThrow(/^heap of the host: expected \d+ to be less than/);
  }, 3_600_000);

  test('the timer thread keeps much of each room', async () => {
    const size = inForm(2_000, 200);
    const kept = startRooms({
      file: 'workers/timer-thread.js',
      from: 'service.take(call, time, number);',
      to: `(globalThis.kept ??= []).push(new Array(${size}).fill(call)); service.take(call, time, number);`,
    });
    await expect(kept).rejects.toThrow(/^heap of the timer thread: expected \d+ to be less than/);
  }, 3_600_000);
});
