import { GeneratedTrack } from './generated-track.js';
import { SeededRandom } from './seeded-random.js';
import type { DirectionName, TraceLine, TraceRef } from './trace-line.js';

/** Sids whose order by JavaScript's `<` is not the order of their UTF-8 bytes, nor that of a dictionary. */
const ROOM_SIDS = ['RM_b', 'RM_B', 'RM_😀', 'RM_～'];
const PARTICIPANT_SIDS = ['PA_a', 'PA_Z', 'PA_z', 'PA_😀', 'PA_～'];
const TRACK_SIDS = ['TR_mic', 'TR_cam', 'TR_Cam', 'TR_～', ''];
const NAMES = ['one', 'two', '', 'Zürich 🎥', '会議室', 'a"b\\c\n', 'n'.repeat(300)];
const REPORT_MS = 30_000;

const TRACK_OPS = [
  'track_publish_requested',
  'track_published',
  'track_unpublished',
  'track_published_update',
  'track_muted',
  'track_unmuted',
  'track_subscribe_requested',
  'track_subscribed',
  'track_unsubscribed',
  'track_subscribe_failed',
  'track_max_subscribed_video_quality',
  'track_publish_rtp_stats',
  'track_subscribe_rtp_stats',
] as const;

interface Room {
  sid: string;
  name: string;
  started: boolean;
}

interface Participant {
  room: Room;
  sid: string;
  tracks: GeneratedTrack[];
}

/** A line whose time is not said yet, and how long after the one before it comes, where that matters. */
type PendingLine = Omit<TraceLine, 't'> & { waitMs?: number };

/**
 * Makes a trace of `size` good lines, the same for the same seed: rooms that start, end and are renamed;
 * participants that are unknown, join, leave, rejoin and are reaped, by several guards; tracks that do all that
 * TRACE.md has a rule for.
 *
 * It keeps to what the rules decide. So no sum of bytes is beyond what a double holds exactly, no two tracks of
 * different ops share a sid, and no room object comes for a room that was never started or has ended, but to let
 * somebody in.
 */
export function generateTrace(seed: number, size: number): TraceLine[] {
  return new TraceGenerator(seed).lines(size);
}

class TraceGenerator {
  readonly #random: SeededRandom;
  readonly #rooms: Room[];
  readonly #participants: Participant[];
  /** Lines that belong together and are to come next. */
  readonly #pending: PendingLine[] = [];
  #now = 0;
  /** Now and then one track is busy, for windows with many samples and scores. */
  #busy: { participant: Participant; track: GeneratedTrack; lines: number } | undefined;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#rooms = ROOM_SIDS.slice(0, random.int(1, ROOM_SIDS.length)).map((sid) => ({
      sid,
      name: '',
      started: false,
    }));
    this.#participants = this.#rooms.flatMap((room) =>
      PARTICIPANT_SIDS.slice(random.int(0, 4)).map((sid) => ({
        room,
        sid,
        tracks: TRACK_SIDS.slice(0, random.int(1, TRACK_SIDS.length)).flatMap((track) =>
          this.#newTracks(track),
        ),
      })),
    );
    for (const room of this.#rooms) if (random.chance(0.9)) this.#start(room);
    for (const participant of this.#participants) if (random.chance(0.8)) this.#enter(participant);
  }

  lines(size: number): TraceLine[] {
    const lines: TraceLine[] = [];
    while (lines.length < size) {
      if (this.#busy === undefined && this.#random.chance(0.02)) this.#beBusy();
      else if (this.#busy !== undefined && this.#busy.lines-- <= 0) this.#busy = undefined;
      if (this.#pending.length === 0) this.#next();
      const next = this.#pending.shift();
      if (next === undefined) continue;
      const { waitMs, ...line } = next;
      this.#now += waitMs ?? (this.#busy === undefined ? this.#calmStep() : this.#random.int(0, 200));
      lines.push({ t: this.#now, ...line });
    }
    return lines;
  }

  #beBusy(): void {
    const participant = this.#random.pick(this.#participants);
    this.#busy = {
      participant,
      track: this.#random.pick(participant.tracks),
      lines: this.#random.int(10, 90),
    };
    if (this.#random.chance(0.8)) this.#enter(participant);
  }

  #newTracks(trackSid: string): GeneratedTrack[] {
    const directions: DirectionName[] = ['UPSTREAM', 'DOWNSTREAM'];
    const chosen = this.#random.chance(0.2) ? directions : [this.#random.pick(directions)];
    return chosen.map((direction) => new GeneratedTrack(this.#random, trackSid, direction));
  }

  #calmStep(): number {
    const random = this.#random;
    const toTheReport = REPORT_MS - (this.#now % REPORT_MS);
    switch (random.weighted({ none: 35, short: 40, second: 12, report: 4, beside: 4, windows: 3, reap: 2 })) {
      case 'none':
        return 0;
      case 'short':
        return random.int(1, 400);
      case 'second':
        return random.int(1, 5000);
      case 'report':
        return toTheReport;
      case 'beside':
        return toTheReport + random.pick([-1, 1]);
      case 'windows':
        return random.int(REPORT_MS, 3 * REPORT_MS);
      case 'reap':
        return random.pick([180_000, random.int(100_000, 250_000)]);
    }
  }

  #next(): void {
    const random = this.#random;
    if (this.#busy !== undefined && random.chance(0.7)) {
      this.#rtp(this.#busy.participant, this.#busy.track);
      return;
    }
    const participant = random.pick(this.#participants);
    const [people, rooms] = this.#busy === undefined ? [12, 3] : [1, 0];
    switch (
      random.weighted({
        rtp: 55,
        messages: 20,
        people,
        leaveForGood: 2,
        empty: rooms / 3,
        rooms,
        others: 6,
        flush: 1,
      })
    ) {
      case 'rtp':
        this.#rtp(participant, random.pick(participant.tracks));
        break;
      case 'messages':
        this.#messages(participant);
        break;
      case 'people':
        if (random.chance(0.7)) this.#enter(participant);
        else this.#leave(participant, random.pick(['media', 'signal']));
        break;
      case 'leaveForGood':
        this.#leaveForGood(participant);
        break;
      case 'empty':
        this.#emptyTheRoom(participant);
        break;
      case 'rooms':
        if (participant.room.started && random.chance(0.6)) this.#end(participant.room);
        else this.#start(participant.room);
        break;
      case 'others':
        if (random.chance(0.7)) this.#trackOp(participant);
        else this.#infoOp();
        break;
      case 'flush':
        this.#pending.push({ op: 'flush' });
    }
  }

  #rtp(participant: Participant, track: GeneratedTrack): void {
    this.#push('rtp', participant, { track: track.trackSid, direction: track.direction, ...track.sample() });
  }

  #messages(participant: Participant): void {
    const random = this.#random;
    const op = random.pick(['data', 'signal']);
    const bytes = random.int(0, 1500);
    this.#push(op, participant, {
      direction: random.pick(['UPSTREAM', 'DOWNSTREAM']),
      bytes: random.chance(0.1) ? String(bytes) : bytes,
      ...(random.chance(0.4) ? { messages: random.int(0, 4) } : {}),
      ...(random.chance(0.2) ? { track: `TR_own_${op}` } : {}),
    });
  }

  #enter(participant: Participant): void {
    const random = this.#random;
    const extra = random.chance(0.2) ? { clientMeta: { region: 'eu' } } : {};
    switch (random.weighted({ joined: 45, active: 35, resumed: 20 })) {
      case 'joined':
        this.#pushEntry('participant_joined', participant, {
          ...this.#ref(),
          ...extra,
          client: { sdk: 'JS' },
        });
        break;
      case 'active':
        this.#pushEntry('participant_active', participant, {
          ...this.#ref(),
          ...extra,
          isMigration: random.chance(0.5),
        });
        break;
      case 'resumed':
        this.#pushEntry('participant_resumed', participant, {
          node: 'ND_2',
          reason: 'RR_SIGNAL_DISCONNECTED',
        });
    }
  }

  #leave(participant: Participant, ref: string): void {
    this.#push('participant_left', participant, {
      ...(ref === 'media' && this.#random.chance(0.7) ? {} : { ref }),
      ...(this.#random.chance(0.3) ? { sendEvent: this.#random.chance(0.5) } : {}),
    });
  }

  /** Whatever guards it has are released, and samples come late; perhaps the same sid is there again. */
  #leaveForGood(participant: Participant): void {
    for (const ref of ['media', 'signal', 'other']) this.#leave(participant, ref);
    if (this.#random.chance(0.7)) this.#rtp(participant, this.#random.pick(participant.tracks));
    if (this.#random.chance(0.3)) this.#messages(participant);
    if (this.#random.chance(0.2)) this.#enter(participant);
  }

  /** All leave, for just as long as a closed one is kept or 1 ms more; the room may have ended. Then one is back. */
  #emptyTheRoom(back: Participant): void {
    const random = this.#random;
    const { room } = back;
    if (room.started && random.chance(0.3)) this.#end(room);
    for (const participant of this.#participants.filter((other) => other.room === room)) {
      for (const ref of ['media', 'signal', 'other']) this.#leave(participant, ref);
    }
    if (room.started && random.chance(0.3)) this.#end(room);
    this.#pending.push({ op: 'flush', waitMs: 180_000 + random.int(0, 1) });
    this.#push('data', back, { direction: 'UPSTREAM', bytes: 1, waitMs: 0 });
    this.#push('participant_joined', back, { waitMs: 0 });
    this.#rtp(back, random.pick(back.tracks));
  }

  #start(room: Room): void {
    room.started = true;
    if (this.#random.chance(0.7)) room.name = this.#random.pick(NAMES);
    this.#pending.push({
      op: 'room_started',
      room: this.#random.chance(0.9) ? { sid: room.sid, name: room.name } : room.sid,
    });
  }

  #end(room: Room): void {
    this.#pending.push({ op: 'room_ended', room: this.#roomRef(room) });
    room.started = false;
  }

  #trackOp(participant: Participant): void {
    const random = this.#random;
    const op = random.pick(TRACK_OPS);
    const sid = random.pick(TRACK_SIDS);
    this.#push(op, participant, {
      track: random.chance(0.5) ? sid : { sid, type: random.pick(['AUDIO', 'VIDEO']), source: 'CAMERA' },
      ...(op === 'track_subscribed' ? { publisher: { sid: 'PA_p', identity: 'publisher' } } : {}),
      ...(op === 'track_subscribe_failed' ? { error: 'codec unsupported', isUserError: false } : {}),
      ...(op === 'track_max_subscribed_video_quality' ? { mimeType: 'video/VP8', quality: 'HIGH' } : {}),
      ...(op.endsWith('_rtp_stats') ? { mimeType: 'video/VP8', layer: 1, stats: { packets: 5 } } : {}),
    });
  }

  #infoOp(): void {
    this.#pending.push(
      this.#random.pick([
        { op: 'egress_started', info: { egressId: 'EG_1', roomName: 'one' } },
        { op: 'egress_ended', info: { egressId: 'EG_1', roomName: 'one' } },
        { op: 'ingress_created', info: { ingressId: 'IN_1', name: 'in' } },
        { op: 'report', info: {} },
        { op: 'api_call', info: { method: 'ListRooms' } },
        { op: 'node_rooms', info: { nodeId: 'ND_1' } },
      ]),
    );
  }

  #ref(): { ref?: string } {
    switch (this.#random.weighted({ none: 50, media: 15, signal: 25, other: 10 })) {
      case 'none':
        return {};
      case 'media':
        return { ref: 'media' };
      case 'signal':
        return { ref: 'signal' };
      case 'other':
        return { ref: 'other' };
    }
  }

  #push(op: string, participant: Participant, fields: Partial<PendingLine>): void {
    this.#pending.push({
      op,
      room: this.#roomRef(participant.room),
      participant: this.#participantRef(participant),
      ...fields,
    });
  }

  /** A line that lets somebody in may bring the room's object in any case. */
  #pushEntry(op: string, participant: Participant, fields: Partial<PendingLine>): void {
    const { sid, name } = participant.room;
    this.#push(op, participant, fields);
    const entry = this.#pending.at(-1);
    if (entry !== undefined && this.#random.chance(0.3)) entry.room = { sid, name };
  }

  #roomRef(room: Room): TraceRef {
    if (!room.started || this.#random.chance(0.7)) return room.sid;
    if (this.#random.chance(0.3)) room.name = this.#random.pick(NAMES);
    return { sid: room.sid, name: room.name };
  }

  #participantRef({ sid }: Participant): TraceRef {
    return this.#random.chance(0.7) ? sid : { sid, identity: `user ${sid}`, name: this.#random.pick(NAMES) };
  }
}
