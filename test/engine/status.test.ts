import { describe, expect, test, vi } from 'vitest';
import { createMemory, type EngineMemory } from '../../dist/src/engine/memory-plan.js';
import { monotonicMs } from '../../dist/src/engine/monotonic.js';
import { type EngineStatus, engineStatus, type HostView } from '../../dist/src/engine/status.js';
import { ErrorCode, StatsEngine } from '../../dist/src/index.js';
import { Board } from '../../dist/src/memory/board.js';
import { Control, laneWord } from '../../dist/src/memory/shard.js';
import { recordPackets, startEngine } from '../helpers/engine.js';
import { HeldWorkers } from '../helpers/thread-drill.js';

const HEALTHY: HostView = {
  state: 'running',
  timerReady: true,
  slotsInUse: 0,
  streamsInUse: 0,
  lastDeath: undefined,
  callsDropped: new Map(),
  reports: new Map(),
  callsRefused: new Map(),
  callsStripped: 0,
};

/** Memory of an engine whose threads are all well, by their own word. */
function healthyMemory(): EngineMemory {
  const memory = createMemory({
    shards: 2,
    tracks: 8,
    streams: 8,
    ports: 1,
    ringBytes: 16_384,
    eventRingBytes: 65_536,
    scoreBlocks: 2,
  });
  memory.shards.forEach(({ buffer }, shard) => {
    new Int32Array(buffer)[Control.I32_OWNER] = 100 + shard;
  });
  memory.board[Board.TIMER_BEAT] = monotonicMs();
  return memory;
}

function statusWith(change: (memory: EngineMemory) => void, host: Partial<HostView> = {}): EngineStatus {
  const memory = healthyMemory();
  change(memory);
  return engineStatus(memory, { ...HEALTHY, ...host });
}

describe('the verdict', () => {
  test('is ok when all threads are well', () => {
    expect(statusWith(() => {})).toMatchObject({
      verdict: 'ok',
      threads: { timer: 'running', statsWorkers: [100, 101] },
    });
  });

  test('names shards nobody drains', () => {
    const status = statusWith(({ shards }) => {
      new Int32Array(shards[1]!.buffer)[Control.I32_OWNER] = 0;
    });
    expect(status.verdict).toBe('degraded: no stats worker drains shard 1');
  });

  test('says that the timer thread is starting, and why', () => {
    const status = statusWith(() => {}, { timerReady: false, lastDeath: 'exit code 1' });
    expect(status.threads.timer).toBe('starting');
    expect(status.verdict).toBe('degraded: the timer thread is starting (exit code 1)');
  });

  test('says that the timer thread stands still', () => {
    const status = statusWith(({ board }) => {
      board[Board.TIMER_BEAT] = monotonicMs() - 3_000;
    });
    expect(status.threads.timer).toBe('stuck');
    expect(status.verdict).toBe('degraded: the timer thread stands still');
  });

  test('counts rings that are nearly full, wherever their positions are', () => {
    for (const applied of [0, 2 ** 31 - 100, -100]) {
      const status = statusWith(({ shards }) => {
        const ints = new Int32Array(shards[0]!.buffer);
        ints[laneWord(1, Control.LANE_APPLIED)] = applied;
        ints[laneWord(1, Control.LANE_PUBLISHED)] = (applied + 1_700) | 0;
      });
      expect(status.verdict).toBe('degraded: 1 of 4 rings are nearly full');
      expect(status.rings).toContainEqual({ shard: 0, lane: 1, fill: 1_700 / 2_048 });
    }
  });

  test('says everything that is wrong, in one line', () => {
    const status = statusWith(
      ({ shards }) => {
        for (const { buffer } of shards) new Int32Array(buffer)[Control.I32_OWNER] = 0;
      },
      { timerReady: false },
    );
    expect(status.verdict).toBe('degraded: the timer thread is starting; no stats worker drains shard 0, 1');
  });

  test.each(['closing', 'closed'] as const)('of an engine that is %s is just that', (state) => {
    expect(statusWith(() => {}, { state, timerReady: false }).verdict).toBe(state);
  });
});

describe('a running engine', () => {
  test('says how it is, what it holds and what its last flush did', async () => {
    await using sfu = await startEngine({ shards: 2 });
    sfu.engine.roomStarted('RM_empty');
    sfu.join();
    sfu.join('PA_bob');
    const recorder = sfu.openTrack('TR');
    recorder.recordDelta({
      streams: [
        { ssrc: 1, primaryPackets: 1 },
        { ssrc: 2, primaryPackets: 1 },
      ],
    });
    await sfu.engine.advanceTo(12_000);
    expect(sfu.engine.status().lastFlush).toEqual({ number: 0, atMs: 0, durationMs: 0, stats: 0 });
    await sfu.engine.flush();
    const status = sfu.engine.status();
    expect(status).toMatchObject({
      state: 'running',
      verdict: 'ok',
      lastFlush: { number: 1, atMs: 12_000, stats: 1 },
      rooms: 2,
      participants: 2,
      slotsInUse: 1,
      streamsInUse: 2,
      reaped: 0,
    });
    expect(status.lastFlush.durationMs).toBeGreaterThan(0);
    expect(new Set(status.threads.statsWorkers).size, 'two threads').toBe(2);
    expect(status.rings.map(({ shard, lane, fill }) => [shard, lane, fill])).toEqual([
      [0, 0, 0],
      [1, 0, 0],
    ]);
  });

  test('shows how full its rings are while nobody drains them, and when they are drained', async () => {
    using workers = new HeldWorkers();
    await using sfu = await startEngine({ ringBytes: 16_384, threadsUrl: workers.url });
    expect(sfu.engine.status().verdict).toBe('degraded: no stats worker drains shard 0');
    sfu.join();
    const recorder = sfu.openTrack('TR');
    while (sfu.engine.hasRoom()) recordPackets(recorder, 1);
    const { rings, verdict } = sfu.engine.status();
    expect(rings[0]!.fill).toBeGreaterThan(0.8);
    expect(verdict).toBe('degraded: no stats worker drains shard 0; 1 of 1 rings are nearly full');
    workers.release();
    await sfu.engine.flush();
    expect(sfu.engine.status()).toMatchObject({ verdict: 'ok', rings: [{ fill: 0 }] });
  });

  test('counts each kind of drop by its name', async () => {
    await using sfu = await startEngine();
    const names = Object.keys(sfu.engine.status().drops);
    expect(names).toEqual(expect.arrayContaining(['scoresLost', 'recordsFolded', 'invalid.NOT_WHOLE']));
    expect(Object.values(sfu.engine.status().drops).every((count) => count === 0)).toBe(true);
    recordPackets(sfu.openTrack('TR'), 1);
    sfu.leave();
    sfu.join();
    sfu.openTrack('TR_2').recordDelta({ streams: [{ primaryPackets: -1 }] });
    await sfu.engine.flush();
    expect(sfu.engine.status().drops).toMatchObject({
      unattributedAtDoor: 1,
      leavesIgnored: 1,
      'invalid.NEGATIVE': 1,
    });
  });

  test('two of them in one process do not know of each other', async () => {
    await using one = await startEngine({ seed: 'one' });
    await using two = await startEngine({ seed: 'two', shards: 2 });
    one.join();
    two.join('PA_bob');
    recordPackets(one.openTrack('TR'), 1);
    recordPackets(two.openTrack('TR', { participant: 'PA_bob' }), 20);
    await one.engine.advanceTo(30_000);
    await one.engine.close();
    expect(one.rows).toMatchObject([{ participantSid: 'PA_alice', primaryPackets: 1 }]);
    expect(await two.flush()).toMatchObject([{ participantSid: 'PA_bob', primaryPackets: 20 }]);
    expect(two.engine.status()).toMatchObject({ state: 'running', verdict: 'ok', participants: 1 });
    expect(two.snapshots[0]!.engineMs).toBe(0);
  });
});

test('an engine whose threads cannot be started says so, and why', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let died = (): void => {};
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const started = StatsEngine.start({
      shards: 1,
      capacity: { tracks: 2 },
      threadsUrl: new URL('./no-such-folder/', import.meta.url),
      logger: { debug() {}, info() {}, warn() {}, error: () => died() },
    });
    const refused = expect(started).rejects.toMatchObject({
      code: ErrorCode.THREAD,
      message: expect.stringContaining('no-such-folder'),
    });
    await death;
    await vi.advanceTimersByTimeAsync(30_000);
    await refused;
  } finally {
    vi.useRealTimers();
  }
});
