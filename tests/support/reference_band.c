/* SPDX-License-Identifier: MIT */
#include "support/reference_band.h"

#define QUOTA_BOUNDLESS INT64_C(1000000000)
/* Keys in Redis end at whole milliseconds, and times are rounded twice. */
#define EXPIRY_LATE_US 2000
#define FOREVER_US     (INT64_MAX / 2)

static void charge_at(const struct reference_band *band, struct reference_subject *subject,
                      int64_t now_us, int64_t cost, struct reference_answer answers[]);
static void look_at(const struct reference_band *band, const struct reference_subject *subject,
                    int64_t now_us, struct reference_answer answers[]);
static void answer_at(const struct reference_band *band, struct reference_subject subject,
                      int64_t now_us, int64_t cost, bool charged,
                      struct reference_answer answers[]);
static bool is_charged(const struct reference_band *band, const struct reference_subject *subject);
static void untouched_at(const struct reference_band *band, const struct reference_subject *subject,
                         int64_t now_us, int64_t untouched_us[]);
static void check_each(const struct reference_limit limits[], size_t count,
                       struct reference_subject *subject, int64_t now_us, int64_t cost,
                       struct reference_answer answers[]);
static int64_t larger(int64_t one, int64_t other);

void reference_band_begin(struct reference_band *band, struct reference_instant instant)
{
    for (size_t i = 0; i < band->count; i++) {
        if (instant.latest_us >= band->expiry_min_us[i])
            band->least.counters[i] = (struct reference_counter){0};
    }
    if (instant.earliest_us >= band->expiry_max_us)
        band->most = (struct reference_subject){0};
    band->most_so_far = band->most;
}

void reference_band_ask(const struct reference_band *band, struct reference_instant instant,
                        int64_t cost, bool charged, struct reference_band_answer answers[])
{
    struct reference_answer untouched[REFERENCE_LIMITS_MAX];
    struct reference_answer least[REFERENCE_LIMITS_MAX];
    struct reference_answer most[REFERENCE_LIMITS_MAX];
    struct reference_answer soonest[REFERENCE_LIMITS_MAX];
    struct reference_answer longest[REFERENCE_LIMITS_MAX];
    struct reference_answer next[REFERENCE_LIMITS_MAX];
    struct reference_subject charged_early = band->least;
    struct reference_subject charged_late = band->most;

    look_at(band, &(struct reference_subject){0}, instant.latest_us, untouched);
    answer_at(band, band->least, instant.latest_us, cost, charged, least);
    answer_at(band, band->most_so_far, instant.earliest_us, cost, charged, most);

    /* At the border of an aligned window, charges may count in the next window, and then last
     * longer. That is true of the request's earlier charges, and of this one. */
    answer_at(band, band->most, instant.earliest_us, cost, charged, next);
    if (charged) {
        charge_at(band, &charged_early, instant.earliest_us, cost, soonest);
        charge_at(band, &charged_late, instant.latest_us, cost, longest);
    }
    look_at(band, &charged_early, instant.latest_us, soonest);
    look_at(band, &charged_late, instant.earliest_us, longest);

    for (size_t i = 0; i < band->count; i++) {
        answers[i] = (struct reference_band_answer){
            .may_allow = least[i].allowed,
            .may_deny = !most[i].allowed,
            .never = least[i].never,
            .capacity = untouched[i].remaining,
            .remaining = {most[i].remaining, least[i].remaining},
            .reset_us = {soonest[i].reset_us, larger(most[i].reset_us, longest[i].reset_us)},
            .retry_us = {larger(least[i].retry_us, 1), larger(most[i].retry_us, next[i].retry_us)},
            .delay_us = {least[i].delay_us, larger(most[i].delay_us, next[i].delay_us)},
        };
    }
}

bool reference_band_is_in_doubt(const struct reference_band *band, struct reference_instant instant)
{
    for (size_t i = 0; i < band->count; i++) {
        const struct reference_counter *least = &band->least.counters[i];
        const struct reference_counter *most = &band->most.counters[i];
        int64_t window_us = band->limits[i].window_us;

        if (band->limits[i].algorithm == REFERENCE_FIXED_WINDOW && most->charged > 0 &&
            instant.earliest_us < most->since_us + window_us &&
            (least->charged == 0 || instant.latest_us >= least->since_us + window_us))
            return true;
    }
    return false;
}

/* A counter is kept for as long as its last charge asks. In Redis, the counters of one key are kept
 * until the last of them ends. */
void reference_band_charge(struct reference_band *band, struct reference_instant instant,
                           int64_t cost)
{
    struct reference_answer answers[REFERENCE_LIMITS_MAX];
    int64_t untouched_us[REFERENCE_LIMITS_MAX];

    charge_at(band, &band->least, instant.earliest_us, cost, answers);
    charge_at(band, &band->most, instant.latest_us, cost, answers);
    charge_at(band, &band->most_so_far, instant.earliest_us, cost, answers);
    untouched_at(band, &band->least, instant.earliest_us, band->expiry_min_us);
    untouched_at(band, &band->most, instant.latest_us, untouched_us);
    for (size_t i = 0; i < band->count; i++)
        band->expiry_max_us = larger(band->expiry_max_us, untouched_us[i] + EXPIRY_LATE_US);
    band->last_width_us = instant.latest_us - instant.earliest_us;
}

/* A bucket refills from its last charge on, at the present rate. If the charge was later, it has
 * refilled less since then, but more before. When the rate becomes lower, the two no longer cancel
 * out. */
void reference_band_edit(struct reference_band *band, size_t which, struct reference_limit limit)
{
    struct reference_counter *least = &band->least.counters[which];
    struct reference_counter *most = &band->most.counters[which];
    int64_t slower_by = band->limits[which].quota - limit.quota;

    band->limits[which] = limit;
    if (!reference_has_burst(limit.algorithm) || slower_by <= 0)
        return;
    reference_parts unbalanced = (reference_parts)slower_by * band->last_width_us;
    least->charged = least->charged > unbalanced ? least->charged - unbalanced : 0;
    if (most->is_charged)
        most->charged += unbalanced;
}

struct reference_bounds reference_band_forget(struct reference_band *band,
                                              struct reference_instant instant)
{
    reference_band_begin(band, instant);
    struct reference_bounds counters = {
        .min = is_charged(band, &band->least) ? (int64_t)band->count : 0,
        .max = is_charged(band, &band->most) ? (int64_t)band->count : 0,
    };
    band->least = band->most = band->most_so_far = (struct reference_subject){0};
    memset(band->expiry_min_us, 0, sizeof band->expiry_min_us);
    band->expiry_max_us = 0;
    return counters;
}

/* Charges whether the limits allow it or not: the effect of a charge does not depend on the room
 * that was left. */
static void charge_at(const struct reference_band *band, struct reference_subject *subject,
                      int64_t now_us, int64_t cost, struct reference_answer answers[])
{
    struct reference_limit limits[REFERENCE_LIMITS_MAX];

    for (size_t i = 0; i < band->count; i++) {
        limits[i] = band->limits[i];
        if (reference_has_burst(limits[i].algorithm))
            limits[i].burst = QUOTA_BOUNDLESS;
        else
            limits[i].quota = QUOTA_BOUNDLESS;
    }
    check_each(limits, band->count, subject, now_us, cost, answers);
}

static void look_at(const struct reference_band *band, const struct reference_subject *subject,
                    int64_t now_us, struct reference_answer answers[])
{
    struct reference_subject copy = *subject;

    check_each(band->limits, band->count, &copy, now_us, 0, answers);
}

/* The limits say whether and when the cost passes. What is left depends on whether the service has
 * charged it. */
static void answer_at(const struct reference_band *band, struct reference_subject subject,
                      int64_t now_us, int64_t cost, bool charged, struct reference_answer answers[])
{
    struct reference_answer after[REFERENCE_LIMITS_MAX];
    struct reference_answer charge[REFERENCE_LIMITS_MAX] = {0};
    struct reference_subject copy = subject;

    check_each(band->limits, band->count, &copy, now_us, cost, answers);
    if (charged)
        charge_at(band, &subject, now_us, cost, charge);
    look_at(band, &subject, now_us, after);
    for (size_t i = 0; i < band->count; i++) {
        answers[i].remaining = after[i].remaining;
        answers[i].reset_us = after[i].reset_us;
        answers[i].delay_us = charge[i].delay_us;
    }
}

static bool is_charged(const struct reference_band *band, const struct reference_subject *subject)
{
    for (size_t i = 0; i < band->count; i++) {
        if (subject->counters[i].is_charged)
            return true;
    }
    return false;
}

static void untouched_at(const struct reference_band *band, const struct reference_subject *subject,
                         int64_t now_us, int64_t untouched_us[])
{
    struct reference_answer answers[REFERENCE_LIMITS_MAX];

    look_at(band, subject, now_us, answers);
    for (size_t i = 0; i < band->count; i++)
        untouched_us[i] = now_us + answers[i].reset_us;
}

/* A charge may be noted at its latest instant, and the earliest instant of a later question may be
 * before that. The clock did not go back then. For that counter the time of the charge is used. */
static void check_each(const struct reference_limit limits[], size_t count,
                       struct reference_subject *subject, int64_t now_us, int64_t cost,
                       struct reference_answer answers[])
{
    for (size_t i = 0; i < count; i++) {
        struct reference_counter *one = &subject->counters[i];
        const int64_t at_us = reference_now(&one, 1, now_us, FOREVER_US);

        (void)reference_check(&one, &limits[i], 1, at_us, &cost, &answers[i]);
    }
}

static int64_t larger(int64_t one, int64_t other)
{
    return one > other ? one : other;
}
