/*
 * A stats worker's drain (src/aggregate): applies records to slots, closes windows. It may die after any store; the
 * next one starts at APPLIED.
 */
#ifdef MUTATION_MERGE_AT_STOP
#define mayMerge true
#else
#define mayMerge (STOP[sh] != NO_MERGING)
#endif
#ifdef MUTATION_COUNT_APART
byte COUNT[ALL_SLOTS], COUNT_STAMP[ALL_SLOTS];
#define countOf(slot) COUNT[slot]
#else
#define countOf(slot) (NEXT_SCORE[slot] - FIRST_SCORE[slot])
#endif
#define goesOn (noRoom || isClosed)
#ifndef COARSE
#define COARSE
#endif

/* apply.ts, takeOver: a record of a new generation */
inline takeOver() {
#ifdef MUTATION_GENERATION_FIRST
  STORE(GENERATION[slot] = REC_GENERATION[at]);
#endif
  STORE(STAMP[slot] = 0);  /* A1: the slot is in no window */
  STORE(SLOT_LAST[slot] = 0);  /* A2: totals, base and scores start from zero */
  STORE(SLOT_BASE[slot] = 0);
  STORE(NEXT_SCORE[slot] = 0);
  STORE(GENERATION[slot] = REC_GENERATION[at])  /* A3: the generation last */
}

/* apply.ts, touch: the first record of a slot in a window */
inline touch() {
#ifdef MUTATION_STAMP_FIRST
  STORE(STAMP[slot] = window);
#endif
#if !defined(MUTATION_BASE_WITH_ROWS) && !defined(MUTATION_BASE_AFTER_WINDOW)
  STORE(SLOT_BASE[slot] = SLOT_LAST[slot]);  /* A4: what it was becomes the base */
#endif
  STORE(FIRST_SCORE[slot] = NEXT_SCORE[slot]);  /* A5: no scores yet */
  STORE(STAMP[slot] = window)  /* A6: the stamp last */
}

/* apply.ts, the record at a position */
inline apply() {
  at = recordOf(position);
  assert(gRecord[at] == position);  /* neither overwritten, nor read before it was written */
  slot = REC_SLOT[at];
  if :: GENERATION[slot] == REC_GENERATION[at] && SLOT_LAST[slot] >= REC_TOTAL[at] -> SEEN(RECORD_APPLIED_TWICE) :: else fi;
  if :: GENERATION[slot] != REC_GENERATION[at] -> takeOver() :: else fi;
  if
  :: STAMP[slot] != window ->
    if :: STAMP[slot] != 0 -> SEEN(SLOT_IN_TWO_WINDOWS) :: else fi;
    touch()
  :: else
  fi;
#ifdef MUTATION_DELTAS
  STORE(SLOT_LAST[slot] = SLOT_LAST[slot] + REC_TOTAL[at]);
#else
  STORE(SLOT_LAST[slot] = REC_TOTAL[at]);  /* A7: overwriting, never adding */
#endif
  if
  :: REC_SCORE[at] != NO_SCORE ->
    assert(REC_SCORE[at] >= FIRST_SCORE[slot]);  /* its place is the slot's own */
    STORE(SCORE[scoreOf(slot, REC_SCORE[at] - FIRST_SCORE[slot])] = REC_SCORE[at]);  /* A8: score k has place k - first */
#ifdef MUTATION_COUNT_APART
    STORE(COUNT[slot] = (COUNT_STAMP[slot] == window -> COUNT[slot] + 1 : 1); COUNT_STAMP[slot] = window);
#endif
    STORE(NEXT_SCORE[slot] = REC_SCORE[at] + 1)  /* A9: and what comes next is the count */
  :: else
  fi;
  slot = 0;
  at = 0
}

/* window.ts, the row of one slot */
inline writeRow() {
  if
  :: STAMP[slot] == window && SLOT_LAST[slot] != SLOT_BASE[slot] && !noRoom ->
    if
#ifndef MUTATION_ROOM_UNREAD
    :: rows == SLOTS - (first - oldest) ->
      if :: rows > 0 -> SEEN(ROWS_WITHOUT_ROOM) :: else fi;
      noRoom = true
#endif
    :: else ->
      at = rowOf(first + rows);
      /* What lies there was taken, or is a try at this window that came to nothing. */
      assert(gRowWindow[at] == window || gRowWindow[at] < L_RELEASED[shardOf(VALID)]);
      assert(SLOT_LAST[slot] >= SLOT_BASE[slot]);
      gRowWindow[at] = window;
      gRowUpTo[at] = SLOT_LAST[slot];
      ROW_SLOT[at] = slot;  /* W4: a row, where nobody reads yet */
      ROW_GENERATION[at] = GENERATION[slot];
      ROW_DELTA[at] = SLOT_LAST[slot] - SLOT_BASE[slot];
      ROW_COUNT[at] = countOf(slot);
      ROW_SCORES[at] = 0;
      do
      :: n < ROW_COUNT[at] -> ROW_SCORES[at] = ROW_SCORES[at] | (1 << SCORE[scoreOf(slot, n)]); n++
      :: else -> break
      od;
      n = 0; at = 0; rows++;
      if :: deaths < DEATHS -> SEEN(DEATH_IN_ROWS); goto dead :: true fi;
#ifdef MUTATION_BASE_WITH_ROWS
      STORE(SLOT_BASE[slot] = SLOT_LAST[slot])
#endif
    fi
  :: else
  fi
}

/*
 * window.ts, closeWindow. Rows and entry are one step: they are not seen before WINDOW is stored. Sets noRoom when the
 * window must go on.
 */
inline closeWindow() {
  atomic {
    if
#ifndef MUTATION_ENTRY_UNREAD
    :: ENTRY_FLUSH[entryOf(window - 1)] == request -> SEEN(DEATH_BEFORE_ANSWER);
      isClosed = true  /* W1: the worker before closed it and died before it said so */
#endif
    :: else ->
#ifdef MUTATION_ROOM_UNREAD
      released = window;
#else
      released = RELEASED[sh];  /* W2: RELEASED is read once */
#endif
      if
      :: window - released >= ENTRIES -> noRoom = true
      :: else ->
        first = ENTRY_FIRST[entryOf(window - 1)] + ENTRY_ROWS[entryOf(window - 1)];
        oldest = (released == window -> first : ENTRY_FIRST[entryOf(released)]);  /* W3: the first row that was not taken */
        EACH_SLOT(slot) writeRow(); END_SLOT(slot)
      fi
    fi;
#ifdef MUTATION_ENTRY_AFTER_WINDOW
    if :: goesOn :: else -> STORE(WINDOW[sh] = window + 1) fi
  };
  atomic {
#endif
    if
    :: goesOn
    :: else ->
      assert(window - L_RELEASED[shardOf(VALID)] < ENTRIES);
      assert(request > ENTRY_FLUSH[entryOf(window - 1)]);
      STORE(ENTRY_FLUSH[entryOf(window)] = request);  /* W5: the entry */
      STORE(ENTRY_FIRST[entryOf(window)] = first);
      STORE(ENTRY_ROWS[entryOf(window)] = rows);
#ifdef MUTATION_APPLIED_AFTER_WINDOW
      STORE(ENTRY_APPLIED[entryOf(window)] = position)
#else
      STORE(ENTRY_APPLIED[entryOf(window)] = APPLIED[sh])
#endif
    fi;
    first = 0; oldest = 0; rows = 0
  }
#ifndef MUTATION_ENTRY_AFTER_WINDOW
  atomic {
    if :: goesOn :: else -> STORE(WINDOW[sh] = window + 1) fi  /* W6: the one store that closes the window */
  }
#endif
#ifdef MUTATION_BASE_AFTER_WINDOW
  atomic {
    if
    :: goesOn
    :: else ->
      EACH_SLOT(slot)
        if :: STAMP[slot] == window -> STORE(SLOT_BASE[slot] = SLOT_LAST[slot]) :: else fi;
      END_SLOT(slot)
    fi
  }
#endif
}

inline answer() {
  atomic {
    isClosed = false;
    if :: noRoom :: else -> STORE(ANSWERED[sh] = request) fi  /* W7: a hint, the entry is the truth */
  }
}

/* drain.ts, drainLane */
inline drainLane() {
  to = PUBLISHED[sh];  /* D3: PUBLISHED is read after REQUEST */
  do
  :: atomic {
      position != to ->
#ifdef MUTATION_APPLIED_FIRST
      STORE(APPLIED[sh] = position + 1);
#endif
      apply();
      position++;
#ifndef MUTATION_APPLIED_AFTER_WINDOW
      if
      :: STORE(APPLIED[sh] = position)  /* D4: now and then, and at the end: all before it has been applied */
      :: position != to
      fi
#endif
    }
#ifdef MUTATION_FLUSH_IN_REDRAIN
    if
    :: REQUEST[sh] != ANSWERED[sh] ->
      APPLIED[sh] = position;
      request = REQUEST[sh];
      closeWindow();
      answer();
      noRoom = false;
      window = WINDOW[sh]
    :: true
    fi
#endif
  :: atomic { position == to -> to = 0; break }
  od
}

#define hasWork (PUBLISHED[sh] != position || REQUEST[sh] != ANSWERED[sh])

/* drain.ts, runDrain and step */
proctype Drain(byte sh; byte id) {
  byte position, to, request, window, slot, at, first, oldest, rows, released, n, timer;
  bool noRoom, isClosed;
start:
  if
  :: finished -> goto end
  :: atomic { hasPool && !finished -> drains++; timer = timerDeaths }
  fi;
  COARSE {
#ifdef MUTATION_TWO_DRAINS
    OWNER[sh] = id;
#else
    if
    :: atomic { OWNER[sh] == 0 -> OWNER[sh] = id }  /* D5: one drain owns the shard */
    :: atomic { OWNER[sh] != 0 -> SEEN(OWNER_TAKEN); drains-- };
      if
      :: OWNER[sh] == 0 || !hasPool -> goto start
      :: finished -> goto end
      fi
    fi;
#endif
    position = APPLIED[sh]  /* D1: where a worker takes over */
  }
  do
  :: atomic {
#ifndef MUTATION_REQUEST_LATE
      request = REQUEST[sh];  /* D2: the request is read first */
#endif
      window = WINDOW[sh]
    }
    COARSE {
      drainLane();
#ifdef MUTATION_REQUEST_LATE
      request = REQUEST[sh];
#endif
      if
      :: request != ANSWERED[sh] -> closeWindow()
      :: else
      fi
    }
    if
    :: request != ANSWERED[sh] ->
      answer();
      if
      :: noRoom ->
        noRoom = false;
        if
        :: atomic { mayMerge -> SEEN(WINDOW_MERGED); STORE(ANSWERED[sh] = request) }  /* D6: no room, the window goes on */
        :: STOP[sh] == NO_MERGING -> SEEN(STOP_WAITS_FOR_ROOM);
          if
          :: RELEASED[sh] != released || PUBLISHED[sh] != position || REQUEST[sh] != request
          :: !hasPool -> goto dead
          fi
        fi
      :: else
      fi
    :: else
    fi;
#ifdef MUTATION_APPLIED_AFTER_WINDOW
    atomic { STORE(APPLIED[sh] = position) };
#endif
    if
    :: atomic { hasWork -> released = 0; window = 0; request = 0 }
    :: atomic { !hasPool -> goto dead }
    :: atomic { STOP[sh] == LEAVE && !hasWork -> goto left }  /* D7: told to leave */
    fi
  od;
dead:
  atomic {
    if :: hasPool -> deaths++ :: else fi;
    if :: slot != 0 || at != 0 -> SEEN(DEATH_IN_APPLY) :: else fi;
    position = 0; to = 0; request = 0; window = 0; slot = 0; at = 0; first = 0; oldest = 0; rows = 0;
    released = 0; n = 0; noRoom = false; isClosed = false;
    if :: OWNER[sh] == id -> OWNER[sh] = 0 :: else fi;  /* O1: by whoever sees the thread's exit */
    drains--;
    goto start
  };
left:
  atomic {
    position = 0; request = 0; window = 0; released = 0;
    OWNER[sh] = 0;  /* D8: the shard is given back */
    drains--
  };
  /* A drain that has left is not run again but by another timer thread. */
  if
  :: timerDeaths != timer -> goto start
  :: finished
  fi;
end:
  skip
}
