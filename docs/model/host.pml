/*
 * The recording thread (src/record): recorders add to totals, put them into the lane's ring, publish in batches; slots
 * are opened, closed, and used again once COVERED has passed their last record. One process a lane.
 */
#define FREE 0
#define OPEN 1
#define CLOSED_FOLDED 2
#define CLOSED 3
byte hState[ALL_SLOTS], hUntil[ALL_SLOTS], hScores[ALL_SLOTS];
bool hFolded[ALL_SLOTS];
#ifdef MUTATION_DELTAS
byte hSent[ALL_SLOTS];
#endif

#define LOW (sh * SLOTS)
#define HIGH (sh * SLOTS + SLOTS - 1)
#define EACH_SLOT(slot) slot = LOW; do :: slot <= HIGH ->
#define END_SLOT(slot) slot++ :: else -> break od; slot = 0

/* lane.ts, putSample; a score is numbered when it was put */
inline put(score) {
  if
  :: position - applied >= CAPACITY -> applied = APPLIED[sh]  /* R1: APPLIED is read again when the ring seems full */
  :: else
  fi;
  if
  :: position - applied >= CAPACITY -> SEEN(RING_FULL); hFolded[slot] = true
  :: else ->
#ifdef MUTATION_PUBLISHED_FIRST
    PUBLISHED[sh] = position + 1;
#endif
    at = recordOf(position);
    REC_SLOT[at] = slot;  /* R2: the record's words, all totals as they stand */
    REC_GENERATION[at] = HANDLE[slot];
#ifdef MUTATION_DELTAS
    REC_TOTAL[at] = TOTAL[slot] - hSent[slot];
    hSent[slot] = TOTAL[slot];
#else
    REC_TOTAL[at] = TOTAL[slot];
#endif
    REC_SCORE[at] = score;
    gRecord[at] = position;
    at = 0;
    position++;
    hFolded[slot] = false;
    if
    :: score != NO_SCORE -> hScores[slot]++; gPut[ownerOf(slot, HANDLE[slot])]++
    :: else
    fi
  fi
}

inline publish() {
  PUBLISHED[sh] = position  /* R3: one store publishes the batch */
}

inline closeSlot() {
  hUntil[slot] = position;  /* S2: free when COVERED has passed here */
  hState[slot] = CLOSED
}

#ifdef MUTATION_FREE_AT_APPLIED
#define isCovered(slot) (APPLIED[sh] >= hUntil[slot])
#else
#define isCovered(slot) (COVERED[sh] >= hUntil[slot])  /* S3: COVERED is read */
#endif

/* One call for a slot: open it, record a sample, close it. */
inline turn() {
  if
  :: hState[slot] == FREE ->
    HANDLE[slot] = HANDLE[slot] + 1;  /* S1: a new owner, a new generation */
    IN_USE[slot] = true;
    hScores[slot] = 0;
    hState[slot] = OPEN;
    if :: HANDLE[slot] > 1 -> SEEN(SLOT_REUSED) :: else fi;
    EVENT[slot] = HANDLE[slot]  /* R4: the identity is in the event ring before the first record is put */
  :: hState[slot] == OPEN && TOTAL[slot] < SAMPLES ->
    TOTAL[slot] = TOTAL[slot] + 1;
    gRecorded[ownerOf(slot, HANDLE[slot])]++;
    put(hScores[slot])  /* R5: what finds the ring full is folded, the next record has its totals */
  :: hState[slot] == OPEN && TOTAL[slot] == SAMPLES ->
    if
    :: hFolded[slot] -> hState[slot] = CLOSED_FOLDED
    :: else -> closeSlot()
    fi
  fi
}

/* One slot's share of the publish tick. */
inline tick() {
  if
  :: hState[slot] == CLOSED && isCovered(slot) ->
    GIVEN_BACK = GIVEN_BACK + TOTAL[slot];  /* S4: its totals go into the books, the slot is free */
    TOTAL[slot] = 0;
    IN_USE[slot] = false;
    hUntil[slot] = 0;
#ifdef MUTATION_DELTAS
    hSent[slot] = 0;
#endif
    hState[slot] = FREE
  :: hFolded[slot] ->
    put(NO_SCORE);  /* R6: folded totals are put without a score */
    if
    :: !hFolded[slot] && hState[slot] == CLOSED_FOLDED -> closeSlot()
    :: else
    fi
  :: else
  fi
}

#define wantsTurn(slot) ((hState[slot] == FREE && HANDLE[slot] < GENERATIONS) || hState[slot] == OPEN)
#define isReclaimable(slot) (hState[slot] == CLOSED && isCovered(slot) && HANDLE[slot] < GENERATIONS)
#define wantsTick(slot) (isReclaimable(slot) || (hFolded[slot] && position - APPLIED[sh] < CAPACITY))
#define isOver(slot) (HANDLE[slot] > 0 && (hState[slot] == CLOSED || hState[slot] == FREE))
#define choose(wants) if :: wants(LOW) -> slot = LOW :: SLOTS > 1 && wants(HIGH) -> slot = HIGH fi

/* engine.ts, audit.ts: everything is published and applied, the timer thread keeps still; slots and rows are two looks. */
#if AUDITS > 0
inline audit() {
  atomic {
    EACH_SLOT(slot) tick(); END_SLOT(slot)
  }
  publish();
  atomic { barrier = true; still }
  atomic {
    counted = GIVEN_BACK;
    EACH_SLOT(slot)
      if
      :: IN_USE[slot] ->
        counted = counted + TOTAL[slot];  /* B2: what was counted, less what the slot's last record had, is in the ring */
        last = (GENERATION[slot] == HANDLE[slot] -> SLOT_LAST[slot] : 0);
        inside = inside + TOTAL[slot] - last;
        if
        :: GENERATION[slot] == HANDLE[slot] && STAMP[slot] == WINDOW[sh] -> inside = inside + last - SLOT_BASE[slot]
        :: else
        fi;
        last = 0
      :: else
      fi;
    END_SLOT(slot)
  }
  atomic {
    window = L_RELEASED[shardOf(VALID)];  /* B3: the ledger, and the rows behind what it has taken */
    do
    :: window != WINDOW[sh] ->
      do
      :: n < ENTRY_ROWS[entryOf(window)] -> SEEN(AUDIT_WITH_ROWS);
        inside = inside + ROW_DELTA[rowOf(ENTRY_FIRST[entryOf(window)] + n)]; n++
      :: else -> break
      od;
      n = 0; window++
    :: else -> break
    od;
    do
    :: n < OWNERS -> inside = inside + REPORTED[reportedOf(VALID, n)]; n++
    :: else -> break
    od;
    assert(counted == inside);
    n = 0; window = 0; counted = 0; inside = 0; audits++;
    still = false; barrier = false
  }
}
#endif

#ifdef MUTATION_PUBLISHED_FIRST
#define ONE_STEP
#else
#define ONE_STEP atomic
#endif

proctype Host(byte sh) {
  byte position, applied, at, slot;
#if AUDITS > 0
  byte counted, inside, last, window, n, audits;
#endif
  do
  :: ONE_STEP { choose(wantsTurn); turn(); slot = 0 }
  :: atomic { choose(wantsTick); tick(); slot = 0 }
  :: PUBLISHED[sh] != position -> publish()
#if AUDITS > 0
  :: audits < AUDITS && position > 0 -> audit()
#endif
  :: isOver(LOW) && isOver(HIGH) -> break
  od;
#ifndef MUTATION_NO_LAST_PUBLISH
  publish();
#endif
  hostsDone++
}

/* All that a recording thread does in a shard, in one step: what shards do to each other happens in the timer thread. */
proctype Burst(byte sh) {
  byte position, applied, at, slot;
  atomic {
    slot = LOW;
    do
    :: wantsTurn(slot) -> turn()
    :: else -> break
    od;
    slot = 0;
    publish();
    hostsDone++
  }
}
