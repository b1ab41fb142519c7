/* SPDX-License-Identifier: MIT
 *
 * How many calls may be out at once to a server that has so long for each: as many as keep it busy.
 * More would only stand in a queue at the server, where none can overtake. So the window follows
 * how long a call stands in that queue, as delay-based congestion control does (TCP Vegas). That is
 * a call's time beyond the shortest time that a call took lately, however far away the server is.
 *
 * The aim is that a call stands there for an eighth of its time, at most 3 ms. The window is judged
 * once in each round, which is the time of one call. It then goes up or down by at most a quarter.
 * The average time of that round's calls counts. By Little's law the window should be the number of
 * calls that are answered in the time that a call should take. It grows only when it was too small,
 * and shrinks only when half of it was used. An answer also waits for the worker, which is a queue
 * like any other. But time that may have been spent only there makes the window no smaller than
 * CALL_WINDOW_BLIND.
 *
 * While there is always a queue, the time of a call without one cannot be seen. So when no call has
 * been quick for CALL_WINDOW_LOOK_US, the window has its smallest size for two rounds. Plain value
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
    int64_t queue_us;    /* the time that a call should stand in the queue */
    int64_t base_us;     /* the shortest time that a call took lately */
    int64_t based_at_us; /* when a call last took hardly more */

    /* The round, which lasts until a call that was sent in it is over. */
    int64_t round_us;        /* when it began */
    int64_t least_us;        /* the shortest time that a call took */
    int64_t sum_us;          /* the calls' times together, */
    int64_t sum_at_least_us; /* as far as certain, */
    int64_t count;           /* and how many */
    double most_wanted;      /* the most calls that should have been out */
    bool was_late;           /* whether a call was late */

    int look_rounds;   /* rounds left with a small window, to look */
    double size_after; /* the size after that look */
};

/* `timeout_us` is the time that a call has. */
void call_window_init(struct call_window *window, int64_t timeout_us);

/* Whether one more call fits beside the `out` calls that are out, given up or not. */
bool call_window_admits(const struct call_window *window, size_t out);

/* A call that was answered, or given up. */
struct call_sample {
    int64_t took_us;
    int64_t took_at_least_us; /* less what the answer may have waited for the worker */
    size_t wanted;            /* calls that are out, or could not be sent */
    bool is_late;             /* it was given up */
};

void call_window_took(struct call_window *window, const struct call_sample *sample, int64_t now_us);

#endif
