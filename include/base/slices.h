/* SPDX-License-Identifier: MIT
 *
 * Long work of one thread, done in steps so that other work need not wait for it: in turns by
 * tenant, for at most SLICE_US and one step in each turn of the thread's loop. The rest goes on in
 * the next turn, after the loop's other work. A tenant's work that has begun goes on before the
 * rest of its work. Not locked: one thread at a time. */
#ifndef BASE_SLICES_H
#define BASE_SLICES_H

#include "base/fair_queue.h"

#define SLICE_US 1000
/* What each tenant may use in its turn, in the unit of sliced.cost. */
#define SLICE_QUANTUM 32

struct sliced;

/* Does some tens of microseconds of the work. True: there is more to do now. False: it is out of
 * the slices, and may be freed. May put other work into the slices, but not its own. */
typedef bool slice_step_fn(struct sliced *work);

/* Must stay where it is while it is in the slices. */
struct sliced {
    struct fair_item turn; /* private */
    bool is_in;            /* private */
    uint32_t tenant;
    uint32_t cost; /* of its next step, at least 1; a step may change it */
    slice_step_fn *step;
};

typedef int64_t slices_clock_fn(void);

struct slices {
    struct fair_queue queue;
    slices_clock_fn *clock_us;
    int64_t left_us; /* of this turn */
};

/* `clock_us` is clock_monotonic_us(), or a test's clock. */
void slices_init(struct slices *slices, slices_clock_fn *clock_us);
/* They must be empty. */
void slices_close(struct slices *slices);

/* Once per turn of the loop. */
void slices_turn(struct slices *slices);

/* Adds work, to be done in its turn. Work that is already in stays where it is. */
void slices_put(struct slices *slices, struct sliced *work);

/* The same for work that has begun: ahead of its tenant's other work. */
void slices_go_on(struct slices *slices, struct sliced *work);

/* slices_put(); but while no other work waits, and as long as this turn may take, the work is done
 * at once. */
void slices_begin(struct slices *slices, struct sliced *work);

/* Whether any work waits for its turn: then the loop must not sleep. */
size_t slices_waiting(const struct slices *slices);

#endif
