/* SPDX-License-Identifier: MIT
 *
 * Work of one thread that would keep others waiting: done in steps, in turns by tenant, for at most
 * SLICE_US and one step in each turn of the thread's loop. What is left goes on in the next turn,
 * after what else the loop has to do. Of one tenant's work what has begun goes on first. Not locked:
 * one thread at a time. */
#ifndef BASE_SLICES_H
#define BASE_SLICES_H

#include "base/fair_queue.h"

#define SLICE_US 1000
/* What each tenant may have in its turn, of what sliced.cost counts. */
#define SLICE_QUANTUM 32

struct sliced;

/* Does some tens of microseconds of it. True: there is more to do now. False: it is out of the
 * slices, and may be gone. May put in other work than its own. */
typedef bool slice_step_fn(struct sliced *work);

/* Must stay where it is while it is in the slices. */
struct sliced {
    struct fair_item turn; /* private */
    bool is_in;            /* private */
    uint32_t tenant;
    uint32_t cost; /* what its next step takes, at least 1; a step may set it anew */
    slice_step_fn *step;
};

typedef int64_t slices_clock_fn(void);

struct slices {
    struct fair_queue queue;
    slices_clock_fn *clock_us;
    int64_t left_us; /* of this turn */
};

/* `clock_us` is clock_monotonic_us(), or a test's. */
void slices_init(struct slices *slices, slices_clock_fn *clock_us);
/* Nothing is in them. */
void slices_close(struct slices *slices);

/* Once per turn of the loop. */
void slices_turn(struct slices *slices);

/* To be gone on with in its turn. Work that is in already stays where it is. */
void slices_put(struct slices *slices, struct sliced *work);

/* The same for work that has begun: before what else its tenant has put in. */
void slices_go_on(struct slices *slices, struct sliced *work);

/* slices_put(); but while nobody waits, and for as long as this turn may take, the work is done
 * here and now. */
void slices_begin(struct slices *slices, struct sliced *work);

/* What waits for its turn: then the loop must not sleep. */
size_t slices_waiting(const struct slices *slices);

#endif
