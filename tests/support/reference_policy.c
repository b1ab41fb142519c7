/* SPDX-License-Identifier: MIT */
#include "support/reference_policy.h"

#define SECOND INT64_C(1000000)
#define USER   1U
#define IP     2U

static unsigned subjects_of(const struct reference_policy *policy,
                            const struct reference_policy_limit *limit, unsigned values);
static unsigned common_of(const struct reference_policy *policy, unsigned values);
static bool is_first_by_name(const struct reference_policy *policy, size_t which);
static bool is_alike(const struct reference_policy_limit *a,
                     const struct reference_policy_limit *b);
static void limit_write_quoted(const struct reference_policy_limit *limit, FILE *out);
static void by_write_quoted(unsigned by, FILE *out);

const char *const reference_subjects[REFERENCE_SUBJECTS] = {"user", "ip", "org", "team"};
const char *const reference_measures[REFERENCE_MEASURES] = {"requests", "tokens", "bytes"};

bool reference_policy_needs_user(const struct reference_policy *policy)
{
    for (size_t i = 0; i < policy->count; i++) {
        if (policy->limits[i].by != REFERENCE_BY_ABSENT &&
            ((unsigned)policy->limits[i].by & USER) != 0)
            return true;
    }
    return false;
}

int64_t reference_override_of(const struct reference_terms *terms,
                              const struct reference_policy_limit *limit)
{
    for (size_t i = 0; i < terms->override_count; i++) {
        if (terms->overrides[i].name == limit->name &&
            terms->overrides[i].algorithm == limit->limit.algorithm &&
            terms->overrides[i].window_us == limit->limit.window_us)
            return terms->overrides[i].quota;
    }
    return -1;
}

struct reference_policy reference_policy_under(const struct reference_policy *policy,
                                               const struct reference_terms *terms)
{
    struct reference_policy under = *policy;

    for (size_t i = 0; i < under.count; i++) {
        struct reference_limit *limit = &under.limits[i].limit;
        const bool burst_follows = limit->burst == limit->quota;
        const int64_t quota = reference_override_of(terms, &policy->limits[i]);

        if (quota < 0)
            continue;
        limit->quota = quota;
        if (burst_follows)
            limit->burst = quota;
    }
    return under;
}

struct reference_limit reference_limit_for_low(const struct reference_policy_limit *limit)
{
    struct reference_limit low = limit->limit;
    const int64_t capacity = reference_capacity(&low);
    reference_parts headroom = limit->headroom;

    if (limit->is_percent)
        headroom = (headroom * capacity + 99) / 100;
    if (headroom > capacity)
        headroom = capacity;
    if (reference_has_burst(low.algorithm))
        low.burst -= (int64_t)headroom;
    else
        low.quota = low.burst = capacity - (int64_t)headroom;
    return low;
}

void reference_policy_places(const struct reference_policy *policy, unsigned values,
                             struct reference_place places[])
{
    const unsigned common = common_of(policy, values);

    for (size_t i = 0; i < policy->count; i++) {
        const struct reference_policy_limit *limit = &policy->limits[i];
        const unsigned by = subjects_of(policy, limit, values);

        places[i] = (struct reference_place){
            .common = common,
            .by = by,
            .values = values & by,
            .says_by = limit->by != REFERENCE_BY_ABSENT,
            .measure = limit->measure,
            .algorithm = limit->limit.algorithm,
            .window_us = limit->limit.window_us,
            .period = limit->limit.period,
            .name = is_first_by_name(policy, i) ? 0 : limit->name,
        };
    }
}

bool reference_place_equal(const struct reference_place *a, const struct reference_place *b)
{
    return reference_place_is_beside(a, b) && a->says_by == b->says_by &&
           a->measure == b->measure && a->algorithm == b->algorithm &&
           a->window_us == b->window_us && reference_period_equal(&a->period, &b->period) &&
           a->name == b->name;
}

bool reference_place_is_beside(const struct reference_place *a, const struct reference_place *b)
{
    return a->common == b->common && a->by == b->by && a->values == b->values;
}

void reference_policy_write_quoted(const struct reference_policy *policy, FILE *out)
{
    for (size_t i = 0; i < policy->count; i++) {
        (void)fputs(i == 0 ? "" : ",", out);
        limit_write_quoted(&policy->limits[i], out);
    }
}

const char *reference_value(size_t subject, unsigned values)
{
    static const char *const names[] = {"0", "1"};
    static const char *const addresses[] = {"192.0.2.1", "2001:db8::/64"};
    const unsigned value = values >> subject & 1U;

    return (1U << subject) == IP ? addresses[value] : names[value];
}

void reference_values_write_quoted(unsigned set, unsigned values, FILE *out)
{
    const char *comma = "";

    (void)fputs("{", out);
    for (size_t i = 0; i < REFERENCE_SUBJECTS; i++) {
        const char *value = reference_value(i, values);

        if ((set >> i & 1U) == 0 || ((1U << i) == USER && (values & REFERENCE_NO_USER) != 0))
            continue;
        (void)fprintf(out, "%s'%s':'%.*s'", comma, reference_subjects[i], (int)strcspn(value, "/"),
                      value);
        comma = ",";
    }
    (void)fputs("}", out);
}

/* If one limit needs a user, there is one. */
static unsigned subjects_of(const struct reference_policy *policy,
                            const struct reference_policy_limit *limit, unsigned values)
{
    if (limit->by != REFERENCE_BY_ABSENT)
        return (unsigned)limit->by;
    return (values & REFERENCE_NO_USER) == 0 || reference_policy_needs_user(policy) ? USER : IP;
}

/* "User, else ip" has nothing in common with another set, whoever calls. */
static unsigned common_of(const struct reference_policy *policy, unsigned values)
{
    unsigned common = ~0U;
    bool are_absent = true;

    for (size_t i = 0; i < policy->count; i++) {
        common &= subjects_of(policy, &policy->limits[i], 0);
        are_absent = are_absent && policy->limits[i].by == REFERENCE_BY_ABSENT;
    }
    return are_absent ? subjects_of(policy, &policy->limits[0], values) : common;
}

static bool is_first_by_name(const struct reference_policy *policy, size_t which)
{
    const struct reference_policy_limit *limit = &policy->limits[which];

    for (size_t i = 0; i < policy->count; i++) {
        if (is_alike(&policy->limits[i], limit) && policy->limits[i].name < limit->name)
            return false;
    }
    return true;
}

static bool is_alike(const struct reference_policy_limit *a, const struct reference_policy_limit *b)
{
    return a->by == b->by && a->measure == b->measure && a->limit.algorithm == b->limit.algorithm &&
           a->limit.window_us == b->limit.window_us &&
           reference_period_equal(&a->limit.period, &b->limit.period);
}

static void limit_write_quoted(const struct reference_policy_limit *limit, FILE *out)
{
    const struct reference_limit *numbers = &limit->limit;

    (void)fprintf(out, "{'name':'%c','algorithm':'%s','limit':%lld,", limit->name,
                  reference_algorithm_name(numbers->algorithm), (long long)numbers->quota);
    if (numbers->period.unit != REFERENCE_NO_PERIOD)
        reference_period_write_quoted(&numbers->period, out);
    else
        (void)fprintf(out, "'window_seconds':%lld", (long long)(numbers->window_us / SECOND));
    if (reference_has_burst(numbers->algorithm))
        (void)fprintf(out, ",'burst':%lld", (long long)numbers->burst);
    if (limit->headroom > 0 && limit->is_percent)
        (void)fprintf(out, ",'headroom':'%lld%%'", (long long)limit->headroom);
    else if (limit->headroom > 0)
        (void)fprintf(out, ",'headroom':%lld", (long long)limit->headroom);
    if (limit->measure > 0)
        (void)fprintf(out, ",'counts':'%s'", reference_measures[limit->measure]);
    if (limit->by != REFERENCE_BY_ABSENT)
        by_write_quoted((unsigned)limit->by, out);
    (void)fputs("}", out);
}

static void by_write_quoted(unsigned by, FILE *out)
{
    const char *comma = "";

    (void)fputs(",'by':[", out);
    for (size_t i = 0; i < REFERENCE_SUBJECTS; i++) {
        if ((by >> i & 1U) == 0)
            continue;
        (void)fprintf(out, "%s'%s'", comma, reference_subjects[i]);
        comma = ",";
    }
    (void)fputs("]", out);
}
