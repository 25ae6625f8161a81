/*
 * The timer thread (workers/timer-thread.ts, src/engine/flusher.ts, src/snapshot): asks for windows, hands their rows
 * on, commits them in the ledger, gives them back. It may die before any store; the next one starts from the ledger.
 */
#define EACH_SHARD(what) do :: atomic { sh < SHARDS -> what; sh++ } :: atomic { sh == SHARDS -> sh = 0; break } od

/* windows.ts, release, of all shards */
inline releaseTaken(half) {
  do
  :: sh < SHARDS ->
    atomic { TIMER_STORE(RELEASED[sh] = L_RELEASED[shardOf(half)]) }  /* C8: rows and entries may be written again */
    atomic { TIMER_STORE(COVERED[sh] = L_COVERED[shardOf(half)]); sh++ }  /* C9: slots closed before are free */
  :: atomic { sh == SHARDS -> sh = 0; break }
  od
}

inline drainEvents() {
  atomic {
    do
    :: n < ALL_SLOTS -> owner[n] = EVENT[n]; n++  /* C2: then the events: no row comes before its identity */
    :: else -> break
    od;
    n = 0
  }
}

#ifdef MUTATION_WINDOWS_READ_AGAIN
#define listed WINDOW[sh]
#else
#define listed open[sh]
#endif
#define oldestFlush ENTRY_FLUSH[entryOf(RELEASED[sh])]

/* The least flush number of the windows listed, 0 for none. */
inline nextFlush() {
  atomic {
    flush = 0;
    do
    :: sh < SHARDS ->
      if
      :: RELEASED[sh] != open[sh] && oldestFlush <= upTo && (flush == 0 || oldestFlush < flush) -> flush = oldestFlush
      :: else
      fi;
      sh++
    :: else -> break
    od;
    sh = 0
  }
}

/* ledger.ts, begin */
inline begin() {
  do
  :: n < OWNERS ->
    REPORTED[reportedOf(PENDING, n)] = REPORTED[reportedOf(VALID, n)];  /* C3: the pending half begins as the valid one */
    gScores[reportedOf(PENDING, n)] = gScores[reportedOf(VALID, n)];
    n++
  :: else -> break
  od;
  n = 0;
  do
  :: n < SHARDS ->
    L_RELEASED[PENDING * SHARDS + n] = L_RELEASED[VALID * SHARDS + n];
    L_COVERED[PENDING * SHARDS + n] = L_COVERED[VALID * SHARDS + n];
    n++
  :: else -> break
  od;
  n = 0
}

/* snapshot-builder.ts, one shard's window */
inline book() {
  assert(RELEASED[sh] == L_RELEASED[shardOf(PENDING)]);  /* a window is taken once */
  do
  :: n < ENTRY_ROWS[entryOf(RELEASED[sh])] ->
    at = rowOf(ENTRY_FIRST[entryOf(RELEASED[sh])] + n);
    assert(gRowWindow[at] == RELEASED[sh]);  /* not overwritten before it is taken */
    assert(owner[ROW_SLOT[at]] == ROW_GENERATION[at]);  /* its owner's, and no other's */
    whose = ownerOf(ROW_SLOT[at], ROW_GENERATION[at]);
    assert(REPORTED[reportedOf(PENDING, whose)] + ROW_DELTA[at] == gRowUpTo[at]);
    assert(ROW_SCORES[at] == ((1 << ROW_COUNT[at]) - 1) << gScores[reportedOf(PENDING, whose)]);
    REPORTED[reportedOf(PENDING, whose)] = REPORTED[reportedOf(PENDING, whose)] + ROW_DELTA[at];  /* C4: rows are booked there */
    gScores[reportedOf(PENDING, whose)] = gScores[reportedOf(PENDING, whose)] + ROW_COUNT[at];
    n++
  :: else -> break
  od;
  n = 0; at = 0; whose = 0;
  L_COVERED[shardOf(PENDING)] = ENTRY_APPLIED[entryOf(RELEASED[sh])];  /* C5: and what the window covers */
  L_RELEASED[shardOf(PENDING)] = RELEASED[sh] + 1
}

/* A flush that is handed on again, because it was not committed, has at least the shards it had. */
inline handOn() {
  atomic {
    assert(gAway == 0 || flush < gAwayFlush || (flush == gAwayFlush && (shards & gAway) == gAway));
    if
    :: gAway == 0 || flush == gAwayFlush ->
      if :: gAway != 0 -> SEEN(FLUSH_REPEATED) :: else fi;
      gAway = shards; gAwayFlush = flush  /* C6: the snapshot is handed on */
    :: else
    fi;
    if :: shards != (1 << SHARDS) - 1 -> SEEN(SHARD_LEFT_OUT) :: else fi
  }
}

/* snapshot-builder.ts, build and release of one flush */
inline build() {
  atomic {
    begin();
    do
    :: sh < SHARDS ->
      if
      :: RELEASED[sh] != listed && oldestFlush == flush ->
        shards = shards | (1 << sh);
#ifndef MUTATION_COMMIT_PER_SHARD
        book()
#endif
      :: else
      fi;
      sh++
    :: else -> break
    od;
    sh = 0
  };
  handOn();
#ifdef MUTATION_RELEASED_FIRST
  releaseTaken(PENDING);
#endif
#ifdef MUTATION_COVERED_FIRST
  EACH_SHARD(TIMER_STORE(COVERED[sh] = L_COVERED[shardOf(PENDING)]));
#endif
#ifdef MUTATION_COMMIT_PER_SHARD
  do
  :: atomic {
      sh < SHARDS ->
      if
      :: (shards >> sh) & 1 ->
        begin();
        book();
        TIMER_STORE(COMMITS = 1 - COMMITS);
        shards = shards & ~(1 << sh);
        if :: shards == 0 -> gAway = 0; gAwayFlush = 0 :: else fi
      :: else
      fi;
      sh++
    }
  :: atomic { sh == SHARDS -> sh = 0; break }
  od;
#else
  atomic {
    TIMER_STORE(COMMITS = 1 - COMMITS);  /* C7: the one store that commits the flush, of all shards */
    if :: gAwayFlush == flush -> gAway = 0; gAwayFlush = 0 :: else fi;
    shards = 0
  };
#endif
  releaseTaken(VALID)
}

/* flusher.ts, collect */
inline collect() {
#ifdef MUTATION_EVENTS_FIRST
  drainEvents();
#endif
  EACH_SHARD(open[sh] = WINDOW[sh]);  /* C1: the windows first */
#ifndef MUTATION_EVENTS_FIRST
  drainEvents();
#endif
  nextFlush();
  do
  :: flush != 0 -> build(); nextFlush()
  :: atomic { flush == 0 -> forgetWindows(); break }
  od
}

inline forgetWindows() {
  do
  :: n < SHARDS -> open[n] = 0; n++
  :: else -> break
  od;
  n = 0
}

#define answered(shard) (ANSWERED[shard] == BOARD_FLUSH)
#define released(shard) (RELEASED[shard] == WINDOW[shard])
#define isOlder(shard) (RELEASED[shard] != WINDOW[shard] && ENTRY_FLUSH[(shard) * ENTRIES + RELEASED[shard] % ENTRIES] < BOARD_FLUSH)
#if SHARDS == 2
#define allAnswered (answered(0) && answered(1))
#define anyAnswered (answered(0) || answered(1))
#define allReleased (released(0) && released(1))
#define anyOlder (isOlder(0) || isOlder(1))
#else
#define allAnswered answered(0)
#define anyAnswered true
#define allReleased released(0)
#define anyOlder isOlder(0)
#endif

/* windows.ts, isDrained */
#ifdef MUTATION_BARRIER_BEFORE_ANSWER
#define isDrained (PUBLISHED[0] == APPLIED[0])
#else
#define isDrained (PUBLISHED[0] == APPLIED[0] && ANSWERED[0] == REQUEST[0])
#endif

proctype Timer() {
  byte sh, flush, upTo, shards, n, at, whose, owner[ALL_SLOTS], open[SHARDS];
  bool stopping;
start:
#ifndef MUTATION_NOT_RELEASED_AGAIN
  releaseTaken(VALID);  /* T1: what the thread before committed and could not give back */
#endif
#ifndef MUTATION_STOP_NOT_RESET
  EACH_SHARD(TIMER_STORE(STOP[sh] = RUN));  /* T2: a stop that the thread before had begun begins anew */
#endif
  hasPool = true;  /* T3: the pool, and with it the drains */
ready:
  do
  :: BOARD_FLUSH < FLUSHES ->
    atomic { TIMER_STORE(BOARD_FLUSH = BOARD_FLUSH + 1) };  /* F1: a number that no flush has had */
    EACH_SHARD(TIMER_STORE(REQUEST[sh] = BOARD_FLUSH));  /* F2: the request */
    if
    :: timerDeaths < TIMER_DEATHS -> goto gone
    :: allAnswered
#if LATE
    :: !allAnswered && anyAnswered -> SEEN(FLUSH_LATE)  /* F3: a shard that does not answer is not waited for */
#endif
    fi;
    upTo = BOARD_FLUSH;
    break
  :: barrier && !still -> isDrained; still = true; !still  /* B1: nothing is to be applied, no window to be closed */
  :: hostsDone == SHARDS ->
    do
    :: sh < SHARDS ->
      atomic { TIMER_STORE(STOP[sh] = NO_MERGING) }  /* E1: windows merge no more */
      atomic { TIMER_STORE(REQUEST[sh] = BOARD_FLUSH + 1); sh++ }  /* E2: the last request */
    :: atomic { sh == SHARDS -> sh = 0; break }
    od;
    atomic { TIMER_STORE(BOARD_FLUSH = BOARD_FLUSH + 1) };  /* E3: its number */
    stopping = true;
stop:
    if
    :: timerDeaths < TIMER_DEATHS -> goto gone
    :: allAnswered -> upTo = BOARD_FLUSH
    :: !allAnswered && anyOlder -> upTo = BOARD_FLUSH - 1  /* E4: older windows at once, for one that finds no room */
    fi;
    break
  od;
  collect();
  if
  :: stopping && upTo == BOARD_FLUSH && allReleased
  :: stopping && !(upTo == BOARD_FLUSH && allReleased) -> goto stop
  :: !stopping -> upTo = 0; goto ready
  fi;
  EACH_SHARD(TIMER_STORE(STOP[sh] = LEAVE));  /* E5: the drains leave */
  atomic {
    MAY_BE_GONE;
    finished = true;
    do
    :: n < OWNERS ->
      assert(REPORTED[reportedOf(VALID, n)] == gRecorded[n]);  /* all that was recorded, to its owner, once */
      assert(gScores[reportedOf(VALID, n)] == gPut[n]);
      n++
    :: else -> break
    od;
    goto end
  };
gone:
  atomic {
    timerDeaths++;
    hasPool = false;
    if :: RELEASED[0] < L_RELEASED[VALID * SHARDS] -> SEEN(DEATH_AFTER_COMMIT) :: else fi;
    if :: stopping -> SEEN(DEATH_WHILE_STOPPING) :: else fi;
    sh = 0; flush = 0; upTo = 0; shards = 0; n = 0; at = 0; whose = 0; stopping = false;
    do
    :: n < ALL_SLOTS -> owner[n] = 0; n++
    :: else -> break
    od;
    n = 0;
    forgetWindows()
  };
  drains == 0 && !still;  /* O2: its workers have died with it */
  goto start;
end:
  skip
}
