/* SPDX-License-Identifier: MIT */
#include "store/call_window.h"

#include <math.h>

#define QUEUE_US_MAX  (3 * MILLISECOND_US)
#define GROWTH_MAX    1.25
#define SHRINKAGE_MAX 0.75
#define LOOK_ROUNDS   2 /* calls answered in the first stood in the old queue */

static void end_round(struct call_window *window, int64_t now_us);
static void shrink(struct call_window *window, double change);
static void grow(struct call_window *window, double change, int64_t now_us);
static double change_for(const struct call_window *window, int64_t sum_us);
static void change_size(struct call_window *window, double change);
static void begin_look(struct call_window *window);
static void go_on_looking(struct call_window *window, int64_t now_us);

void call_window_init(struct call_window *window, int64_t timeout_us)
{
    const int64_t queue_us = timeout_us / 8;

    *window = (struct call_window){
        .size = CALL_WINDOW_START,
        .queue_us = queue_us < QUEUE_US_MAX ? queue_us : QUEUE_US_MAX,
        .base_us = INT64_MAX,
        .least_us = INT64_MAX,
    };
}

bool call_window_admits(const struct call_window *window, size_t out)
{
    return (double)out < window->size;
}

void call_window_took(struct call_window *window, const struct call_sample *sample, int64_t now_us)
{
    window->count++;
    window->sum_us += sample->took_us;
    window->sum_at_least_us += sample->took_at_least_us;
    if (sample->took_us < window->least_us)
        window->least_us = sample->took_us;
    if (sample->took_us < window->base_us)
        window->base_us = sample->took_us;
    if (sample->took_us - window->base_us < window->queue_us / 2)
        window->based_at_us = now_us;
    window->was_late = window->was_late || sample->is_late;
    if ((double)sample->wanted > window->most_wanted)
        window->most_wanted = (double)sample->wanted;
    if (now_us - sample->took_us >= window->round_us)
        end_round(window, now_us);
}

/* A window that is far from full says nothing about the queue. */
static void end_round(struct call_window *window, int64_t now_us)
{
    const double change = window->was_late ? SHRINKAGE_MAX : change_for(window, window->sum_us);

    if (window->look_rounds > 0)
        go_on_looking(window, now_us);
    else if (change < 1 && window->most_wanted >= window->size / 2)
        shrink(window, change);
    else if (change >= 1 && window->most_wanted >= window->size)
        grow(window, change, now_us);
    window->round_us = now_us;
    window->least_us = INT64_MAX;
    window->count = 0;
    window->sum_us = 0;
    window->sum_at_least_us = 0;
    window->most_wanted = 0;
    window->was_late = false;
}

/* If it is not certain that there is a queue, the window does not become smaller than
 * CALL_WINDOW_BLIND. If even the smallest window seems to cause a queue, the server is further away
 * than before. */
static void shrink(struct call_window *window, double change)
{
    const bool is_known = window->was_late || change_for(window, window->sum_at_least_us) < 1;

    if (!is_known)
        change_size(window, fmax(change, CALL_WINDOW_BLIND / window->size));
    else if (window->size > CALL_WINDOW_MIN)
        change_size(window, change);
    else
        begin_look(window);
}

static void grow(struct call_window *window, double change, int64_t now_us)
{
    if (now_us - window->based_at_us > CALL_WINDOW_LOOK_US)
        begin_look(window);
    else
        change_size(window, change);
}

/* The factor of the change, only half of the way: calls that are answered now were sent a round
 * ago, and do not show the change before. */
static double change_for(const struct call_window *window, int64_t sum_us)
{
    const double mean_us = (double)sum_us / (double)window->count;

    return sqrt((double)(window->base_us + window->queue_us) / (mean_us + 1));
}

/* At most this change in a round. */
static void change_size(struct call_window *window, double change)
{
    const double size = window->size * fmin(fmax(change, SHRINKAGE_MAX), GROWTH_MAX);

    window->size = fmin(fmax(size, CALL_WINDOW_MIN), CALL_WINDOW_MAX);
}

static void begin_look(struct call_window *window)
{
    window->size_after = window->size;
    window->size = CALL_WINDOW_MIN;
    window->look_rounds = LOOK_ROUNDS;
}

static void go_on_looking(struct call_window *window, int64_t now_us)
{
    if (--window->look_rounds > 0)
        return;
    window->base_us = window->least_us;
    window->based_at_us = now_us;
    window->size = window->size_after;
}
