/* Ring, drain, death, re-drain, window: one track, a small ring, workers that die, flushes that come late, audits. */
#ifndef SHARDS
#define SHARDS 1
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef GENERATIONS
#define GENERATIONS 1
#endif
#ifndef SAMPLES
#define SAMPLES 3
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
#define DEATHS 2
#endif
#ifndef TIMER_DEATHS
#define TIMER_DEATHS 0
#endif
#ifndef LATE
#define LATE 1
#endif
#ifndef AUDITS
#define AUDITS 0
#endif
#ifndef DRAINS
#define DRAINS 1
#endif

#include "memory.pml"
#include "host.pml"
#include "drain.pml"
#include "timer.pml"

init {
  atomic {
    run Timer();
    run Host(0);
    run Drain(0, 1);
    if :: DRAINS == 2 -> run Drain(0, 2) :: else fi
  }
}
