/*
 * What the threads share, and the macros the steps are written with. Upper case: words of shared memory, named as in
 * src/memory. Lower case: heaps of the threads, `h` the recording thread's. `g`: ghosts, which no thread reads; the
 * properties are about them. A scenario (window.pml, slots.pml, ledger.pml) sets the bounds, then includes
 * the threads. A comment that begins with a letter and a number names a step.
 */
#define ALL_SLOTS (SHARDS * SLOTS)
#define OWNERS (ALL_SLOTS * GENERATIONS)
#define NO_SCORE 15
#define RUN 0
#define NO_MERGING 1
#define LEAVE 2

/*
 * States that a check must have reached, so that no property holds because nothing happened. The verifier prints each
 * once; nothing in the model depends on them.
 */
#define RECORD_APPLIED_TWICE 0
#define DEATH_IN_APPLY 1
#define DEATH_IN_ROWS 2
#define DEATH_BEFORE_ANSWER 3
#define RING_FULL 4
#define SLOT_IN_TWO_WINDOWS 5
#define WINDOW_MERGED 6
#define SLOT_REUSED 7
#define OWNER_TAKEN 8
#define FLUSH_LATE 9
#define FLUSH_REPEATED 10
#define SHARD_LEFT_OUT 11
#define DEATH_AFTER_COMMIT 12
#define DEATH_WHILE_STOPPING 13
#define STOP_WAITS_FOR_ROOM 14
#define AUDIT_WITH_ROWS 15
#define ROWS_WITHOUT_ROOM 16
c_decl { static char gReached[32]; }
#define SEEN(state) c_code { if (!gReached[state]) { gReached[state] = 1; printf("reached " #state "\n"); } }

/* Control words, one a shard; a shard has one lane. */
byte WINDOW[SHARDS] = 1;
byte ANSWERED[SHARDS], REQUEST[SHARDS], STOP[SHARDS], OWNER[SHARDS];
byte RELEASED[SHARDS] = 1;
byte PUBLISHED[SHARDS], APPLIED[SHARDS], COVERED[SHARDS];

/* Directory: ENTRIES a shard. */
byte ENTRY_FLUSH[SHARDS * ENTRIES], ENTRY_FIRST[SHARDS * ENTRIES], ENTRY_ROWS[SHARDS * ENTRIES];
byte ENTRY_APPLIED[SHARDS * ENTRIES];
#define entryOf(window) (sh * ENTRIES + (window) % ENTRIES)

/* Ring: CAPACITY records a lane. */
byte REC_SLOT[SHARDS * CAPACITY], REC_GENERATION[SHARDS * CAPACITY], REC_TOTAL[SHARDS * CAPACITY];
byte REC_SCORE[SHARDS * CAPACITY];
byte gRecord[SHARDS * CAPACITY] = 255;  /* the position that was written */
#define recordOf(position) (sh * CAPACITY + (position) % CAPACITY)

/* Slots: what a stats worker knows of a track. A score's value is its number. */
byte STAMP[ALL_SLOTS], GENERATION[ALL_SLOTS], FIRST_SCORE[ALL_SLOTS], NEXT_SCORE[ALL_SLOTS];
byte SLOT_LAST[ALL_SLOTS], SLOT_BASE[ALL_SLOTS];
byte SCORE[ALL_SLOTS * SAMPLES];
#define scoreOf(slot, place) ((slot) * SAMPLES + (place))

/* Rows: a ring of as many as there are slots. */
byte ROW_SLOT[ALL_SLOTS], ROW_GENERATION[ALL_SLOTS], ROW_DELTA[ALL_SLOTS], ROW_COUNT[ALL_SLOTS];
byte ROW_SCORES[ALL_SLOTS];  /* bit n: score number n */
byte gRowWindow[ALL_SLOTS], gRowUpTo[ALL_SLOTS];
#define rowOf(number) (sh * SLOTS + (number) % SLOTS)

/* Cells, books and events of the recording thread. HANDLE: the generation of the slot's present or last owner. */
byte TOTAL[ALL_SLOTS], HANDLE[ALL_SLOTS];
bool IN_USE[ALL_SLOTS];
byte GIVEN_BACK;
byte EVENT[ALL_SLOTS];  /* the latest SLOT frame of each slot in the event ring */

/* Ledger: two halves, COMMITS & 1 is valid. REPORTED is kept apart by owner, so that attribution can be checked. */
bit COMMITS;
byte REPORTED[2 * OWNERS], L_RELEASED[2 * SHARDS] = 1, L_COVERED[2 * SHARDS];
byte BOARD_FLUSH;
#define VALID COMMITS
#define PENDING (1 - COMMITS)
#define reportedOf(half, owner) ((half) * OWNERS + (owner))
#define shardOf(half) ((half) * SHARDS + sh)
#define ownerOf(slot, generation) ((slot) * GENERATIONS + (generation) - 1)

/* Threads: how many have died, whether a timer thread has made its pool, how many drains run. */
byte deaths, timerDeaths;
bool hasPool;
byte drains;
byte hostsDone;
bool finished;
bool barrier, still;  /* an audit is asked for; the timer thread keeps still */

/* Ghosts. */
byte gRecorded[OWNERS], gPut[OWNERS];  /* samples recorded, scores put */
byte gScores[2 * OWNERS];  /* scores reported, in each half */
byte gAway, gAwayFlush;  /* the shards in a snapshot that was handed on and is not committed */

/*
 * One store of a drain, after which its thread may be dead; one of the timer thread, before which it may be. Stores that
 * no other thread can see before a later one are one atomic step, in which the thread may still die at each: what lies
 * between two steps of a thread is what the others can tell apart. A timer thread's workers die with it, where they are.
 */
#define STORE(what) if :: !hasPool -> goto dead :: else -> what; if :: deaths < DEATHS -> goto dead :: true fi fi
#define MAY_BE_GONE if :: timerDeaths < TIMER_DEATHS -> goto gone :: true fi
#define TIMER_STORE(what) MAY_BE_GONE; what
