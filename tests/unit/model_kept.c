/* SPDX-License-Identifier: MIT */
#include "model_kept.h"

#include "limit/period.h"
#include "model_use.h"

#define NEVER_US INT64_MAX

static bool is_log(const struct model_counter *counter);
static bool is_bucket_in_string(const struct model_kept *kept, const struct model_counter *counter);
static bool is_in_string(const struct model_kept *kept, const struct model_counter *counter,
                         const struct reference_place *place);
static int64_t until_us(const struct model_kept *kept, const struct model_counter *counter);
static int64_t moves_of(const struct model_kept *kept, const struct model_counter *counter);
static int64_t in_ms(int64_t time_us);
static bool is_first_of_string(const struct model_kept *kept, const struct model_use *use,
                               size_t i);
static void string_write(struct model_kept *kept, const struct model_use *use, size_t first,
                         int64_t now_us);
static int64_t others_keep(struct model_kept *kept, const struct model_use *use, size_t first,
                           int64_t now_us);
static bool is_used(const struct model_use *use, const struct model_counter *counter);

void model_kept_begin(struct model_kept *kept, const struct model_engine *engine)
{
    kept->engine = engine;
    kept->count = 0;
}

struct model_counter *model_kept_find(struct model_kept *kept, const struct reference_place *place)
{
    struct model_counter *added = &kept->counters[kept->count];
    int64_t string_until_us = 0;

    for (size_t i = 0; i < kept->count; i++) {
        struct model_counter *counter = &kept->counters[i];

        if (reference_place_equal(&counter->place, place))
            return counter;
        if (is_in_string(kept, counter, place))
            string_until_us = counter->string_until_us;
    }
    ASSERT(kept->count < MODEL_COUNTERS_MAX);
    kept->count++;
    *added = (struct model_counter){.place = *place, .string_until_us = string_until_us};
    return added;
}

int64_t model_kept_expire(struct model_kept *kept, int64_t now_us)
{
    int64_t floor_us = 0;

    for (size_t i = 0; i < kept->count; i++) {
        struct model_counter *counter = &kept->counters[i];
        const int64_t ends_us = until_us(kept, counter);

        if (kept->engine->has_expiry && now_us >= counter->string_until_us) {
            floor_us = counter->string_until_us > floor_us ? counter->string_until_us : floor_us;
            counter->string_until_us = 0;
        }
        if (now_us < ends_us)
            continue;
        floor_us = ends_us > floor_us ? ends_us : floor_us;
        counter->counter = (struct reference_counter){0};
    }
    return floor_us;
}

void model_kept_write(struct model_kept *kept, const struct model_use *use, int64_t now_us)
{
    for (size_t i = 0; i < use->count && kept->engine->has_strings; i++) {
        struct model_counter *counter = use->counters[i];

        if (is_log(counter) && counter->counter.charge_count == 0)
            counter->counter.is_charged = false; /* an empty log has no key */
        else if (!is_log(counter) && is_first_of_string(kept, use, i))
            string_write(kept, use, i, now_us);
    }
}

bool model_kept_forget(struct model_kept *kept, const struct model_counter *counter)
{
    const struct reference_place place = counter->place;
    const bool has_string = kept->engine->has_strings && !is_log(counter);
    bool was_charged = false;

    for (size_t i = 0; i < kept->count; i++) {
        struct model_counter *other = &kept->counters[i];

        if (other != counter && !(has_string && is_in_string(kept, other, &place)))
            continue;
        was_charged = was_charged || other->counter.is_charged ||
                      (is_bucket_in_string(kept, other) && other->string_until_us > 0);
        other->counter = (struct reference_counter){0};
        other->string_until_us = 0;
    }
    return was_charged;
}

static bool is_log(const struct model_counter *counter)
{
    return counter->place.algorithm == REFERENCE_SLIDING_WINDOW_LOG;
}

static bool is_in_string(const struct model_kept *kept, const struct model_counter *counter,
                         const struct reference_place *place)
{
    return kept->engine->has_strings && !is_log(counter) &&
           place->algorithm != REFERENCE_SLIDING_WINDOW_LOG &&
           reference_place_is_beside(&counter->place, place);
}

static bool is_bucket_in_string(const struct model_kept *kept, const struct model_counter *counter)
{
    return kept->engine->has_strings && reference_has_burst(counter->place.algorithm);
}

/* When the engine may drop it, or, of a bucket in a string, does not look at it any more. */
static int64_t until_us(const struct model_kept *kept, const struct model_counter *counter)
{
    const struct model_engine *engine = kept->engine;
    const int64_t ends_us = counter->counter.kept_until_us;
    int64_t dropped_us = NEVER_US;

    if (!counter->counter.is_charged)
        return NEVER_US;
    if (engine->has_expiry && !engine->has_strings)
        return ends_us + moves_of(kept, counter);
    if (engine->has_expiry)
        dropped_us = is_log(counter) ? in_ms(ends_us) : counter->string_until_us;
    return is_bucket_in_string(kept, counter) && ends_us < dropped_us ? ends_us : dropped_us;
}

/* By the process' clock a period may end later, because the clock on the wall is set back. */
static int64_t moves_of(const struct model_kept *kept, const struct model_counter *counter)
{
    const enum reference_unit unit = counter->place.period.unit;

    if (!kept->engine->is_by_process || unit == REFERENCE_NO_PERIOD)
        return 0;
    return period_longest_us((enum period_unit)(unit - REFERENCE_HOUR));
}

/* A key stays for the rest of its last millisecond. */
static int64_t in_ms(int64_t time_us)
{
    return ((time_us + 999) / 1000 + 1) * 1000;
}

static bool is_first_of_string(const struct model_kept *kept, const struct model_use *use, size_t i)
{
    for (size_t before = 0; before < i; before++) {
        if (is_in_string(kept, use->counters[before], &use->counters[i]->place))
            return false;
    }
    return true;
}

/* The string of limit `first` is written if one of its states was moved or charged. It is then kept
 * as long as any of its limits needs, and any other counter that it has. What stays as it was may
 * need it for longer than by the limits of this operation. If all that was written goes on as
 * before, the string does, too. */
static void string_write(struct model_kept *kept, const struct model_use *use, size_t first,
                         int64_t now_us)
{
    const struct reference_place place = use->counters[first]->place;
    int64_t longest_us = 0;
    int64_t stays_until_us = 0;
    bool is_written = false;
    bool goes_on = true;

    for (size_t i = first; i < use->count; i++) {
        const struct reference_counter *counter = &use->counters[i]->counter;
        const bool needs_key =
            use->limits[i].period.unit == REFERENCE_NO_PERIOD || counter->charged > 0;

        if (!is_in_string(kept, use->counters[i], &place))
            continue;
        longest_us = use->keep_us[i] > longest_us ? use->keep_us[i] : longest_us;
        if (!use->is_moved[i] && !use->is_charged[i]) {
            if (needs_key && counter->kept_until_us > stays_until_us)
                stays_until_us = counter->kept_until_us;
            continue;
        }
        is_written = true;
        goes_on = goes_on && use->goes_on[i];
    }
    if (!is_written)
        return;

    const int64_t others_us = others_keep(kept, use, first, now_us);
    const int64_t until_us = others_us > stays_until_us ? others_us : stays_until_us;
    const int64_t ends_us = now_us + longest_us;

    if (goes_on || (until_us > ends_us && use->counters[first]->string_until_us > ends_us))
        return;
    for (size_t i = 0; i < kept->count; i++) {
        if (is_in_string(kept, &kept->counters[i], &place))
            kept->counters[i].string_until_us = in_ms(now_us + longest_us);
    }
}

/* Returns when the last counter ends that lies beside these, and belongs to other versions. */
static int64_t others_keep(struct model_kept *kept, const struct model_use *use, size_t first,
                           int64_t now_us)
{
    int64_t last_us = 0;

    for (size_t i = 0; i < kept->count; i++) {
        struct model_counter *other = &kept->counters[i];

        if (!is_in_string(kept, other, &use->counters[first]->place) || is_used(use, other))
            continue;
        if (other->counter.kept_until_us <= now_us)
            other->counter = (struct reference_counter){0};
        last_us = other->counter.kept_until_us > last_us ? other->counter.kept_until_us : last_us;
    }
    return last_us;
}

static bool is_used(const struct model_use *use, const struct model_counter *counter)
{
    for (size_t i = 0; i < use->count; i++) {
        if (use->counters[i] == counter)
            return true;
    }
    return false;
}
