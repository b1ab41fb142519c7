/* SPDX-License-Identifier: MIT */
#include "support/reference_policy.h"

#define SECOND INT64_C(1000000)
#define USER   1U

static unsigned subjects_of(const struct reference_policy_limit *limit);
static bool is_first_by_name(const struct reference_policy *policy, size_t which);
static bool is_alike(const struct reference_policy_limit *a,
                     const struct reference_policy_limit *b);
static void limit_write_quoted(const struct reference_policy_limit *limit, FILE *out);

const char *const reference_subjects[REFERENCE_SUBJECTS] = {"user", "org", "team"};
const char *const reference_measures[REFERENCE_MEASURES] = {"requests", "tokens", "bytes"};

void reference_policy_places(const struct reference_policy *policy, unsigned values,
                             struct reference_place places[])
{
    unsigned common = ~0U;

    for (size_t i = 0; i < policy->count; i++)
        common &= subjects_of(&policy->limits[i]);
    for (size_t i = 0; i < policy->count; i++) {
        const struct reference_policy_limit *limit = &policy->limits[i];

        places[i] = (struct reference_place){
            .common = common,
            .by = subjects_of(limit),
            .values = values & subjects_of(limit),
            .says_by = limit->by != REFERENCE_BY_ABSENT,
            .measure = limit->measure,
            .algorithm = limit->limit.algorithm,
            .window_us = limit->limit.window_us,
            .name = is_first_by_name(policy, i) ? 0 : limit->name,
        };
    }
}

bool reference_place_equal(const struct reference_place *a, const struct reference_place *b)
{
    return reference_place_is_beside(a, b) && a->says_by == b->says_by &&
           a->measure == b->measure && a->algorithm == b->algorithm &&
           a->window_us == b->window_us && a->name == b->name;
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

void reference_values_write_quoted(unsigned values, FILE *out)
{
    for (size_t i = 0; i < REFERENCE_SUBJECTS; i++)
        (void)fprintf(out, "%s'%s':'%u'", i == 0 ? "{" : ",", reference_subjects[i],
                      values >> i & 1U);
    (void)fputs("}", out);
}

static unsigned subjects_of(const struct reference_policy_limit *limit)
{
    return limit->by == REFERENCE_BY_ABSENT ? USER : (unsigned)limit->by;
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
           a->limit.window_us == b->limit.window_us;
}

static void limit_write_quoted(const struct reference_policy_limit *limit, FILE *out)
{
    const struct reference_limit *numbers = &limit->limit;
    const char *comma = "";

    (void)fprintf(out, "{'name':'%c','algorithm':'%s','limit':%lld,'window_seconds':%lld",
                  limit->name, reference_algorithm_name(numbers->algorithm),
                  (long long)numbers->quota, (long long)(numbers->window_us / SECOND));
    if (reference_has_burst(numbers->algorithm))
        (void)fprintf(out, ",'burst':%lld", (long long)numbers->burst);
    if (limit->measure > 0)
        (void)fprintf(out, ",'counts':'%s'", reference_measures[limit->measure]);
    if (limit->by != REFERENCE_BY_ABSENT) {
        (void)fputs(",'by':[", out);
        for (size_t i = 0; i < REFERENCE_SUBJECTS; i++) {
            if (((unsigned)limit->by >> i & 1U) == 0)
                continue;
            (void)fprintf(out, "%s'%s'", comma, reference_subjects[i]);
            comma = ",";
        }
        (void)fputs("]", out);
    }
    (void)fputs("}", out);
}
