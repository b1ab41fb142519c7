/* SPDX-License-Identifier: MIT */
#include "asked.h"

#include "limit/algorithm.h"
#include "stored_entries.h"

#define KINDS     4
#define KINDS_MAX 4095 /* KINDS to the power of ASKED_TIMES, minus 1 */

static void calendar_read(struct asked *asked, struct text *line);
static int64_t number_next(struct text *line, int64_t min, int64_t max);

void asked_read(struct asked *asked, struct text *line)
{
    struct limit *limit = &asked->limits[0];
    struct operation *operation = &asked->operation;
    struct damage *damage = &asked->damage;

    *asked = (struct asked){.operation = {.policy_id = 1, .set_count = 1, .limits = limit}};
    limit->algorithm = (enum algorithm_id)number_next(line, 0, ALGORITHM_COUNT - 1);
    operation->limit_count = (size_t)number_next(line, 1, ASKED_LIMITS);
    limit->quota = number_next(line, 0, algorithm_quota_max(limit->algorithm));
    limit->window_us = 1000000 * number_next(line, 1, LIMIT_WINDOW_S_MAX);
    limit->burst = number_next(line, 0, LIMIT_QUOTA_MAX);
    if (!algorithm_of(limit->algorithm)->has_burst)
        limit->burst = limit->quota;
    asked->cost = number_next(line, 0, LIMIT_COST_MAX);
    /* No clock shows 0: there an open window of which nothing is used would count as none. */
    operation->now_us = number_next(line, 1, LIMIT_TIME_US_MAX);
    damage->others = (size_t)number_next(line, 0, STORED_OTHERS_MAX + 2);
    damage->count = (size_t)number_next(line, 0, UINT8_MAX);
    damage->cut = (size_t)number_next(line, 0, 64);
    damage->wrong = (size_t)number_next(line, 0, ASKED_LIMITS);
    asked->kinds = number_next(line, 0, KINDS_MAX);
    calendar_read(asked, line);
    for (size_t i = 0; i < ASKED_LIMITS; i++) {
        asked->limits[i] = *limit;
        asked->limits[i].id = STORED_ENTRIES_ID(i);
    }
}

bool asked_next(struct asked *asked)
{
    static const enum operation_kind of[KINDS] = {OPERATION_TAKE, OPERATION_PART, OPERATION_CHARGE,
                                                  OPERATION_CHARGE};
    const int64_t kind = asked->kinds % KINDS;
    const bool gives_back = kind == KINDS - 1;

    asked->kinds /= KINDS;
    asked->operation.kind = of[kind];
    for (size_t i = 0; i < ASKED_LIMITS; i++)
        asked->operation.costs[i] = gives_back ? -asked->cost : asked->cost;
    return gives_back;
}

bool asked_is_elsewhere(const struct asked *asked)
{
    return asked->limits[0].calendar != NULL &&
           !calendar_covers(&asked->calendar, asked->operation.now_us);
}

/* It begins at most three periods before the time, so the time may be just after it. No store has
 * periods that began before 1970. */
static void calendar_read(struct asked *asked, struct text *line)
{
    struct limit *limit = &asked->limits[0];
    const int64_t back_us = number_next(line, 0, 3 * limit->window_us + 1);
    const int64_t first_us = asked->operation.now_us - (back_us - 1);

    if (limit->algorithm != ALGORITHM_FIXED_WINDOW || back_us == 0 || first_us < 0)
        return;
    for (int64_t i = 0; i < CALENDAR_STARTS; i++)
        asked->calendar.starts_us[i] = first_us + i * limit->window_us;
    limit->calendar = &asked->calendar;
}

/* Reduced to the range, so that most inputs are useful. */
static int64_t number_next(struct text *line, int64_t min, int64_t max)
{
    int64_t number = 0;

    (void)text_parse_integer(text_cut(line, ' '), &number);
    number = number < 0 ? -(number + 1) : number;
    return number >= min && number <= max ? number : min + number % (max - min + 1);
}
