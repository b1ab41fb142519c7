/* SPDX-License-Identifier: MIT */
#include "support/reference_band.h"

#include "support/reference_counter.h"

#define QUOTA_BOUNDLESS INT64_C(1000000000)
/* Keys in Redis end at whole milliseconds, and times are rounded twice. */
#define EXPIRY_LATE_US 2000
#define FOREVER_US     (INT64_MAX / 2)
/* In memory the service knows the clock on the wall as well as it can read two clocks at once: its
 * thread may stand still in between. */
#define WALL_SLACK_US INT64_C(20000)
/* There the counter of a period stays for longer than the period lasts. */
#define PERIOD_STAYS_US (INT64_C(400) * 24 * 3600 * 1000000)

static bool must_exist(const struct reference_band_counter *counter,
                       const struct reference_limit *limit);
static void counters_find(struct reference_band *band, const struct reference_band_check *check,
                          struct reference_band_counter *found[]);
static struct reference_band_counter *counter_find(struct reference_band *band,
                                                   const struct reference_place *place);
static void quota_note(struct reference_band_counter *counter, const struct reference_limit *limit);
static struct reference_band_answer answer_of(const struct reference_band_counter *counter,
                                              const struct reference_limit *limit,
                                              const struct reference_band_check *check,
                                              int64_t cost);
static void answer_widen(struct reference_band_answer *answer);
static bool ends_in_doubt(const struct reference_band_counter *counter,
                          const struct reference_limit *limit,
                          const struct reference_band_check *check);
static bool changes_in_doubt(const struct reference_band_counter *counter,
                             const struct reference_limit *limit, struct reference_instant instant,
                             int64_t cost);
static bool is_full(const struct reference_limit *limit, const struct reference_counter *counter,
                    int64_t now_us);
static void expiry_note(struct reference_band *band, const struct reference_band_counter *counter,
                        const struct reference_limit *limit, bool is_charged,
                        struct reference_instant instant);

static bool charge_at(const struct reference_limit *limit, struct reference_counter *counter,
                      int64_t now_us, int64_t cost, bool is_after_the_fact,
                      struct reference_answer *answer);
static struct reference_answer look_at(const struct reference_limit *limit,
                                       const struct reference_counter *counter, int64_t now_us);
static struct reference_answer answer_at(const struct reference_limit *limit,
                                         const struct reference_counter *counter, int64_t now_us,
                                         const struct reference_band_check *check, int64_t cost);
static struct reference_answer check_one(const struct reference_limit *limit,
                                         struct reference_counter *counter, int64_t now_us,
                                         int64_t cost);
static int64_t larger(int64_t one, int64_t other);

void reference_band_begin(struct reference_band *band, struct reference_instant instant)
{
    for (size_t i = 0; i < band->count; i++) {
        struct reference_band_counter *counter = &band->counters[i];

        if (instant.latest_us >= counter->expiry_min_us)
            counter->least = (struct reference_counter){0};
        if (instant.earliest_us >= counter->expiry_max_us)
            counter->most = (struct reference_counter){0};
        counter->most_so_far = counter->most;
    }
}

void reference_band_ask(struct reference_band *band, const struct reference_band_check *check,
                        struct reference_band_answer answers[])
{
    struct reference_band_counter *counters[REFERENCE_LIMITS_MAX];

    counters_find(band, check, counters);
    for (size_t i = 0; i < check->policy->count; i++) {
        const struct reference_policy_limit *limit = &check->policy->limits[i];

        quota_note(counters[i], &limit->limit);
        answers[i] = answer_of(counters[i], &limit->limit, check, check->costs[limit->measure]);
    }
}

bool reference_band_is_in_doubt(struct reference_band *band,
                                const struct reference_band_check *check)
{
    struct reference_band_counter *counters[REFERENCE_LIMITS_MAX];

    counters_find(band, check, counters);
    for (size_t i = 0; i < check->policy->count; i++) {
        const struct reference_policy_limit *limit = &check->policy->limits[i];

        if (ends_in_doubt(counters[i], &limit->limit, check) ||
            (check->is_after_the_fact &&
             changes_in_doubt(counters[i], &limit->limit, check->instant,
                              check->costs[limit->measure])))
            return true;
    }
    return false;
}

void reference_band_charge(struct reference_band *band, const struct reference_band_check *check)
{
    struct reference_band_counter *counters[REFERENCE_LIMITS_MAX];
    const struct reference_instant instant = check->instant;

    bool is_charged[REFERENCE_LIMITS_MAX] = {0};

    counters_find(band, check, counters);
    for (size_t i = 0; i < check->policy->count; i++) {
        const struct reference_policy_limit *limit = &check->policy->limits[i];
        const int64_t cost = check->costs[limit->measure];
        const bool is_after = check->is_after_the_fact;
        struct reference_answer answer;

        if (cost == 0)
            continue;
        const bool changes_least = charge_at(&limit->limit, &counters[i]->least,
                                             instant.earliest_us, cost, is_after, &answer);
        const bool changes_most = charge_at(&limit->limit, &counters[i]->most, instant.latest_us,
                                            cost, is_after, &answer);
        (void)charge_at(&limit->limit, &counters[i]->most_so_far, instant.earliest_us, cost,
                        is_after, &answer);
        is_charged[i] = changes_least && changes_most;
        counters[i]->last_width_us = instant.latest_us - instant.earliest_us;
    }
    for (size_t i = 0; i < check->policy->count; i++) {
        const struct reference_policy_limit *limit = &check->policy->limits[i];

        expiry_note(band, counters[i], &limit->limit, is_charged[i], instant);
    }
}

/* In Redis the counters beside those go, too, and those beside them may make their keys exist. In
 * memory they stay. */
struct reference_bounds reference_band_forget(struct reference_band *band,
                                              const struct reference_band_check *check,
                                              unsigned given)
{
    struct reference_band_counter *counters[REFERENCE_LIMITS_MAX];
    struct reference_bounds forgotten = {0};

    reference_band_begin(band, check->instant);
    counters_find(band, check, counters);
    for (size_t i = 0; i < check->policy->count; i++) {
        bool may_exist = false;

        if ((counters[i]->place.by & ~given) != 0)
            continue;
        for (size_t n = 0; n < band->count; n++) {
            const struct reference_band_counter *other = &band->counters[n];

            may_exist =
                may_exist || (other->most.is_charged &&
                              reference_place_is_beside(&other->place, &counters[i]->place));
        }
        forgotten.min += must_exist(counters[i], &check->policy->limits[i].limit) ? 1 : 0;
        forgotten.max += may_exist ? 1 : 0;
    }
    for (size_t i = 0; i < check->policy->count; i++) {
        if ((counters[i]->place.by & ~given) != 0)
            continue;
        for (size_t other = 0; other < band->count; other++) {
            if (reference_place_is_beside(&band->counters[other].place, &counters[i]->place))
                band->counters[other].least = (struct reference_counter){0};
        }
        counters[i]->most = counters[i]->most_so_far = (struct reference_counter){0};
    }
    return forgotten;
}

/* A period of which all was given back ends as if it had never been used, so no store must keep
 * it. */
static bool must_exist(const struct reference_band_counter *counter,
                       const struct reference_limit *limit)
{
    const struct reference_counter *least = &counter->least;

    return least->is_charged && (least->charged > 0 || !reference_has_period(limit));
}

static void counters_find(struct reference_band *band, const struct reference_band_check *check,
                          struct reference_band_counter *found[])
{
    struct reference_place places[REFERENCE_LIMITS_MAX];

    reference_policy_places(check->policy, check->values, places);
    for (size_t i = 0; i < check->policy->count; i++)
        found[i] = counter_find(band, &places[i]);
}

/* Adds one when there is none. It is kept no less long than those beside it. */
static struct reference_band_counter *counter_find(struct reference_band *band,
                                                   const struct reference_place *place)
{
    struct reference_band_counter added = {.place = *place};

    for (size_t i = 0; i < band->count; i++) {
        struct reference_band_counter *counter = &band->counters[i];

        if (reference_place_equal(&counter->place, place))
            return counter;
        if (reference_place_is_beside(&counter->place, place))
            added.expiry_max_us = larger(added.expiry_max_us, counter->expiry_max_us);
    }
    ASSERT(band->count < REFERENCE_BAND_COUNTERS_MAX);
    band->counters[band->count] = added;
    return &band->counters[band->count++];
}

/* A bucket refills from its last charge on, at the present rate. If the charge was later, it has
 * refilled less since then, but more before. When the rate becomes lower, the two no longer cancel
 * out. */
static void quota_note(struct reference_band_counter *counter, const struct reference_limit *limit)
{
    const int64_t slower_by = counter->quota - limit->quota;
    const reference_parts unbalanced = (reference_parts)slower_by * counter->last_width_us;

    counter->quota = limit->quota;
    if (!reference_has_burst(limit->algorithm) || slower_by <= 0)
        return;
    counter->least.charged =
        counter->least.charged > unbalanced ? counter->least.charged - unbalanced : 0;
    if (counter->most.is_charged)
        counter->most.charged += unbalanced;
    if (counter->most_so_far.is_charged)
        counter->most_so_far.charged += unbalanced;
}

static struct reference_band_answer answer_of(const struct reference_band_counter *counter,
                                              const struct reference_limit *limit,
                                              const struct reference_band_check *check,
                                              int64_t cost)
{
    const struct reference_instant instant = check->instant;
    const bool is_after = check->is_after_the_fact;
    struct reference_counter early = counter->least;
    struct reference_counter late = counter->most;
    struct reference_answer ignored;
    const struct reference_answer least =
        answer_at(limit, &counter->least, instant.latest_us, check, cost);
    const struct reference_answer most =
        answer_at(limit, &counter->most_so_far, instant.earliest_us, check, cost);
    /* At the border of an aligned window, charges may count in the next window, and then last
     * longer. That is true of the request's earlier charges, and of this one. */
    const struct reference_answer next =
        answer_at(limit, &counter->most, instant.earliest_us, check, cost);

    if (check->charged) {
        (void)charge_at(limit, &early, instant.earliest_us, cost, is_after, &ignored);
        (void)charge_at(limit, &late, instant.latest_us, cost, is_after, &ignored);
    }
    const struct reference_answer soonest = look_at(limit, &early, instant.latest_us);
    const struct reference_answer longest = look_at(limit, &late, instant.earliest_us);
    struct reference_band_answer answer = {
        .may_allow = least.allowed,
        .may_deny = !most.allowed,
        .never = least.never,
        .remaining = {most.remaining, least.remaining},
        .reset_us = {soonest.reset_us, larger(most.reset_us, longest.reset_us)},
        .retry_us = {larger(least.retry_us, 1), larger(most.retry_us, next.retry_us)},
        .delay_us = {least.delay_us, larger(most.delay_us, next.delay_us)},
    };

    if (limit->period.unit != REFERENCE_NO_PERIOD)
        answer_widen(&answer);
    return answer;
}

static void answer_widen(struct reference_band_answer *answer)
{
    answer->reset_us.min -= WALL_SLACK_US;
    answer->reset_us.max += WALL_SLACK_US;
    answer->retry_us.min -= WALL_SLACK_US;
    answer->retry_us.max += WALL_SLACK_US;
}

static bool ends_in_doubt(const struct reference_band_counter *counter,
                          const struct reference_limit *limit,
                          const struct reference_band_check *check)
{
    const struct reference_instant instant = check->instant;
    const struct reference_counter *least = &counter->least;
    const struct reference_counter *most = &counter->most;
    const int64_t window_us = limit->window_us;
    const int64_t before_us = instant.earliest_us + limit->ahead_us - WALL_SLACK_US;
    const int64_t after_us = instant.latest_us + limit->ahead_us + WALL_SLACK_US;

    if (limit->algorithm != REFERENCE_FIXED_WINDOW)
        return false;
    if (limit->period.unit != REFERENCE_NO_PERIOD)
        return after_us >= reference_period_end(&limit->period, before_us);
    return check->charged && most->is_open && instant.earliest_us < most->since_us + window_us &&
           (!least->is_open || instant.latest_us >= least->since_us + window_us);
}

/* If nothing is given back, a bucket is not written, and the rate of the next check is in force for
 * all the time until then. A full log is charged in another way. */
static bool changes_in_doubt(const struct reference_band_counter *counter,
                             const struct reference_limit *limit, struct reference_instant instant,
                             int64_t cost)
{
    struct reference_counter least = counter->least;
    struct reference_counter most = counter->most;
    struct reference_answer answer;

    if (cost > 0 && limit->algorithm != REFERENCE_SLIDING_WINDOW_LOG)
        return false;
    if (cost > 0)
        return is_full(limit, &least, instant.latest_us) !=
               is_full(limit, &most, instant.earliest_us);
    return charge_at(limit, &least, instant.latest_us, cost, true, &answer) !=
           charge_at(limit, &most, instant.earliest_us, cost, true, &answer);
}

static bool is_full(const struct reference_limit *limit, const struct reference_counter *counter,
                    int64_t now_us)
{
    const struct reference_answer look = look_at(limit, counter, now_us);

    return look.remaining == 0 && look.reset_us > 0;
}

/* A counter is kept for as long as its last charge asks. In Redis, the counters of one key are kept
 * until the last of them ends, by the limits of that time. */
static void expiry_note(struct reference_band *band, const struct reference_band_counter *counter,
                        const struct reference_limit *limit, bool is_charged,
                        struct reference_instant instant)
{
    const int64_t soonest_us =
        instant.earliest_us + look_at(limit, &counter->least, instant.earliest_us).reset_us;
    const int64_t latest_us = instant.latest_us +
                              look_at(limit, &counter->most, instant.latest_us).reset_us +
                              (limit->period.unit != REFERENCE_NO_PERIOD ? PERIOD_STAYS_US : 0);

    for (size_t i = 0; i < band->count; i++) {
        struct reference_band_counter *other = &band->counters[i];

        if (other == counter && (is_charged || soonest_us < other->expiry_min_us))
            other->expiry_min_us = soonest_us;
        if (reference_place_is_beside(&other->place, &counter->place))
            other->expiry_max_us = larger(other->expiry_max_us, latest_us + EXPIRY_LATE_US);
    }
}

/* Charges whether the limit allows it or not: the effect of a charge does not depend on the room
 * that was left. Returns whether it changes anything. */
static bool charge_at(const struct reference_limit *limit, struct reference_counter *counter,
                      int64_t now_us, int64_t cost, bool is_after_the_fact,
                      struct reference_answer *answer)
{
    struct reference_limit boundless = *limit;

    if (is_after_the_fact)
        return reference_charge(
            counter, limit, reference_now(&counter, limit, 1, now_us, FOREVER_US), cost, answer);
    if (reference_has_burst(limit->algorithm))
        boundless.burst = QUOTA_BOUNDLESS;
    else
        boundless.quota = QUOTA_BOUNDLESS;
    *answer = check_one(&boundless, counter, now_us, cost);
    return cost > 0;
}

static struct reference_answer look_at(const struct reference_limit *limit,
                                       const struct reference_counter *counter, int64_t now_us)
{
    struct reference_counter copy = *counter;

    return check_one(limit, &copy, now_us, 0);
}

/* The limit says whether and when the cost passes. What is left depends on whether the service has
 * charged it. */
static struct reference_answer answer_at(const struct reference_limit *limit,
                                         const struct reference_counter *counter, int64_t now_us,
                                         const struct reference_band_check *check, int64_t cost)
{
    struct reference_counter copy = *counter;
    struct reference_counter after = *counter;
    struct reference_answer charge = {0};

    if (check->charged)
        (void)charge_at(limit, &after, now_us, cost, check->is_after_the_fact, &charge);
    if (check->is_after_the_fact)
        return charge;

    struct reference_answer answer = check_one(limit, &copy, now_us, cost);
    const struct reference_answer look = look_at(limit, &after, now_us);

    answer.remaining = look.remaining;
    answer.reset_us = look.reset_us;
    answer.delay_us = charge.delay_us;
    return answer;
}

/* A charge may be noted at its latest instant, and the earliest instant of a later question may be
 * before that. The clock did not go back then, so the time of the charge is used. */
static struct reference_answer check_one(const struct reference_limit *limit,
                                         struct reference_counter *counter, int64_t now_us,
                                         int64_t cost)
{
    const int64_t at_us = reference_now(&counter, limit, 1, now_us, FOREVER_US);
    struct reference_answer answer;

    (void)reference_check(&counter, limit, 1, at_us, &cost, &answer);
    return answer;
}

static int64_t larger(int64_t one, int64_t other)
{
    return one > other ? one : other;
}
