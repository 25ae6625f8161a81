import type {
  DataRecorder,
  SignalRecorder,
  StatsEngine,
  TrackEventCall,
  TrackRecorder,
} from '../../index.js';
import type { Meeting, Step } from './meeting.js';
import type { Traffic } from './traffic.js';

/** Recorders ever opened, for each kind; a data or signal recorder has both directions. */
export interface OpenedRecorders {
  readonly audio: [upstream: number, downstream: number];
  readonly video: [upstream: number, downstream: number];
  data: number;
  signal: number;
}

/** What the rooms count together. */
export interface RoomCounts {
  readonly traffic: Traffic;
  readonly opened: OpenedRecorders;
  /** Rooms that have begun and are not over. */
  openRooms: number;
  /** Tracks that are open now, each direction for itself, data and signalling among them. */
  openTracks: number;
}

interface Person {
  readonly sid: string;
  readonly identity: string;
  isInside: boolean;
  data: DataRecorder | undefined;
  signal: SignalRecorder | undefined;
}

/**
 * Plays the meeting in one room with sids of its own: it opens, feeds and closes recorders when an SFU would.
 */
export class RoomPlayer {
  readonly #meeting: Meeting;
  readonly #engine: StatsEngine;
  readonly #counts: RoomCounts;
  readonly #suffix: string;
  readonly #room: { readonly sid: string; readonly name: string };
  readonly #people: readonly Person[];
  readonly #trackSids: readonly string[];
  readonly #tracks: (TrackRecorder | undefined)[];
  #next = 0;
  #isRunning = false;

  /** @param suffix tells this room's sids from those of all others. */
  constructor(meeting: Meeting, engine: StatsEngine, counts: RoomCounts, suffix: string) {
    this.#meeting = meeting;
    this.#engine = engine;
    this.#counts = counts;
    this.#suffix = suffix;
    this.#room = { sid: `${meeting.room.sid}${suffix}`, name: `${meeting.room.name}${suffix}` };
    this.#people = meeting.participants.map(({ sid, identity }) => ({
      sid: `${sid}${suffix}`,
      identity,
      isInside: false,
      data: undefined,
      signal: undefined,
    }));
    this.#trackSids = meeting.tracks.map(({ sid }) => `${sid}${suffix}`);
    this.#tracks = new Array<undefined>(meeting.tracks.length).fill(undefined);
  }

  get isOver(): boolean {
    return this.#next === this.#meeting.steps.length;
  }

  /** When the next step is due, milliseconds since the meeting began; infinite when it is over. */
  get nextAtMs(): number {
    return this.#meeting.steps[this.#next]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Plays one step. */
  step(): void {
    const step = this.#meeting.steps[this.#next++];
    if (step !== undefined) this.#do(step);
  }

  /** Ends the room where it stands: everybody leaves. */
  end(): void {
    for (let participant = 0; participant < this.#people.length; participant++) this.#leave(participant);
    if (this.#isRunning) {
      this.#engine.roomEnded(this.#room);
      this.#isRunning = false;
      this.#counts.openRooms--;
    }
    this.#next = this.#meeting.steps.length;
  }

  #do(step: Step): void {
    const { traffic } = this.#counts;
    const room = this.#room;
    switch (step.does) {
      case 'sample':
        this.#track(step.track).record(step.sample);
        traffic.addPackets(this.#meeting.tracks[step.track]!.direction, step.packets, step.bytes);
        break;
      case 'data':
      case 'signal': {
        const person = this.#people[step.participant]!;
        const recorder = step.does === 'data' ? this.#data(person) : this.#signal(person);
        recorder.addBytes(step.direction, step.bytes, step.messages);
        traffic.addMessages(step.direction, step.messages, step.bytes);
        break;
      }
      case 'startRoom':
        this.#engine.roomStarted(room);
        this.#isRunning = true;
        this.#counts.openRooms++;
        break;
      case 'endRoom':
        this.end();
        break;
      case 'join': {
        const person = this.#people[step.participant]!;
        this.#engine.participantJoined({ room, participant: person });
        person.isInside = true;
        break;
      }
      case 'activate':
        this.#engine.participantActive({ room, participant: this.#people[step.participant]! });
        break;
      case 'leave':
        this.#leave(step.participant);
        break;
      case 'publish':
        this.#engine.trackPublished(this.#announced(step));
        break;
      case 'unpublish':
        this.#engine.trackUnpublished(this.#announced(step));
        break;
      case 'closeTrack':
        this.#closeTrack(step.track);
        break;
    }
  }

  #announced({ participant, track }: Extract<Step, { does: 'publish' | 'unpublish' }>): TrackEventCall {
    const announced = track.clone();
    announced.sid = `${track.sid}${this.#suffix}`;
    return { room: this.#room, participant: this.#people[participant]!, track: announced };
  }

  #track(place: number): TrackRecorder {
    const open = this.#tracks[place];
    if (open !== undefined) return open;
    const { participant, direction, kind } = this.#meeting.tracks[place]!;
    const recorder = this.#engine.openTrackRecorder({
      room: this.#room,
      participant: this.#people[participant]!,
      track: this.#trackSids[place]!,
      direction,
    });
    this.#tracks[place] = recorder;
    this.#counts.opened[kind][direction]++;
    this.#counts.openTracks++;
    return recorder;
  }

  #data(person: Person): DataRecorder {
    if (person.data === undefined) {
      person.data = this.#engine.openDataRecorder({ room: this.#room, participant: person });
      this.#counts.opened.data++;
      this.#counts.openTracks += 2;
    }
    return person.data;
  }

  #signal(person: Person): SignalRecorder {
    if (person.signal === undefined) {
      person.signal = this.#engine.openSignalRecorder();
      person.signal.resolve({ room: this.#room, participant: person });
      this.#counts.opened.signal++;
      this.#counts.openTracks += 2;
    }
    return person.signal;
  }

  #closeTrack(place: number): void {
    const recorder = this.#tracks[place];
    if (recorder === undefined) return;
    recorder.close();
    this.#tracks[place] = undefined;
    this.#counts.openTracks--;
  }

  #leave(participant: number): void {
    const person = this.#people[participant]!;
    this.#meeting.tracks.forEach((track, place) => {
      if (track.participant === participant) this.#closeTrack(place);
    });
    for (const recorder of [person.data, person.signal]) {
      if (recorder === undefined) continue;
      recorder.close();
      this.#counts.openTracks -= 2;
    }
    person.data = undefined;
    person.signal = undefined;
    if (person.isInside) this.#engine.participantLeft({ room: this.#room, participant: person });
    person.isInside = false;
  }
}
