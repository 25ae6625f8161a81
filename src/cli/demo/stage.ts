import type { StatsEngine } from '../../index.js';
import type { Meeting } from './meeting.js';
import { type RoomCounts, RoomPlayer } from './room-player.js';
import { Traffic } from './traffic.js';

const TURN_EVERY_MS = 20;
/** Work of one turn, at most: the loop belongs to others too. */
const TURN_BUDGET_MS = 5;
/** Steps between two looks at the clock. */
const STEPS_A_LOOK = 32;
/** The rooms begin spread over this share of the meeting, at most so long. */
const STAGGER_SHARE = 0.25;
const MAX_STAGGER_MS = 4_000;

interface Place {
  room: RoomPlayer;
  /** When its meeting began, ms since the stage opened. */
  startedAtMs: number;
  /** Meetings held here so far. */
  meetings: number;
}

/** Plays the meeting in many rooms at once, faster than it was; where one is over, another begins. */
export class Stage {
  readonly counts: RoomCounts = {
    traffic: new Traffic(),
    opened: { audio: [0, 0], video: [0, 0], data: 0, signal: 0 },
    openRooms: 0,
    openTracks: 0,
  };
  readonly #meeting: Meeting;
  readonly #engine: StatsEngine;
  readonly #speed: number;
  readonly #places: Place[] = [];
  readonly #openedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #onward: NodeJS.Immediate | undefined;
  #steps = 0;
  /** The place that is first in the next turn. */
  #first = 0;
  #lagMs = 0;

  constructor(
    meeting: Meeting,
    engine: StatsEngine,
    options: { readonly rooms: number; readonly speed: number },
  ) {
    this.#meeting = meeting;
    this.#engine = engine;
    this.#speed = options.speed;
    this.#openedAt = performance.now();
    const staggerMs = Math.min(MAX_STAGGER_MS, (STAGGER_SHARE * meeting.durationMs) / options.speed);
    for (let i = 0; i < options.rooms; i++) {
      const startedAtMs = (i * staggerMs) / options.rooms;
      this.#places.push({ room: this.#newRoom(i, 1), startedAtMs, meetings: 1 });
    }
  }

  /** How late the last turn's steps were, ms. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** @param onFailure told what the engine threw; the stage should then be stopped. */
  start(onFailure: (error: unknown) => void): void {
    const turn = (): void => {
      try {
        // What is left is played as soon as others had their turn.
        if (!this.#turn()) this.#onward ??= setImmediate(onward);
      } catch (error) {
        onFailure(error);
      }
    };
    const onward = (): void => {
      this.#onward = undefined;
      turn();
    };
    this.#timer = setInterval(turn, TURN_EVERY_MS);
  }

  /** Plays nothing more, and ends all rooms in order. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#onward !== undefined) clearImmediate(this.#onward);
    for (const { room } of this.#places) room.end();
  }

  #newRoom(place: number, meeting: number): RoomPlayer {
    return new RoomPlayer(this.#meeting, this.#engine, this.counts, `_${place + 1}_${meeting}`);
  }

  /** Plays what is due; false when the turn's time was over before that. */
  #turn(): boolean {
    const startedAt = performance.now();
    const deadline = startedAt + TURN_BUDGET_MS;
    const nowMs = startedAt - this.#openedAt;
    const count = this.#places.length;
    this.#lagMs = 0;
    for (let n = 0; n < count; n++) {
      const index = (this.#first + n) % count;
      if (this.#playDue(index, nowMs, deadline)) continue;
      this.#first = index;
      return false;
    }
    return true;
  }

  /** Plays what is due in one room; false when the turn's time was over before that. */
  #playDue(index: number, nowMs: number, deadline: number): boolean {
    const place = this.#places[index]!;
    for (;;) {
      if (place.room.isOver) {
        place.startedAtMs += this.#meeting.durationMs / this.#speed;
        place.meetings++;
        place.room = this.#newRoom(index, place.meetings);
      }
      const dueAtMs = place.startedAtMs + place.room.nextAtMs / this.#speed;
      if (dueAtMs > nowMs) return true;
      this.#lagMs = Math.max(this.#lagMs, nowMs - dueAtMs);
      place.room.step();
      if (++this.#steps % STEPS_A_LOOK === 0 && performance.now() > deadline) return false;
    }
  }
}
