import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MEETING, readOutput, replayLines, resultOf, runCli, startCli } from './run-cli.js';
import { temporaryFolder } from './temporary-folder.js';
import { data, JOINED, ROOM, rtp } from './trace-lines.js';

const folder = temporaryFolder();

describe('a replay', () => {
  test('prints a stats line for each flush that has stats, and the books last', async () => {
    const { status, stdout, stderr } = await replayLines([
      JOINED,
      rtp(1_000, 5, { score: 4.5 }),
      rtp(2_000, 9, { score: 3.5 }),
      data(2_500, 100, { direction: 'DOWNSTREAM', messages: 3 }),
      rtp(30_000, 20),
      { t: 95_000, op: 'flush' },
    ]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { flushes, summary } = readOutput(stdout);
    expect(flushes.map(({ t }) => t)).toEqual([30_000, 60_000]);
    expect(flushes[0]?.stats).toEqual([
      {
        id: expect.stringMatching(/^AS_/),
        timeStamp: '2026-01-01T00:00:30Z',
        node: 'ND_replay',
        roomId: 'RM_1',
        roomName: 'room one',
        participantId: 'PA_1',
        trackId: 'TR_1',
        mime: 'audio/opus',
        score: 4,
        minScore: 3.5,
        medianScore: 4,
        streams: [
          {
            primaryPackets: 9,
            primaryBytes: '90',
            startTime: '2026-01-01T00:00:01Z',
            endTime: '2026-01-01T00:00:02Z',
          },
        ],
      },
      expect.objectContaining({
        kind: 'DOWNSTREAM',
        trackId: 'TR_DTPA_1',
        streams: [expect.objectContaining({ primaryPackets: 3, primaryBytes: '100' })],
      }),
    ]);
    expect(flushes[1]?.stats[0]?.streams[0]).toMatchObject({ primaryPackets: 11, primaryBytes: '110' });
    const none = { samples: 0, messages: 0, packets: 0, bytes: 0 };
    const books = {
      UPSTREAM: { samples: 3, messages: 0, packets: 20, bytes: 200 },
      DOWNSTREAM: { samples: 1, messages: 3, packets: 0, bytes: 100 },
    };
    expect(summary).toEqual({
      type: 'summary',
      recorded: books,
      reported: books,
      dropped: {
        invalid: { UPSTREAM: none, DOWNSTREAM: none },
        unattributed: { UPSTREAM: none, DOWNSTREAM: none },
      },
      skippedLines: 0,
    });
  });

  test('flushes at the last t, and wherever a flush line says', async () => {
    const { stdout } = await replayLines([
      JOINED,
      rtp(10, 1),
      { t: 20, op: 'flush' },
      rtp(20, 3),
      rtp(45, 4),
    ]);
    const { flushes } = readOutput(stdout);
    expect(flushes.map(({ t, stats }) => [t, stats[0]?.streams[0]?.primaryPackets])).toEqual([
      [20, 1],
      [45, 3],
    ]);
  });

  test('flushes before a line whose t is a multiple of the interval, not after', async () => {
    const { stdout } = await replayLines([JOINED, rtp(29_999, 1), rtp(30_000, 3)]);
    const { flushes } = readOutput(stdout);
    // Both have the t of the boundary: the flush before the line, and the one at the end.
    expect(flushes.map(({ t, stats }) => [t, stats[0]?.streams[0]?.primaryPackets])).toEqual([
      [30_000, 1],
      [30_000, 2],
    ]);
  });

  test('of nothing prints the books alone', async () => {
    const { status, stdout } = await runCli(['replay', '-']);
    expect(status).toBe(0);
    expect(readOutput(stdout).flushes).toEqual([]);
  });

  test('reads a plain file, a gzipped file and standard input alike', async () => {
    const text = [JOINED, rtp(10, 1), data(20, 7)].map((line) => JSON.stringify(line)).join('\n');
    const outputs = await Promise.all([
      runCli(['replay', folder.fileOf('plain.jsonl', text)]),
      runCli(['replay', folder.fileOf('packed.jsonl.gz', gzipSync(text))]),
      runCli(['replay', '-'], text),
      runCli(['replay', '-'], gzipSync(text)),
    ]);
    for (const output of outputs)
      expect(output).toEqual({ status: 0, stdout: outputs[0]?.stdout, stderr: '' });
    expect(readOutput(outputs[0]!.stdout).flushes[0]?.stats).toHaveLength(2);
  });

  test('stamps the start and the node it is given', async () => {
    const flags = ['--start', '2030-06-01T12:00:00+02:00', '--node', 'ND_x'];
    const { stdout } = await replayLines([JOINED, rtp(1_500, 1)], flags);
    expect(readOutput(stdout).flushes[0]?.stats[0]).toMatchObject({
      timeStamp: '2030-06-01T10:00:01.500Z',
      node: 'ND_x',
    });
  });

  test('keeps the time of each data and signal line', async () => {
    const { stdout } = await replayLines([
      JOINED,
      data(100, 1),
      data(250, 1),
      data(300, 1, { op: 'signal' }),
      data(700, 1, { op: 'signal', direction: 'DOWNSTREAM' }),
    ]);
    const times = readOutput(stdout).flushes[0]?.stats.map(({ trackId, streams }) => [
      trackId,
      streams[0]?.startTime?.slice(17),
      streams[0]?.endTime?.slice(17),
    ]);
    expect(times).toEqual([
      ['TR_DTPA_1', '00.100Z', '00.250Z'],
      ['TR_SGPA_1', '00.300Z', '00.300Z'],
      ['TR_SGPA_1', '00.700Z', '00.700Z'],
    ]);
  });

  test('sums data and signal lines that name one track, and takes the name they give', async () => {
    const track = { sid: 'TR_own' };
    const { stdout } = await replayLines([
      JOINED,
      data(1, 5, { track: 'TR_own' }),
      data(2, 6, { op: 'signal', track }),
      data(3, 7, { track: 'TR_DTPA_1' }),
      data(4, 8),
    ]);
    const { stats } = readOutput(stdout).flushes[0]!;
    expect(
      stats.map(({ trackId, streams }) => [trackId, streams[0]?.primaryPackets, streams[0]?.primaryBytes]),
    ).toEqual([
      ['TR_DTPA_1', 2, '15'],
      ['TR_own', 2, '11'],
    ]);
  });

  test('hands on the latest name of a room, whatever line brings it', async () => {
    const nameAfter = async (line: object): Promise<string | undefined> => {
      const { stdout } = await replayLines([JOINED, { t: 5, ...line }, rtp(10, 1)]);
      return readOutput(stdout).flushes.at(-1)?.stats[0]?.roomName;
    };
    const room = { sid: 'RM_1', name: 'renamed' };
    expect(await nameAfter(rtp(5, 0, { room, track: 'TR_2' }))).toBe('renamed');
    expect(await nameAfter(data(5, 1, { room }))).toBe('renamed');
    expect(await nameAfter({ op: 'track_muted', room, participant: 'PA_1', track: 'TR_1' })).toBe('renamed');
    expect(await nameAfter({ op: 'room_started', room })).toBe('renamed');
    expect(await nameAfter(rtp(5, 0))).toBe('room one');
  });

  test('counts lines of a participant nobody knows, whose totals are the base of what follows', async () => {
    const { stdout } = await replayLines(
      [rtp(5, 7), data(6, 50), JOINED, rtp(10, 9), data(11, 20)].map((line, i) => ({ ...line, t: i })),
    );
    const { flushes, summary } = readOutput(stdout);
    expect(summary.dropped.unattributed?.UPSTREAM).toEqual({
      samples: 2,
      messages: 1,
      packets: 7,
      bytes: 120,
    });
    expect(summary.reported.UPSTREAM).toEqual({ samples: 2, messages: 1, packets: 2, bytes: 40 });
    expect(flushes[0]?.stats.map(({ trackId, streams }) => [trackId, streams[0]?.primaryPackets])).toEqual([
      ['TR_1', 2],
      ['TR_DTPA_1', 1],
    ]);
  });

  test('counts invalid samples, and reads deltas as what was added', async () => {
    const { status, stdout } = await replayLines([
      JOINED,
      rtp(1, 2 ** 31),
      rtp(2, 2 ** 31 + 4),
      rtp(3, 6, { track: 'TR_2', counters: 'delta' }),
      rtp(4, 6, { track: 'TR_2', counters: 'delta' }),
    ]);
    expect(status).toBe(0);
    const { flushes, summary } = readOutput(stdout);
    expect(summary.dropped.invalid?.UPSTREAM.samples).toBe(1);
    expect(flushes[0]?.stats.map(({ trackId, streams }) => [trackId, streams[0]?.primaryPackets])).toEqual([
      ['TR_1', 4],
      ['TR_2', 12],
    ]);
  });

  test('reads ops whose effects come later without a word', async () => {
    const track = { room: 'RM_1', participant: 'PA_1', track: { sid: 'TR_1', type: 'AUDIO' } };
    const { status, stderr } = await replayLines([
      { t: 0, op: 'room_started', room: ROOM },
      JOINED,
      { t: 1, op: 'track_published', ...track },
      { t: 2, op: 'track_subscribed', ...track, publisher: { sid: 'PA_2' } },
      { t: 3, op: 'egress_started', info: { egressId: 'EG_1' } },
      { t: 4, op: 'node_rooms', info: { nodeId: 'ND_1' } },
      { t: 5, op: 'participant_left', room: 'RM_1', participant: 'PA_1' },
      { t: 6, op: 'room_ended', room: 'RM_1' },
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('ends quietly when nobody reads its output', async () => {
    const child = startCli(['replay', MEETING]);
    child.stdout.destroy();
    const { status, stderr } = await resultOf(child);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('ends with status 130 when it is interrupted', async () => {
    const child = startCli(['replay', '-']);
    const result = resultOf(child);
    child.stdin.write(
      `${JSON.stringify(JOINED)}\n${JSON.stringify(rtp(40_000, 1))}\n${JSON.stringify(rtp(70_000, 2))}\n`,
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGINT');
    expect((await result).status).toBe(130);
  });
});
