/* The ledger: windows of two shards are taken whole or repeated whole; a timer thread dies, a shard is late. */
#ifndef SHARDS
#define SHARDS 2
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef GENERATIONS
#define GENERATIONS 1
#endif
#ifndef SAMPLES
#define SAMPLES 1
#endif
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef ENTRIES
#define ENTRIES 2
#endif
#ifndef FLUSHES
#define FLUSHES 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef TIMER_DEATHS
#define TIMER_DEATHS 1
#endif
#ifndef LATE
#define LATE 1
#endif
#ifndef AUDITS
#define AUDITS 0
#endif
/* A drain's turn up to the store of WINDOW is one step. */
#define COARSE atomic

#include "memory.pml"
#include "host.pml"
#include "drain.pml"
#include "timer.pml"

/* One shard's track has come and gone before the first flush, the other's comes and goes at any time. */
init {
  byte early;
  if
  :: early = 0
  :: early = 1
  fi;
  run Burst(early);
  hostsDone == 1;
  atomic { run Timer(); run Burst(1 - early); run Drain(0, 1); run Drain(1, 2) }
}
