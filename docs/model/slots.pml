/* Slot reuse: tracks come and go in one slot; a worker dies, and a timer thread. */
#ifndef SHARDS
#define SHARDS 1
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef GENERATIONS
#define GENERATIONS 2
#endif
#ifndef SAMPLES
#define SAMPLES 2
#endif
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef ENTRIES
#define ENTRIES 2
#endif
#ifndef FLUSHES
#define FLUSHES 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef TIMER_DEATHS
#define TIMER_DEATHS 1
#endif
#ifndef LATE
#define LATE 0
#endif
#ifndef AUDITS
#define AUDITS 0
#endif

#include "memory.pml"
#include "host.pml"
#include "drain.pml"
#include "timer.pml"

init {
  atomic { run Timer(); run Host(0); run Drain(0, 1) }
}
