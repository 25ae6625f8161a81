import type { MetricFamily, MetricSource, ValueSeries } from '../exporters/prometheus/families.js';
import type { LiveTrack } from './live-tracks.js';
import type { TelemetryService } from './service.js';
import { TRACK_KINDS, type TrackKind, trackKind } from './track-kinds.js';

/**
 * LiveKit's gauges, counted anew from what is known whenever they are asked for: there is nothing that could drift.
 * Timer thread.
 */
export class RegistryGauges implements MetricSource {
  readonly #service: Pick<TelemetryService, 'participants' | 'tracks'>;

  constructor(service: Pick<TelemetryService, 'participants' | 'tracks'>) {
    this.#service = service;
  }

  collect(): MetricFamily[] {
    const { participants, tracks } = this.#service;
    const alone = (value: number): ValueSeries[] => [{ labels: [], value }];
    return [
      gauge('livekit_room_total', 'Rooms that go on', [], alone(participants.liveRoomCount)),
      gauge(
        'livekit_participant_total',
        'Participants that are held open',
        [],
        alone(participants.openCount),
      ),
      gauge(
        'livekit_track_published_total',
        'Tracks that are published',
        ['kind'],
        this.#byKind(tracks.live.published()),
      ),
      gauge(
        'livekit_track_subscribed_total',
        'Tracks that are subscribed to, once for each subscriber',
        ['kind'],
        this.#byKind(tracks.live.subscribed()),
      ),
    ];
  }

  #byKind(tracks: Iterable<LiveTrack>): ValueSeries[] {
    const counts: Record<TrackKind, number> = { AUDIO: 0, VIDEO: 0, DATA: 0 };
    const { infos } = this.#service.tracks;
    for (const { room, track, type } of tracks) counts[trackKind(infos.typeOf(room, track) ?? type)]++;
    return TRACK_KINDS.map((kind) => ({ labels: [kind], value: counts[kind] }));
  }
}

function gauge(
  name: string,
  help: string,
  labelNames: readonly string[],
  series: readonly ValueSeries[],
): MetricFamily {
  return { type: 'gauge', name, help, labelNames, series };
}
