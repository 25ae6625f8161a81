import { describe, expect, test } from 'vitest';
import { RecordResult } from '../../dist/src/index.js';
import { ALICE, BALANCED, balance, ROOM, recordPackets, startEngine } from '../helpers/engine.js';
import { type Change, Mutant } from '../helpers/mutant.js';

// Pools with so many places each: all are driven to ten times what they hold.

const { RECORDED, INVALID } = RecordResult;
const WHO = { room: ROOM, participant: ALICE };

/** Slots, and SSRCs. */
const PLACES = 64;
const MADE = 10 * PLACES;

/** The code of what a call throws. */
function codeOf(call: () => unknown): string {
  try {
    call();
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function fillSlots(mutant?: Mutant): Promise<void> {
  await using sfu = await startEngine(
    { shards: 2, capacity: { tracks: PLACES } },
    await mutant?.engineClass(),
  );
  const { engine } = sfu;
  sfu.join();
  for (let round = 1; round <= 3; round++) {
    const tracks = Array.from({ length: PLACES }, (_, n) => sfu.openTrack(`TR_${n}`));
    const opens = [
      () => sfu.openTrack('TR'),
      () => engine.openDataRecorder(WHO),
      () => engine.openSignalRecorder(),
    ];
    for (let n = PLACES; n < MADE; n++) {
      expect(codeOf(opens[n % 3]!)).toBe('SFU_STATS_NO_SLOT');
      expect(recordPackets(tracks[n % PLACES]!, 1, 4)).toBe(RECORDED);
    }
    expect(engine.status().slotsInUse).toBe(PLACES);
    const rows = await sfu.flush();
    expect(rows.map(({ primaryPackets, scores }) => [primaryPackets, scores])).toEqual(
      new Array(PLACES).fill([9, 9]),
    );
    for (const track of tracks) track.close();
    await engine.flush();
    // A tick finds that their windows were taken.
    await engine.waitForRoom();
    expect(engine.status().slotsInUse).toBe(0);
  }
  expect(balance(await engine.audit())).toEqual(BALANCED);
}

async function fillStreams(mutant?: Mutant): Promise<void> {
  await using sfu = await startEngine(
    { capacity: { tracks: 4, streams: PLACES }, scoreBlocks: 16 },
    await mutant?.engineClass(),
  );
  const { engine } = sfu;
  sfu.join();
  for (let round = 1; round <= 3; round++) {
    const tracks = ['TR_1', 'TR_2'].map((track) => sfu.openTrack(track));
    const record = (
      ssrc: number,
      primaryPackets: number,
      ...more: { ssrc: number; primaryPackets: number }[]
    ) => tracks[ssrc % 2]!.record({ score: 4, streams: [{ ssrc, primaryPackets }, ...more] });
    for (let n = 0; n < PLACES; n++) expect(record(n, 1)).toBe(RECORDED);
    for (let n = PLACES; n < MADE; n++) {
      const known = n % PLACES;
      expect(record(known, 1 + Math.floor(n / PLACES), { ssrc: n, primaryPackets: 100 })).toBe(INVALID);
    }
    for (let n = 0; n < PLACES; n++) expect(record(n, 11)).toBe(RECORDED);
    expect(engine.status()).toMatchObject({
      streamsInUse: PLACES,
      drops: { 'invalid.NO_STREAM': round * (MADE - PLACES) },
    });
    const samples = PLACES;
    expect(await sfu.flush(), 'the first packet and the last of each that is known').toMatchObject(
      tracks.map(() => ({ samples, primaryPackets: PLACES, scores: samples, scoreMean: 4 })),
    );
    const audit = await engine.audit();
    // Nine packets of each that is known came with one that is not.
    expect(audit.dropped.invalid.UPSTREAM).toMatchObject({
      samples: round * (MADE - PLACES),
      packets: round * 9 * PLACES,
    });
    expect(balance(audit)).toEqual(BALANCED);
    for (const track of tracks) track.close();
    await engine.flush();
    await engine.waitForRoom();
    expect(engine.status().streamsInUse).toBe(0);
  }
}

/** Mime types that one thread's records may name. */
const MIMES = 4_096;

async function fillMimes(mutant?: Mutant): Promise<void> {
  await using sfu = await startEngine({}, await mutant?.engineClass());
  const { engine } = sfu;
  sfu.join();
  const recorder = sfu.openTrack('TR');
  for (let n = 0; n < 10; n++) {
    for (let mime = n * MIMES; mime < (n + 1) * MIMES; mime++) {
      const result = recorder.recordDelta({ mimeType: `video/${mime}`, streams: [{ primaryPackets: 1 }] });
      if (result !== RECORDED) throw new Error(`record ${mime} gave ${result}`);
    }
    const mimeType = n === 0 ? `video/${MIMES - 1}` : '';
    expect(await sfu.flush()).toMatchObject([{ mimeType, samples: MIMES, primaryPackets: MIMES }]);
  }
  recorder.recordDelta({ mimeType: 'video/7', streams: [] });
  expect(await sfu.flush(), 'those that are known go on').toMatchObject([{ mimeType: 'video/7' }]);
  expect(engine.status().drops).toMatchObject({ mimesRefused: 9 * MIMES, recordsFolded: 0 });
  expect(balance(await engine.audit())).toEqual(BALANCED);
}

/** Snapshots on their way to the host. */
const AWAY = 4;

async function fillSnapshots(mutant?: Mutant): Promise<void> {
  await using sfu = await startEngine({}, await mutant?.engineClass());
  const { engine } = sfu;
  const callback = () => engine.status().exporters[0]!;
  sfu.join();
  const recorder = sfu.openTrack('TR');
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + 20_000;
  const made = 11 * AWAY;
  const flushes: Promise<unknown>[] = [];
  for (let n = 1; n <= made; n++) {
    recordPackets(recorder, n);
    flushes.push(engine.flush());
    // This thread takes no message.
    while (callback().accepted.batches < n) {
      expect(performance.now()).toBeLessThan(deadline);
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
  const sum = (n: number): number => (n * (n + 1)) / 2;
  expect(engine.status().drops.snapshotsDropped).toBe(made - AWAY);
  expect(callback()).toMatchObject({
    queued: { batches: AWAY, packets: sum(AWAY) },
    dropped: { full: { batches: made - AWAY, packets: sum(made) - sum(AWAY) } },
  });
  await Promise.all(flushes);
  expect(sfu.snapshots.map(({ flush }) => flush)).toEqual([1, 2, 3, 4]);
  recordPackets(recorder, 7);
  expect(await sfu.flush()).toMatchObject([{ primaryPackets: 7 }]);
  const audit = await engine.audit();
  expect(audit.reported.UPSTREAM.packets).toBe(sum(made) + 7);
  expect(balance(audit)).toEqual(BALANCED);
}

test('slots: nine times as many opens as there are slots are refused; what is open goes on, and all can be opened again', async () => {
  await fillSlots();
});

test('SSRCs: samples with nine times as many more are skipped whole and counted; those known go on, and all are free again', async () => {
  await fillStreams();
});

test('mime types: ten times as many as are told apart; the samples count all the same', async () => {
  await fillMimes();
});

test('snapshots on their way to a host that takes none: eleven times as many, counted with what was in them', async () => {
  await fillSnapshots();
});

describe('the control shows it where', () => {
  const SLOT_TABLE = 'src/record/slot-table.js';
  const CALLBACK = 'src/exporters/callback-exporter.js';
  const controls: readonly [
    what: string,
    fill: (mutant: Mutant) => Promise<void>,
    changes: Change[],
    RegExp,
  ][] = [
    [
      'slots that were closed are not used again',
      fillSlots,
      [{ file: SLOT_TABLE, from: 'this.#free.push(slot);', to: '' }],
      /^no free slot: 0 are open/,
    ],
    [
      'a slot that is in use is given away once more',
      fillSlots,
      [
        {
          file: SLOT_TABLE,
          from: 'if (this.#used === this.#count)',
          to: 'if (this.#used === this.#count) return this.#first; if (false)',
        },
      ],
      /^expected 'none' to be 'SFU_STATS_NO_SLOT'/,
    ],
    [
      'SSRCs of tracks that were closed are not used again',
      fillStreams,
      [{ file: 'src/record/stream-pool.js', from: 'this.#free.push(at - 1);', to: '' }],
      /^expected 64 to be \+?0/,
    ],
    [
      'an SSRC without a place is left out of its sample',
      fillStreams,
      [{ file: 'src/record/sample-reader.js', from: 'this.#reason = InvalidReason.NO_STREAM;', to: '' }],
      /^expected \+?0 to be 2/,
    ],
    [
      'mime types are told apart without end',
      fillMimes,
      [{ file: 'src/record/mime-table.js', from: '|| this.#ids.size >= MAX_MIMES', to: '' }],
      /to match object \[ { mimeType: '', /,
    ],
    [
      'more snapshots may be on their way',
      fillSnapshots,
      [{ file: CALLBACK, from: 'maxQueuedBatches: 4,', to: 'maxQueuedBatches: 40,' }],
      /^expected 4 to be 40/,
    ],
    [
      'what the host has taken makes no room',
      fillSnapshots,
      [
        { file: CALLBACK, from: 'this.#queue.sent(1);', to: '' },
        // A close would wait for it.
        { file: CALLBACK, from: 'if (this.#queue.length > 0) {', to: 'if (false) {' },
      ],
      /^expected \[\] to match object/,
    ],
  ];
  test.each(controls)('%s', async (_, fill, changes, error) => {
    using mutant = new Mutant(changes);
    await expect(fill(mutant)).rejects.toThrow(error);
  });
});
