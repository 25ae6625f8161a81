import { expect, vi } from 'vitest';
import { dashboardQueries } from '../helpers/dashboard.js';
import { startEngine } from '../helpers/engine.js';
import { MEETING_TOTALS, playMeeting } from '../helpers/meeting.js';
import { PrometheusServer, promtoolFindings, testWithPrometheus } from '../helpers/prometheus.js';
import { Receiver } from '../helpers/receiver.js';

const { up, down } = MEETING_TOTALS;

testWithPrometheus(
  "a real Prometheus answers LiveKit's overview, and every query of our dashboard, with the meeting's numbers",
  async () => {
    const receiver = await Receiver.start();
    await using sfu = await startEngine({
      shards: 2,
      capacity: { tracks: 128 },
      metrics: { port: 0 },
      webhooks: { apiKey: 'key', apiSecret: 'secret', urls: [receiver.url()] },
    });
    const prometheus = () => sfu.engine.status().exporters.find(({ name }) => name === 'prometheus')!;
    await vi.waitUntil(() => prometheus().state === 'running');
    const { address } = prometheus();
    await using server = await PrometheusServer.start({ address });
    // A page may be a second old: the second scrape has seen all there was before the first.
    const shown = async (): Promise<void> => {
      await server.scraped();
      await server.scraped();
    };
    const values = async (expression: string): Promise<Record<string, number>> => {
      const results = await server.query(expression);
      return Object.fromEntries(
        results.map(({ labels, value }) => [
          [labels.direction, labels.transmission, labels.kind].filter((label) => label !== undefined).join(),
          value,
        ]),
      );
    };
    await playMeeting(sfu, {
      ms: 60_000,
      call: async () => {
        // Of what was recorded since the last publish tick nobody could know yet.
        await sfu.engine.flush();
        await shown();
        expect(await values('livekit_room_total')).toEqual({ '': 1 });
        expect(await values('livekit_participant_total')).toEqual({ '': 3 });
        expect(await values('livekit_track_published_total')).toEqual({ AUDIO: 3, VIDEO: 3, DATA: 3 });
        expect(await values('sum by (kind) (livekit_track_subscribed_total)')).toMatchObject({
          AUDIO: 6,
          VIDEO: 6,
        });
      },
    });
    await shown();
    expect(await values('livekit_packet_total')).toEqual({
      'incoming,initial': up.packets + up.retransmitPackets + up.messages,
      'outgoing,initial': down.packets + down.messages,
      'outgoing,retransmit': down.retransmitPackets,
    });
    expect(await values('livekit_packet_bytes')).toEqual({
      'incoming,initial': up.bytes + up.retransmitBytes + up.messageBytes,
      'outgoing,initial': down.bytes + down.messageBytes,
      'outgoing,retransmit': down.retransmitBytes,
    });
    expect(await values('livekit_nack_total')).toEqual({ incoming: up.nacks, outgoing: down.nacks });
    expect(await values('livekit_pli_total')).toEqual({ incoming: up.plis, outgoing: down.plis });
    expect(await values('livekit_fir_total')).toEqual({ incoming: 0, outgoing: 0 });
    expect(await values('livekit_participant_total')).toEqual({ '': 0 });
    expect(Object.values(await values('rate(livekit_packet_total[1m])'))).toHaveLength(3);

    const empty: string[] = [];
    for (const { panel, expression } of dashboardQueries('1m')) {
      if ((await server.query(expression)).length === 0) empty.push(panel);
    }
    expect(empty).toEqual([]);

    // What remains are names that LiveKit gave.
    const findings = promtoolFindings(await (await fetch(address)).text());
    expect(findings.filter((finding) => !finding.startsWith('livekit_'))).toEqual([]);
    await receiver.close();
  },
);
