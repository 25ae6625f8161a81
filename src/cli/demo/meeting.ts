import { fileURLToPath } from 'node:url';
import { Direction, type StreamSample, type TrackSample } from '../../index.js';
import { sidOf } from '../trace/messages.js';
import { type LineOf, parseTraceLine, type TraceLine } from '../trace/parse-line.js';
import { TraceFile } from '../trace/trace-file.js';

const RECORDING = fileURLToPath(new URL('../../../../traces/meeting.jsonl.gz', import.meta.url));

/** One media track of one participant, in one direction. */
export interface MeetingTrack {
  readonly sid: string;
  /** Place in `Meeting.participants`. */
  readonly participant: number;
  readonly direction: Direction;
  readonly kind: 'audio' | 'video';
}

/** A track as its publisher announces it. */
type PublishedTrack = Exclude<LineOf<'track_published'>['track'], string>;

/** What happens in a room at one moment; `track` and `participant` are places in the meeting's lists. */
export type Step = { readonly atMs: number } & (
  | { readonly does: 'startRoom' | 'endRoom' }
  | { readonly does: 'join' | 'activate' | 'leave'; readonly participant: number }
  | {
      readonly does: 'sample';
      readonly track: number;
      readonly sample: TrackSample;
      /** What the sample's running totals added. */
      readonly packets: number;
      readonly bytes: number;
    }
  | { readonly does: 'closeTrack'; readonly track: number }
  | { readonly does: 'publish' | 'unpublish'; readonly participant: number; readonly track: PublishedTrack }
  | {
      readonly does: 'data' | 'signal';
      readonly participant: number;
      readonly direction: Direction;
      readonly bytes: number;
      readonly messages: number;
    }
);

/** A recorded meeting, ready to be played in any number of rooms. */
export interface Meeting {
  readonly room: { readonly sid: string; readonly name: string };
  readonly participants: readonly { readonly sid: string; readonly identity: string }[];
  readonly tracks: readonly MeetingTrack[];
  /** In order of time. */
  readonly steps: readonly Step[];
  readonly durationMs: number;
}

/** Reads the meeting that comes with the package. */
export async function loadMeeting(): Promise<Meeting> {
  const trace = await TraceFile.open(RECORDING);
  const reader = new MeetingReader();
  for await (const lines of trace.lines()) {
    for (const { text, number } of lines) {
      if (typeof text !== 'string') throw text;
      reader.take(parseTraceLine(text, number, () => {}));
    }
  }
  return reader.meeting();
}

/** Turns a trace of one room into steps. */
export class MeetingReader {
  #room = { sid: '', name: '' };
  readonly #participants: { sid: string; identity: string }[] = [];
  readonly #tracks: MeetingTrack[] = [];
  readonly #steps: Step[] = [];
  readonly #totals = new RunningTotals();

  take(line: TraceLine): void {
    const atMs = line.t;
    switch (line.op) {
      case 'room_started':
        if (typeof line.room !== 'string') this.#room = { sid: line.room.sid, name: line.room.name };
        this.#steps.push({ atMs, does: 'startRoom' });
        break;
      case 'room_ended':
        this.#steps.push({ atMs, does: 'endRoom' });
        break;
      case 'participant_joined':
        this.#steps.push({ atMs, does: 'join', participant: this.#participant(line.participant) });
        break;
      case 'participant_active':
        this.#steps.push({ atMs, does: 'activate', participant: this.#participant(line.participant) });
        break;
      case 'participant_left':
        this.#steps.push({ atMs, does: 'leave', participant: this.#participant(line.participant) });
        break;
      case 'track_published':
        this.#announce(line, 'publish');
        break;
      case 'track_unpublished':
        this.#announce(line, 'unpublish');
        this.#close(line, Direction.UPSTREAM);
        break;
      case 'track_unsubscribed':
        this.#close(line, Direction.DOWNSTREAM);
        break;
      case 'rtp':
        this.#sample(line);
        break;
      case 'data':
      case 'signal': {
        const { op: does, direction, bytes, messages } = line;
        const participant = this.#participant(line.participant);
        this.#steps.push({ atMs, does, participant, direction, bytes, messages });
        break;
      }
    }
  }

  meeting(): Meeting {
    return {
      room: this.#room,
      participants: this.#participants,
      tracks: this.#tracks,
      steps: this.#steps,
      durationMs: this.#steps.at(-1)?.atMs ?? 0,
    };
  }

  #participant(ref: string | { readonly sid: string; readonly identity: string }): number {
    const sid = sidOf(ref);
    let place = this.#participants.findIndex((participant) => participant.sid === sid);
    if (place < 0) place = this.#participants.push({ sid, identity: '' }) - 1;
    if (typeof ref !== 'string') this.#participants[place]!.identity = ref.identity;
    return place;
  }

  #findTrack(sid: string, participant: number, direction: Direction): number {
    return this.#tracks.findIndex(
      (track) => track.sid === sid && track.participant === participant && track.direction === direction,
    );
  }

  #announce(line: LineOf<'track_published' | 'track_unpublished'>, does: 'publish' | 'unpublish'): void {
    const participant = this.#participant(line.participant);
    if (typeof line.track !== 'string')
      this.#steps.push({ atMs: line.t, does, participant, track: line.track });
  }

  #close(line: LineOf<'track_unpublished' | 'track_unsubscribed'>, direction: Direction): void {
    const track = this.#findTrack(sidOf(line.track), this.#participant(line.participant), direction);
    // A data track has no samples of its own.
    if (track >= 0) this.#steps.push({ atMs: line.t, does: 'closeTrack', track });
  }

  #sample(line: LineOf<'rtp'>): void {
    const { t: atMs, track: sid, direction, mimeType = '', streams } = line;
    const participant = this.#participant(line.participant);
    let track = this.#findTrack(sid, participant, direction);
    if (track < 0) {
      const kind = mimeType.startsWith('audio') ? 'audio' : 'video';
      track = this.#tracks.push({ sid, participant, direction, kind }) - 1;
    }
    const { packets, bytes } = this.#totals.added(track, streams);
    this.#steps.push({ atMs, does: 'sample', track, sample: line, packets, bytes });
  }
}

/** Sums what running totals add. A recording has no wraps and no restarts, so a difference is enough. */
class RunningTotals {
  readonly #last = new Map<string, number>();

  added(track: number, streams: readonly StreamSample[]): { packets: number; bytes: number } {
    let packets = 0;
    let bytes = 0;
    for (const stream of streams) {
      const of = `${track} ${stream.ssrc}`;
      packets += this.#step(`${of} primaryPackets`, stream.primaryPackets);
      packets += this.#step(`${of} retransmitPackets`, stream.retransmitPackets);
      packets += this.#step(`${of} paddingPackets`, stream.paddingPackets);
      bytes += this.#step(`${of} primaryBytes`, stream.primaryBytes);
      bytes += this.#step(`${of} retransmitBytes`, stream.retransmitBytes);
      bytes += this.#step(`${of} paddingBytes`, stream.paddingBytes);
    }
    return { packets, bytes };
  }

  #step(counter: string, total: number | undefined): number {
    if (total === undefined) return 0;
    const before = this.#last.get(counter) ?? 0;
    this.#last.set(counter, total);
    return total - before;
  }
}
