/* SPDX-License-Identifier: MIT
 *
 * How many calls may be out at once to somebody who has so long for each. What he cannot do in time
 * is better not asked: a queue in front of him makes every call late, of everybody. So the window
 * goes by how long he takes, as delay-based congestion control does (TCP Vegas): it grows by a
 * quarter while he answers in half the time, and shrinks by a quarter, once in that time, when he
 * takes three quarters of it. Plain value of one thread; time is an argument. */
#ifndef STORE_CALL_WINDOW_H
#define STORE_CALL_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define CALL_WINDOW_MIN   64
#define CALL_WINDOW_START 4096
#define CALL_WINDOW_MAX   8192

struct call_window {
    int64_t timeout_us;
    double size;
    int64_t shrunk_at_us;
};

/* `timeout_us` is what a call has. */
void call_window_init(struct call_window *window, int64_t timeout_us);

/* Whether one more call fits beside those that are out, given up or not. */
bool call_window_admits(const struct call_window *window, size_t out);

/* A call has been answered, or was given up, so long after it was made. */
void call_window_took(struct call_window *window, int64_t took_us, int64_t now_us);

#endif
