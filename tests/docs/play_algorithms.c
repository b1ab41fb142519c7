/* SPDX-License-Identifier: MIT
 *
 * Plays one history of requests through every algorithm, for the pictures in docs/pictures. Each
 * line is the result of one request, or what was left at a moment without one:
 *
 *   limit QUOTA WINDOW_MS END_MS
 *   ALGORITHM request AT_MS ALLOWED REMAINING DELAY_MS
 *   ALGORITHM look AT_MS ALLOWED REMAINING DELAY_MS */
#include "limit/algorithm.h"
#include "limit/charge_log.h"

#include <inttypes.h>
#include <stdio.h>

#define QUOTA     10
#define WINDOW_MS 10000
#define END_MS    36000
#define STEP_MS   100

/* The beginning is the start of a window, if windows are aligned. */
#define BEGIN_MS (INT64_C(100000) * WINDOW_MS)

/* First a few requests. Then, at the end of a window, as many at once as a window allows. Then
 * none. Then as many again, and at last a steady flow of twice the limit. */
static const struct stretch {
    int64_t first_ms;
    int64_t every_ms;
    int64_t count;
} stretches[] = {
    {0, 2000, 5},
    {9000, 200, 15},
    {20000, 200, 15},
    {24000, 500, 24},
};

#define STRETCHES (sizeof(stretches) / sizeof(stretches[0]))

static bool is_asked_at(int64_t at_ms)
{
    for (size_t i = 0; i < STRETCHES; i++) {
        const struct stretch *stretch = &stretches[i];
        int64_t after_ms = at_ms - stretch->first_ms;

        if (after_ms >= 0 && after_ms < stretch->every_ms * stretch->count &&
            after_ms % stretch->every_ms == 0)
            return true;
    }
    return false;
}

static void ask(const struct limit *limit, struct limit_state *state, int64_t at_ms, int64_t cost)
{
    struct outcome outcome;
    int64_t keep_us;

    decide(limit, 1, state, (BEGIN_MS + at_ms) * 1000, &cost, &outcome, &keep_us);

    const struct limit_outcome *one = &outcome.at[0];

    (void)printf("%s %s %" PRId64 " %d %" PRId64 " %" PRId64 "\n",
                 algorithm_of(limit->algorithm)->name, cost > 0 ? "request" : "look", at_ms,
                 one->allowed, one->remaining, one->delay_us / 1000);
}

static void play(enum algorithm_id id)
{
    const struct limit limit = {
        .algorithm = id,
        .quota = QUOTA,
        .window_us = INT64_C(1000) * WINDOW_MS,
        .burst = QUOTA,
    };
    struct limit_state state = {0};

    for (int64_t at_ms = 0; at_ms <= END_MS; at_ms += STEP_MS) {
        ask(&limit, &state, at_ms, 0);
        if (is_asked_at(at_ms))
            ask(&limit, &state, at_ms, 1);
    }
    if (algorithm_state(id) == STATE_LOG)
        charge_log_free(state.logged.log);
}

int main(void)
{
    (void)printf("limit %d %d %d\n", QUOTA, WINDOW_MS, END_MS);
    for (size_t id = 0; id < ALGORITHM_COUNT; id++)
        play((enum algorithm_id)id);
    return 0;
}
