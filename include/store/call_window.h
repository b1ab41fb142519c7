/* SPDX-License-Identifier: MIT
 *
 * How many calls may be out at once to somebody who has so long for each: as many as keep him busy.
 * More would only stand in a queue in front of him, where nobody can overtake. So the window goes
 * by how long a call stands there, as delay-based congestion control does (TCP Vegas): by what it
 * takes beyond the least that one took lately. However far away he is, that is the queue.
 *
 * A call is to stand there for an eighth of its time, 3 ms at most. The window is judged once in
 * each round, which is the time of one call, and goes a quarter up or down at most. What counts is
 * how long the calls of that round took on the average: by Little's law the window is then to be
 * what is answered in the time that a call is to take. It grows only when it was too small, and
 * shrinks only when half of it was used. An answer waits for the worker, too, which is a queue like
 * any other; but one that may stand there alone makes the window no smaller than CALL_WINDOW_BLIND.
 *
 * Where there is always a queue, nobody sees how long a call takes without one. So when no call has
 * been quick for CALL_WINDOW_LOOK_US, the window is as small as can be for two rounds. Plain value
 * of one thread; time is an argument. */
#ifndef STORE_CALL_WINDOW_H
#define STORE_CALL_WINDOW_H

#include "base/duration.h"

#include <stddef.h>

#define CALL_WINDOW_MIN     32
#define CALL_WINDOW_BLIND   128
#define CALL_WINDOW_START   512
#define CALL_WINDOW_MAX     8192
#define CALL_WINDOW_LOOK_US (5 * SECOND_US)

struct call_window {
    double size;
    int64_t queue_us;    /* what a call is to stand in the queue */
    int64_t base_us;     /* the least that a call took lately */
    int64_t based_at_us; /* when one last took hardly more */

    /* The round: until a call that was sent in it is over. */
    int64_t round_us;        /* when it began */
    int64_t least_us;        /* that a call has taken */
    int64_t sum_us;          /* that the calls have taken, */
    int64_t sum_at_least_us; /* for certain, */
    int64_t count;           /* and how many */
    double most_wanted;      /* to be out */
    bool was_late;           /* a call */

    int look_rounds;   /* that are left, when the window is small to look */
    double size_after; /* the look */
};

/* `timeout_us` is what a call has. */
void call_window_init(struct call_window *window, int64_t timeout_us);

/* Whether one more call fits beside those that are out, given up or not. */
bool call_window_admits(const struct call_window *window, size_t out);

/* A call that was answered, or given up. */
struct call_sample {
    int64_t took_us;
    int64_t took_at_least_us; /* if it was not looked at when it came */
    size_t wanted;            /* calls that are out, and that could not be sent */
    bool is_late;             /* it was given up */
};

void call_window_took(struct call_window *window, const struct call_sample *sample, int64_t now_us);

#endif
