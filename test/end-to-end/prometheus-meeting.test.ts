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
    /** Waits until so many packets are shown: a page, and a scrape, may be a second old. */
    const shown = async (packets: number): Promise<void> => {
      await server.queryUntil('sum(livekit_packet_total)', ([first]) => first?.value === packets);
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
        await server.queryUntil('livekit_participant_total', ([first]) => first?.value === 3);
        expect(await values('livekit_room_total')).toEqual({ '': 1 });
        expect(await values('livekit_participant_total')).toEqual({ '': 3 });
        expect(await values('livekit_track_published_total')).toEqual({ AUDIO: 3, VIDEO: 3, DATA: 3 });
        expect(await values('sum by (kind) (livekit_track_subscribed_total)')).toMatchObject({
          AUDIO: 6,
          VIDEO: 6,
        });
      },
    });
    await shown(
      up.packets + up.retransmitPackets + up.messages + down.packets + down.retransmitPackets + down.messages,
    );
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

    // What only shows what is above nothing shows nothing: nothing was lost.
    for (const { expression } of dashboardQueries('1m')) {
      if (/> 0\b/.test(expression)) expect(await server.query(expression), expression).toEqual([]);
      else await server.queryUntil(expression, (results) => results.length > 0);
    }

    // What remains are names that LiveKit gave.
    const findings = promtoolFindings(await (await fetch(address)).text());
    expect(findings.filter((finding) => !finding.startsWith('livekit_'))).toEqual([]);
    await receiver.close();
  },
);
