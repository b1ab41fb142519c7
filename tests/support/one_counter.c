/* SPDX-License-Identifier: MIT
 *
 * In general, all orders would have to be tried. Here each answer says what the counter held before
 * it, and that can only fall. So the order of the charges is known, and looks and denials belong
 * between two charges. The rest is to find a moment for each check, as early as possible. */
#include "support/one_counter.h"

static int compare_checks(const void *a, const void *b);
static bool is_charge(const struct one_counter_check *check);
static int64_t held_before(const struct one_counter_check *check);

static int64_t later_of(int64_t a_us, int64_t b_us)
{
    return a_us > b_us ? a_us : b_us;
}

bool one_counter_explains(struct one_counter_check checks[], size_t count, int64_t limit)
{
    int64_t held = limit;
    int64_t charged_us = INT64_MIN; /* when it began to hold this */
    int64_t asked_us = INT64_MIN;   /* when it was last asked while it held this */

    qsort(checks, count, sizeof(checks[0]), compare_checks);
    for (size_t i = 0; i < count; i++) {
        const struct one_counter_check *check = &checks[i];
        int64_t since_us = is_charge(check) ? asked_us : charged_us;
        int64_t moment_us = later_of(check->sent_us, since_us);

        if (held_before(check) != held || check->allowed != (check->cost <= held) ||
            moment_us > check->answered_us)
            return false;
        asked_us = later_of(asked_us, moment_us);
        if (is_charge(check)) {
            charged_us = moment_us;
            held -= check->cost;
        }
    }
    return true;
}

/* Of checks that found the same value, the one that changed it comes last. */
static int compare_checks(const void *a, const void *b)
{
    const struct one_counter_check *left = a;
    const struct one_counter_check *right = b;

    if (held_before(left) != held_before(right))
        return held_before(left) > held_before(right) ? -1 : 1;
    return is_charge(left) - is_charge(right);
}

static bool is_charge(const struct one_counter_check *check)
{
    return check->allowed && check->cost > 0;
}

static int64_t held_before(const struct one_counter_check *check)
{
    return check->remaining + (check->allowed ? check->cost : 0);
}
