/* SPDX-License-Identifier: MIT
 *
 * Calls that no node can take at the moment: their keys are on their way from one node to another,
 * or the node that has them is not connected yet. Each gets another turn a few milliseconds later,
 * and then after rests that double, so that a slot which moves for long costs little. Worker's
 * thread. */
#ifndef STORE_STORE_STRAYS_H
#define STORE_STORE_STRAYS_H

#include "base/duration.h"
#include "store/pending.h"

#define STORE_STRAYS_REST_US (3 * MILLISECOND_US) /* the first rest */
#define STORE_STRAYS_RESTS   11                   /* the last one is 3 s */

/* The call's turn has come: it is out of the strays, and may be put in again. On the loop. */
typedef void store_strays_turn_fn(void *context, struct pending *pending);

/* Calls that rest for the same time, so the first is the next. */
struct stray_line {
    struct store_strays *strays;
    int64_t rest_us;
    struct pending *first; /* the oldest; linked by `next` */
    struct pending **end;  /* where the next one is linked */
    struct event *timer;   /* pending while there are any */
};

/* There are as many places as in a queue of calls, divided by tenant in the same way. The owner's
 * storage, which stays where it is; the members are the strays' own. */
struct store_strays {
    struct stray_line lines[STORE_STRAYS_RESTS];
    struct shares shares;
    store_strays_turn_fn *turn;
    void *context;
};

void store_strays_init(struct store_strays *strays, struct event_base *base, void *context,
                       store_strays_turn_fn *turn);
/* None may be left. */
void store_strays_close(struct store_strays *strays);

/* The call must not be out, nor wait in a queue, and has `left_us`. Its rest leaves some of that.
 * False: that is not possible, or its tenant has no place left. */
MUST_USE bool store_strays_put(struct store_strays *strays, struct pending *pending,
                               int64_t left_us);

/* Takes out any; NULL when there is none. */
struct pending *store_strays_take(struct store_strays *strays);

#endif
