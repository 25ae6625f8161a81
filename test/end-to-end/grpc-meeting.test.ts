import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnalyticsEvent,
  AnalyticsEvents,
  AnalyticsNodeRooms,
  type AnalyticsStat,
  StreamType,
} from '@livekit/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ReceiverProcess } from '../helpers/analytics-receiver.js';
import { startEngine } from '../helpers/engine.js';
import { MEETING_TOTALS, playMeeting } from '../helpers/meeting.js';

type Field = 'primaryPackets' | 'primaryBytes' | 'retransmitPackets' | 'retransmitBytes' | 'nacks' | 'plis';

function totalsOf(stats: readonly AnalyticsStat[], kind: StreamType, isMedia: boolean) {
  const streams = stats
    .filter((stat) => stat.kind === kind && /^TR_(DT|SG)/.test(stat.trackId) !== isMedia)
    .flatMap((stat) => stat.streams);
  const sum = (field: Field): number => streams.reduce((total, stream) => total + Number(stream[field]), 0);
  return {
    packets: sum('primaryPackets'),
    bytes: sum('primaryBytes'),
    retransmitPackets: sum('retransmitPackets'),
    retransmitBytes: sum('retransmitBytes'),
    nacks: sum('nacks'),
    plis: sum('plis'),
  };
}

test('a receiver that is killed in the middle of the meeting ends with every stat and event once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-stats-ingest-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const receiver = new ReceiverProcess(join(folder, 'messages'));
  await receiver.start();
  const sfu = await startEngine({
    shards: 2,
    capacity: { tracks: 128 },
    grpc: { url: receiver.url, ackEveryBatches: 3, retryMinMs: 10, retryMaxMs: 100 },
  });
  const eventIds: string[] = [];
  sfu.engine.onTelemetry(({ kind, message }) => {
    if (kind === 'event') eventIds.push((message as AnalyticsEvent).id);
  });
  const grpc = () => sfu.engine.status().exporters.find(({ name }) => name === 'grpc')!;
  await playMeeting(sfu, {
    ms: 70_000,
    call: async () => {
      await vi.waitUntil(() => grpc().sent.batches > 0, { timeout: 20_000 });
      await receiver.kill();
      await vi.waitUntil(() => grpc().state === 'failing', { timeout: 20_000 });
      await receiver.start();
    },
  });
  expect(await sfu.engine.close({ deadlineMs: 20_000 })).toMatchObject({ complete: true, exportersLeft: [] });

  const { accepted, sent, retries } = grpc();
  expect(sent).toEqual(accepted);
  expect(retries).toBeGreaterThan(0);
  const stats = [...new Map(receiver.stats().map((stat) => [stat.id, stat])).values()];
  const reported = sfu.snapshots.flatMap((snapshot) => snapshot.stats);
  const byId = (a: AnalyticsStat, b: AnalyticsStat): number => (a.id < b.id ? -1 : 1);
  expect(stats.toSorted(byId)).toEqual(reported.toSorted(byId));
  for (const [kind, totals] of [
    [StreamType.UPSTREAM, MEETING_TOTALS.up],
    [StreamType.DOWNSTREAM, MEETING_TOTALS.down],
  ] as const) {
    const { messages, messageBytes, ...media } = totals;
    expect(totalsOf(stats, kind, true)).toEqual(media);
    expect(totalsOf(stats, kind, false)).toMatchObject({ packets: messages, bytes: messageBytes });
  }

  const messages = receiver.messages();
  const events = messages.flatMap((message) => (message instanceof AnalyticsEvents ? message.events : []));
  expect([...new Set(events.map(({ id }) => id))]).toEqual(eventIds);
  const rooms = messages.filter((message) => message instanceof AnalyticsNodeRooms);
  const numbers = [...new Set(rooms.map(({ sequenceNumber }) => Number(sequenceNumber)))];
  expect(numbers).toEqual(numbers.map((_, n) => n + 1));
  expect(rooms.some((report) => report.rooms[0]?.participants.length === 3)).toBe(true);
}, 120_000);
