/* SPDX-License-Identifier: MIT */
#include "store/call_window.h"

/* A quarter more for a window of answers. */
#define GROWTH_PER_ANSWER 0.25
#define SHRINKAGE         0.75

void call_window_init(struct call_window *window, int64_t timeout_us)
{
    *window = (struct call_window){.timeout_us = timeout_us, .size = CALL_WINDOW_START};
}

bool call_window_admits(const struct call_window *window, size_t out)
{
    return (double)out < window->size;
}

/* What is answered now was made one window ago: a second cut would be for the same queue. */
void call_window_took(struct call_window *window, int64_t took_us, int64_t now_us)
{
    if (took_us <= window->timeout_us / 2) {
        window->size += GROWTH_PER_ANSWER;
        if (window->size > CALL_WINDOW_MAX)
            window->size = CALL_WINDOW_MAX;
    } else if (took_us > window->timeout_us / 4 * 3 &&
               now_us - window->shrunk_at_us >= window->timeout_us) {
        window->size *= SHRINKAGE;
        if (window->size < CALL_WINDOW_MIN)
            window->size = CALL_WINDOW_MIN;
        window->shrunk_at_us = now_us;
    }
}
