import {
  AnalyticsClientMeta,
  AnalyticsEventType,
  ClientInfo,
  type ReconnectReason,
  Timestamp,
  type WebhookInfo,
} from '@livekit/protocol';
import { isLifecycleCall, type LifecycleCall, type RoomName, type TelemetryCall } from '../memory/frames.js';
import { TelemetryCells, type TelemetryLedger } from '../memory/telemetry-ledger.js';
import { decode } from '../snapshot/decode.js';
import type { KnownTracks } from '../snapshot/row-observer.js';
import type { CallObserver } from './call-observer.js';
import { eventId } from './event-ids.js';
import { tellInfo } from './info-calls.js';
import { Effect, Participants, type ReapedParticipant } from './participants.js';
import { RoomSequences } from './room-sequences.js';
import {
  type EventFields,
  type Taken,
  type TelemetryOptions,
  type TelemetrySinks,
  Telling,
} from './telling.js';
import { TrackCalls } from './track-calls.js';
import type { ForgottenTrack } from './track-infos.js';

export type { TelemetryOptions, TelemetrySinks } from './telling.js';

/** Whom the reaper took. */
export interface Reaping {
  readonly participants: readonly ReapedParticipant[];
  /** Tracks that were unpublished long ago. */
  readonly tracks: readonly ForgottenTrack[];
}

/**
 * Turns calls into events and webhooks, as LiveKit's telemetry service does. It takes one call after another,
 * on one thread, so it needs no locks; a call's webhook comes before its event. Pure but for its sinks.
 *
 * What it must not forget with its thread lies in the ledger, and is committed by whoever calls it: between two
 * commits nothing it says may leave the thread but what its successor would say again, or what carries the commit.
 */
export class TelemetryService {
  readonly participants = new Participants();
  readonly tracks: TrackCalls;
  readonly #seed: string;
  readonly #ledger: TelemetryLedger;
  readonly #sequences: RoomSequences;
  readonly #telling: Telling;
  readonly #observer: CallObserver;
  readonly #told = new Set<string>();

  constructor(
    options: TelemetryOptions,
    sinks: TelemetrySinks,
    ledger: TelemetryLedger,
    observer: CallObserver,
  ) {
    this.#seed = options.seed;
    this.#ledger = ledger;
    this.#observer = observer;
    this.#sequences = new RoomSequences(ledger, this.participants);
    this.#telling = new Telling(options, sinks, this.#sequences);
    this.tracks = new TrackCalls(this.participants, this.#telling, observer);
  }

  /** Events of rooms or participants nobody knows any more: sent with what the call brought. */
  get lateEvents(): number {
    return this.#ledger.get(TelemetryCells.LATE_EVENTS);
  }

  /** What metrics are labelled with. */
  get knownTracks(): KnownTracks {
    return this.tracks.infos;
  }

  /**
   * Takes one call.
   * @param time engine time of the call, ms
   * @param number of the call; what it leads to gets its ids from it
   */
  take(call: TelemetryCall, time: number, number: number): void {
    const { leavesIgnored } = this.participants;
    const { late } = this.tracks;
    const taken = { time, number };
    if (isLifecycleCall(call)) this.#takeLifecycle(call, taken);
    else if ('track' in call) this.tracks.take(call, taken);
    else if (call.call === 'dataStream') this.#observer.dataStream(call.bytes);
    else tellInfo(call, this.#telling, taken);
    const ignored = this.participants.leavesIgnored - leavesIgnored;
    if (ignored > 0) this.#ledger.add(TelemetryCells.LEAVES_IGNORED, ignored);
    if (this.tracks.late > late) this.#ledger.add(TelemetryCells.LATE_EVENTS);
  }

  /** Takes over what was known before this service, and tells nobody; in the order of the calls. */
  restore(call: TelemetryCall, time: number, number: number): void {
    if (isLifecycleCall(call)) {
      const { leavesIgnored, begun } = this.participants;
      if (call.call === 'roomEnded') this.tracks.live.endRoom(call.room.sid);
      this.participants.take(call, time, number);
      // They were counted when they were first taken.
      this.participants.leavesIgnored = leavesIgnored;
      this.participants.begun = begun;
    } else if ('track' in call) {
      this.tracks.note(call, { time, number });
    }
  }

  /** Everything that was known is restored. */
  restored(): void {
    this.#sequences.adopt(this.participants.roomSids());
  }

  /** Forgets participants who have been closed for long, and what they published. */
  reap(time: number, reapAfterMs: number): Reaping {
    const participants = this.participants.reap(time, reapAfterMs);
    for (const { room, participant } of participants) {
      this.tracks.infos.forget(room, participant);
      this.tracks.live.forget(room, participant);
    }
    return { participants, tracks: this.tracks.infos.forgetUnpublished(time - reapAfterMs) };
  }

  /** What became of a webhook at one URL, as an event. */
  webhookProcessed(webhook: WebhookInfo, time: number): void {
    const { roomId, eventId: id, url } = webhook;
    this.#ledger.add(TelemetryCells.OUTCOMES_TOLD);
    // Two URLs may be shown alike: what is told of them is counted.
    const told = this.#ledger.get(TelemetryCells.OUTCOMES_TOLD);
    const fields = {
      type: AnalyticsEventType.WEBHOOK,
      id: eventId('AE_', `${this.#seed} ${id} ${url}`, told),
      roomId,
      webhook,
    };
    this.#telling.event(fields, roomId, { time, number: 0 });
  }

  #takeLifecycle(call: LifecycleCall, taken: Taken): void {
    if (call.call === 'roomEnded') {
      this.#endRoom(call.room, taken);
      return;
    }
    const { begun } = this.participants;
    const effect = this.participants.take(call, taken.time, taken.number);
    if (call.call === 'roomStarted') {
      this.#tellRoom(call.room, 'room_started', AnalyticsEventType.ROOM_CREATED, taken);
    } else if ('participant' in call) {
      if (call.call === 'participantJoined' && this.participants.begun > begun) this.#observer.joined();
      if (call.call === 'participantActive') this.#observer.active(call.isWarp ?? false);
      this.#tellParticipant(call, effect, taken);
    }
  }

  #endRoom(room: RoomName, taken: Taken): void {
    // The room is told as it was: afterwards nobody may know it.
    this.participants.seen(room);
    this.#tellRoom(room, 'room_finished', AnalyticsEventType.ROOM_ENDED, taken);
    const startedAt = this.participants.startedAt(room.sid);
    if (startedAt !== undefined) this.#observer.roomEnded(taken.time - startedAt);
    this.tracks.live.endRoom(room.sid);
    this.participants.take({ call: 'roomEnded', room }, taken.time, taken.number);
  }

  #tellRoom(name: RoomName, webhook: string, type: AnalyticsEventType, taken: Taken): void {
    const room = this.participants.roomInfo(name);
    this.#telling.webhook({ event: webhook, room }, name.sid, taken);
    const event: EventFields = { type, room };
    // As LiveKit has it: a room's creation is dated by the room itself, and has no roomId.
    if (type === AnalyticsEventType.ROOM_ENDED) event.roomId = name.sid;
    else if (room.creationTime > 0n) event.timestamp = new Timestamp({ seconds: room.creationTime });
    this.#telling.event(event, name.sid, taken);
  }

  #tellParticipant(
    call: Extract<LifecycleCall, { participant: unknown }>,
    effect: Effect,
    taken: Taken,
  ): void {
    const sid = call.room.sid;
    const room = this.participants.roomInfo(call.room);
    const participant = this.participants.participantInfo(sid, call.participant);
    const event: EventFields = { roomId: sid, room, participantId: participant.sid, participant };
    if ('clientMeta' in call && call.clientMeta !== undefined) {
      event.clientMeta = decode(AnalyticsClientMeta, call.clientMeta);
    }
    const webhook = (name: string): void =>
      this.#telling.webhook({ event: name, room, participant }, sid, taken);
    const tell = (type: AnalyticsEventType): void => this.#telling.event({ ...event, type }, sid, taken);
    switch (effect) {
      case Effect.JOINED:
        if (call.call === 'participantJoined' && call.client !== undefined) {
          event.clientInfo = decode(ClientInfo, call.client);
        }
        tell(AnalyticsEventType.PARTICIPANT_JOINED);
        break;
      case Effect.CONNECTED:
        if (!(call.call === 'participantActive' && call.isMigration)) webhook('participant_joined');
        tell(AnalyticsEventType.PARTICIPANT_ACTIVE);
        break;
      case Effect.ACTIVE:
        tell(AnalyticsEventType.PARTICIPANT_ACTIVE);
        break;
      case Effect.RESUMED:
        if (call.call === 'participantResumed') {
          const { node = '', reason = 0 } = call;
          event.clientMeta = new AnalyticsClientMeta({ node, reconnectReason: reason as ReconnectReason });
        }
        tell(AnalyticsEventType.PARTICIPANT_RESUMED);
        break;
      case Effect.LEFT:
        webhook('participant_left');
        tell(AnalyticsEventType.PARTICIPANT_LEFT);
        break;
      case Effect.ABORTED:
        webhook('participant_connection_aborted');
        tell(AnalyticsEventType.PARTICIPANT_CONNECTION_ABORTED);
        break;
      case Effect.IGNORED:
        this.#impossible(call);
        break;
    }
  }

  #impossible(call: TelemetryCall): void {
    if (this.#told.has(call.call)) return;
    this.#told.add(call.call);
    this.#telling.sinks.impossible(call);
  }
}
