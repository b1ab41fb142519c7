/* SPDX-License-Identifier: MIT */
#include "store/take_reply.h"

#include "limit/algorithm.h"
#include "limit/charge_log.h"

/* Comes in place of retry_us. */
#define IS_REFUSED     (-2)
#define EXPIRY_WAS_SET (-3) /* minus the time that the key had to live before */
/* A double, and so Lua, holds it exactly. What is computed from it does not overflow. */
#define INTEGER_MAX INT64_C(9007199254740991)

/* One limit's part of the reply. */
enum { RETRY_US, REMAINING, RESET_US, DELAY_US };

static redisReply *const *elements_of(const redisReply *reply,
                                      const struct take_arguments *arguments, size_t i);
static bool is_integer(const redisReply *element, int64_t min, int64_t max);
static bool time_read(const redisReply *reply, struct outcome *outcome);
static bool is_refusal(const redisReply *reply, const struct take_arguments *arguments,
                       int64_t time_us);
static void refusal_read(const redisReply *reply, struct outcome *outcome);
static bool granted_read(const redisReply *reply, const struct take_arguments *arguments,
                         struct outcome *outcome);
static bool outcome_read(redisReply *const elements[], struct limit_outcome *outcome);
static bool sets_expiry(redisReply *const elements[]);
static bool may_set_expiry(redisReply *const elements[], const struct take_arguments *arguments,
                           size_t i);
static int64_t keep_us_of(redisReply *const elements[], const struct take_arguments *arguments,
                          size_t i);
static int64_t log_keep_us(const struct limit *limit);
static bool adds_any(const struct take_arguments *arguments);
static bool is_elsewhen(const struct take_arguments *arguments, double time_us);
static bool explains(const struct limit *limit, const struct limit_outcome *outcome);
static bool explains_kind(const struct limit *limit, const struct take_arguments *arguments,
                          const struct outcome *outcome, size_t i);
static bool explains_part(const struct limit *limit, int64_t cost, const struct outcome *outcome,
                          size_t i);
static bool explains_charge(const struct limit *limit, int64_t cost,
                            const struct limit_outcome *outcome);
static double longest_us(const struct limit *limit);
static bool explains_cost(const struct limit *limit, int64_t cost, bool is_charged,
                          const struct limit_outcome *outcome);

bool take_reply_read(const redisReply *reply, const struct take_arguments *arguments,
                     struct outcome *outcome)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != take_arguments_integers(arguments) ||
        !time_read(reply, outcome))
        return false;
    if (is_refusal(reply, arguments, outcome->time_us)) {
        refusal_read(reply, outcome);
        return true;
    }

    bool sets_any = false;

    outcome->status = TAKE_DONE;
    outcome->count = arguments->limit_count;
    outcome->refused = 0;
    outcome->allowed = true;
    for (size_t i = 0; i < outcome->count; i++) {
        redisReply *const *elements = elements_of(reply, arguments, i);

        if (!outcome_read(elements, &outcome->at[i]) ||
            (sets_expiry(elements) && !may_set_expiry(elements, arguments, i)))
            return false;
        sets_any = sets_any || sets_expiry(elements);
        outcome->allowed = outcome->allowed && outcome->at[i].allowed;
        outcome->refused += elements[RESET_US]->integer < 0;
    }
    return (outcome->allowed || !sets_any) && granted_read(reply, arguments, outcome);
}

bool take_reply_explains(const struct take_arguments *arguments, const struct outcome *outcome)
{
    if (outcome->status == TAKE_QUOTA)
        return arguments->forbids_keys && adds_any(arguments);
    if (outcome->status == TAKE_ELSEWHEN)
        return is_elsewhen(arguments, (double)outcome->time_us);
    for (size_t i = 0; i < outcome->count; i++) {
        const struct limit limit = take_arguments_limit(arguments, i);

        if (!explains(&limit, &outcome->at[i]) || !explains_kind(&limit, arguments, outcome, i))
            return false;
    }
    return true;
}

size_t take_reply_lives(const redisReply *reply, const struct take_arguments *arguments,
                        struct take_life lives[static TAKE_SCRIPT_KEYS_MAX])
{
    int64_t keep_us[TAKE_SCRIPT_KEYS_MAX] = {0}; /* a string lives as long as its longest state */
    size_t count = 0;

    for (size_t i = 0; i < arguments->limit_count; i++) {
        redisReply *const *elements = elements_of(reply, arguments, i);

        if (arguments->key_of[i] < arguments->string_count) {
            const int64_t state_us = keep_us_of(elements, arguments, i);
            int64_t *string_us = &keep_us[arguments->key_of[i]];

            *string_us = state_us > *string_us ? state_us : *string_us;
        } else if (sets_expiry(elements)) {
            const struct limit limit = take_arguments_limit(arguments, i);

            lives[count++] = (struct take_life){.keep_us = log_keep_us(&limit)};
        }
    }
    for (size_t i = 0; i < arguments->limit_count; i++) {
        redisReply *const *elements = elements_of(reply, arguments, i);

        if (arguments->key_of[i] < arguments->string_count && sets_expiry(elements)) {
            lives[count++] = (struct take_life){
                .was_us = EXPIRY_WAS_SET - elements[RETRY_US]->integer,
                .keep_us = keep_us[arguments->key_of[i]],
            };
        }
    }
    return count;
}

const char *take_reply_refused_key(const redisReply *reply, const struct take_arguments *arguments)
{
    size_t i = 0;

    while (elements_of(reply, arguments, i)[RESET_US]->integer >= 0)
        i++;
    return arguments->keys[arguments->key_of[i]];
}

/* The limit's part of the reply. */
static redisReply *const *elements_of(const redisReply *reply,
                                      const struct take_arguments *arguments, size_t i)
{
    return reply->element + TAKE_SCRIPT_INTEGERS * (size_t)arguments->place_of[i];
}

static bool is_integer(const redisReply *element, int64_t min, int64_t max)
{
    return element->type == REDIS_REPLY_INTEGER && element->integer >= min &&
           element->integer <= max;
}

/* Any time up to the year 2255 is taken: Redis' clock may be far from the one here. The log can
 * write it with a year of four digits, its minute fits usage, and no sum with it overflows. */
static bool time_read(const redisReply *reply, struct outcome *outcome)
{
    const redisReply *time = reply->element[reply->elements - 1];

    outcome->time_us = time->integer;
    return is_integer(time, 0, LIMIT_TIME_US_MAX);
}

/* The same for each limit, and nothing granted. */
static bool is_refusal(const redisReply *reply, const struct take_arguments *arguments,
                       int64_t time_us)
{
    const int64_t elsewhen_us = reply->element[REMAINING]->integer;
    const int64_t expected[TAKE_SCRIPT_INTEGERS] = {
        [RETRY_US] = IS_REFUSED, [REMAINING] = elsewhen_us};
    const size_t integers = TAKE_SCRIPT_INTEGERS * arguments->limit_count;

    for (size_t i = 0; i + 1 < reply->elements; i++) {
        const int64_t integer = i < integers ? expected[i % TAKE_SCRIPT_INTEGERS] : 0;

        if (!is_integer(reply->element[i], integer, integer))
            return false;
    }
    return elsewhen_us == 0 || elsewhen_us == time_us;
}

static void refusal_read(const redisReply *reply, struct outcome *outcome)
{
    const bool has_no_room = reply->element[REMAINING]->integer == 0;

    *outcome = (struct outcome){.status = has_no_room ? TAKE_QUOTA : TAKE_ELSEWHEN,
                                .time_us = outcome->time_us};
}

/* Where something is granted, all allow it. */
static bool granted_read(const redisReply *reply, const struct take_arguments *arguments,
                         struct outcome *outcome)
{
    if (arguments->kind != OPERATION_PART)
        return true;

    const redisReply *granted = reply->element[TAKE_SCRIPT_INTEGERS * arguments->limit_count];

    outcome->granted = granted->integer;
    return is_integer(granted, 0, INTEGER_MAX) && (outcome->allowed || outcome->granted == 0);
}

static bool outcome_read(redisReply *const elements[], struct limit_outcome *outcome)
{
    static const int64_t minima[TAKE_SCRIPT_INTEGERS] = {
        [RETRY_US] = EXPIRY_WAS_SET - INTEGER_MAX, [RESET_US] = -1 - INTEGER_MAX};
    int64_t integers[TAKE_SCRIPT_INTEGERS];

    for (size_t i = 0; i < TAKE_SCRIPT_INTEGERS; i++) {
        if (!is_integer(elements[i], minima[i], INTEGER_MAX))
            return false;
        integers[i] = elements[i]->integer;
    }
    if (integers[RESET_US] < 0)
        integers[RESET_US] = -1 - integers[RESET_US];
    if (sets_expiry(elements))
        integers[RETRY_US] = 0;
    if (integers[RETRY_US] < -1 || (integers[RETRY_US] != 0 && integers[DELAY_US] != 0))
        return false;
    *outcome = (struct limit_outcome){
        .allowed = integers[RETRY_US] == 0,
        .never = integers[RETRY_US] == -1,
        .remaining = integers[REMAINING],
        .reset_us = integers[RESET_US],
        .retry_us = integers[RETRY_US] == -1 ? 0 : integers[RETRY_US],
        .delay_us = integers[DELAY_US],
    };
    return true;
}

static bool sets_expiry(redisReply *const elements[])
{
    return elements[RETRY_US]->integer <= EXPIRY_WAS_SET;
}

/* Of a string only for its first limit. A log has no expiry to tell. */
static bool may_set_expiry(redisReply *const elements[], const struct take_arguments *arguments,
                           size_t i)
{
    const uint8_t key = arguments->key_of[i];

    for (size_t before = 0; before < i; before++) {
        if (arguments->key_of[before] == key)
            return false;
    }
    return key < arguments->string_count || elements[RETRY_US]->integer == EXPIRY_WAS_SET;
}

/* How long a state counts. A period of which nothing is used has an end all the same, but nothing
 * to keep until then. Where nothing is left something may be used, because the quota may be 0. */
static int64_t keep_us_of(redisReply *const elements[], const struct take_arguments *arguments,
                          size_t i)
{
    const int64_t reset_us = elements[RESET_US]->integer;
    const int64_t remaining = elements[REMAINING]->integer;
    const bool is_unused = take_arguments_calendar(arguments, i) != NULL && remaining > 0 &&
                           remaining == take_arguments_limit(arguments, i).quota;

    if (is_unused)
        return 0;
    return reset_us < 0 ? -1 - reset_us : reset_us;
}

/* How long a charge stays in a log at most. It counts for a window. Later charges then remove it,
 * CHARGE_LOG_LEAVE_MAX at a time, or it goes with the whole log: that expires a window after its
 * last charge, and up to an eighth later.
 *
 * Where no more count than one charge removes, the first charge of the second window removes it, so
 * it stays for two windows. Where more do, a charge of the third window finds it removed: in the
 * second window there were so many charges that all have left that do not count, or so few that the
 * log was made anew. So it stays for three. */
static int64_t log_keep_us(const struct limit *limit)
{
    return (limit->quota <= CHARGE_LOG_LEAVE_MAX ? 2 : 3) * limit->window_us + limit->window_us / 8;
}

/* What is given back needs no room. */
static bool adds_any(const struct take_arguments *arguments)
{
    for (size_t i = 0; i < arguments->limit_count; i++) {
        if (take_arguments_cost(arguments, i) > 0)
            return true;
    }
    return false;
}

static bool is_elsewhen(const struct take_arguments *arguments, double time_us)
{
    for (size_t i = 0; i < arguments->limit_count; i++) {
        const double *starts = take_arguments_calendar(arguments, i);

        if (starts == NULL)
            continue;

        const bool is_narrow = starts[0] == starts[1];

        if (time_us < starts[0] || time_us >= starts[is_narrow ? 2 : CALENDAR_STARTS - 1])
            return true;
    }
    return false;
}

/* True whatever cost was asked. */
static bool explains(const struct limit *limit, const struct limit_outcome *outcome)
{
    const int64_t delay_max_us = limit->algorithm == ALGORITHM_LEAKY_BUCKET ? outcome->reset_us : 0;

    return outcome->remaining <= limit_capacity(limit) &&
           (double)outcome->reset_us <= longest_us(limit) &&
           outcome->retry_us <= outcome->reset_us && outcome->delay_us <= delay_max_us;
}

/* True of what was asked. */
static bool explains_kind(const struct limit *limit, const struct take_arguments *arguments,
                          const struct outcome *outcome, size_t i)
{
    const int64_t cost = take_arguments_cost(arguments, i);

    switch (arguments->kind) {
    case OPERATION_TAKE:
    case OPERATION_LOOK:
        return explains_cost(limit, cost, outcome->allowed && cost > 0, &outcome->at[i]);
    case OPERATION_PART:
        return explains_part(limit, cost, outcome, i);
    case OPERATION_CHARGE:
        return explains_charge(limit, cost, &outcome->at[i]);
    case OPERATION_FILL:
        return explains_charge(limit, 0, &outcome->at[i]);
    case OPERATION_FORGET:
        break;
    }
    return true;
}

/* Where nothing fits, some limits deny one unit, or what seemed to fit before sums were rounded. */
static bool explains_part(const struct limit *limit, int64_t cost, const struct outcome *outcome,
                          size_t i)
{
    const int64_t granted = outcome->granted;

    if (granted > 0 || cost == 0)
        return granted <= cost && explains_cost(limit, granted, granted > 0, &outcome->at[i]);
    return !outcome->allowed &&
           (outcome->at[i].allowed || (outcome->at[i].never == (limit_capacity(limit) == 0) &&
                                       outcome->at[i].remaining <= cost));
}

/* What is charged is missing from `remaining`, as far as there was something. */
static bool explains_charge(const struct limit *limit, int64_t cost,
                            const struct limit_outcome *outcome)
{
    const int64_t capacity = limit_capacity(limit);
    const int64_t left = cost <= 0 ? capacity : cost < capacity ? capacity - cost : 0;

    return outcome->allowed && outcome->delay_us == 0 && outcome->remaining <= left &&
           (cost <= 0 || capacity == 0 || outcome->reset_us > 0);
}

/* The longest time until nothing of a counter is used: one window, or two for a sliding window,
 * which still counts in the next one. For a bucket, the time to pay off its debt, which may come
 * from when it was larger. */
static double longest_us(const struct limit *limit)
{
    if (!algorithm_of(limit->algorithm)->has_burst)
        return (double)limit_memory_us(limit);
    return limit->quota == 0 ? 0 : LIMIT_TIME_US_MAX;
}

/* A denied cost does not fit, plus or minus one, because `remaining` is rounded. A charged cost did
 * fit, and is now missing from `remaining`. */
static bool explains_cost(const struct limit *limit, int64_t cost, bool is_charged,
                          const struct limit_outcome *outcome)
{
    const int64_t capacity = limit_capacity(limit);

    if (!outcome->allowed)
        return outcome->never == (cost > capacity) && outcome->remaining <= cost;
    return !is_charged ||
           (cost <= capacity && outcome->remaining <= capacity - cost && outcome->reset_us > 0);
}
