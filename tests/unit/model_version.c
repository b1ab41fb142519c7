/* SPDX-License-Identifier: MIT */
#include "model_version.h"

#include "base/arena.h"
#include "catalogue/calendars.h"
#include "limit/by.h"
#include "limit/headroom.h"
#include "limit/terms.h"
#include "sample_policy.h"
#include "support/cmocka.h"

#define POLICY_ID 7

static struct terms terms_of(const struct reference_terms *reference,
                             const struct reference_policy *policy, struct arena *arena);
static void calendar_bind(struct model_bound *bound, size_t i, const struct model_caller *caller);
static struct digest digest_of_set(const struct by *by, unsigned values);

struct model_version model_version_of(const struct reference_policy *reference, struct arena *arena)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    (void)fputs("{'route_key':'*','limits':[", out);
    reference_policy_write_quoted(reference, out);
    (void)fputs("]}", out);
    assert_int_equal(fclose(out), 0);

    const struct policy *policy = sample_policy(arena, text);

    free(text);
    return (struct model_version){.reference = *reference, .policy = policy};
}

void model_version_limits(const struct model_version *version, const struct model_caller *caller,
                          struct arena *arena, struct model_bound *bound)
{
    const struct terms terms = terms_of(caller->terms, &version->reference, arena);
    const struct rule *rule = terms_apply(&terms, &version->policy->rule, "", NULL, arena);
    const struct reference_policy reference =
        reference_policy_under(&version->reference, caller->terms);

    assert_non_null(rule);
    bound->count = rule->limit_count;
    bound->known_us = 0;
    for (size_t i = 0; i < bound->count; i++) {
        bound->limits[i] = rule->limits[i];
        bound->reference[i] = reference.limits[i].limit;
        if (caller->terms->is_low) {
            bound->limits[i] = limit_for_low(&rule->limits[i]);
            bound->reference[i] = reference_limit_for_low(&reference.limits[i]);
        }
        if (bound->limits[i].period != NULL)
            calendar_bind(bound, i, caller);
    }
}

bool model_bound_knows(const struct model_bound *bound, int64_t wall_us)
{
    bool knows = wall_us >= bound->known_us;

    for (size_t i = 0; i < bound->count; i++) {
        const struct reference_limit *limit = &bound->reference[i];

        knows = knows && (limit->period.unit == REFERENCE_NO_PERIOD || wall_us < limit->unknown_us);
    }
    return knows;
}

struct operation model_version_bind(const struct model_version *version, unsigned values,
                                    const struct model_bound *bound)
{
    const struct rule *rule = &version->policy->rule;
    struct operation operation = {
        .kind = OPERATION_TAKE,
        .policy_id = POLICY_ID,
        .tag = digest_of_set(rule->common, values),
        .set_count = rule->set_count,
        .limit_count = rule->limit_count,
        .limits = bound->limits,
    };

    for (size_t i = 0; i < rule->set_count; i++)
        operation.sets[i] = digest_of_set(rule->sets[i], values);
    return operation;
}

/* In the order of the names. */
static struct terms terms_of(const struct reference_terms *reference,
                             const struct reference_policy *policy, struct arena *arena)
{
    struct limit_override *overrides =
        ARENA_ARRAY(arena, struct limit_override, REFERENCE_OVERRIDES_MAX);
    struct terms terms = {.is_low = reference->is_low, .overrides = overrides};

    for (char name = 'a'; name <= 'z'; name++) {
        for (size_t i = 0; i < policy->count; i++) {
            const struct reference_policy_limit *limit = &policy->limits[i];
            const int64_t quota = reference_override_of(reference, limit);

            if (limit->name != name || quota < 0)
                continue;
            overrides[terms.override_count++] = (struct limit_override){
                .limit = text_copy(arena, (struct text){&name, 1}),
                .quota = quota,
            };
        }
    }
    return terms;
}

/* The service computes the periods from the policy, and the model computes them again. */
static void calendar_bind(struct model_bound *bound, size_t i, const struct model_caller *caller)
{
    struct reference_limit *reference = &bound->reference[i];
    const struct reference_period *period = &reference->period;
    const int64_t start_us = reference_period_start(period, caller->wall_us);
    const int64_t next_us = reference_period_end(period, caller->wall_us);
    const int64_t before_us = reference_period_start(period, start_us - 1);

    bound->calendars[i].ahead_us = caller->ahead_us;
    assert_true(calendars_at(bound->limits[i].period, caller->wall_us, &bound->calendars[i]));
    bound->limits[i].calendar = &bound->calendars[i];
    reference->ahead_us = caller->ahead_us;
    reference->unknown_us = reference_period_end(period, next_us);
    if (bound->known_us < before_us)
        bound->known_us = before_us;
}

/* By default a limit counts by user, else by ip. Names of subjects and values are not told apart by
 * their lengths alone, so each is a part of its own. */
static struct digest digest_of_set(const struct by *by, unsigned values)
{
    static const struct digest_key key = {{1}};
    const bool has_user = (values & REFERENCE_NO_USER) == 0;
    const struct by *names = by_resolve(by, has_user);
    struct text parts[2 * BY_MAX];
    size_t count = 0;

    for (size_t i = 0; i < REFERENCE_SUBJECTS; i++) {
        const struct text name = text_of(reference_subjects[i]);

        if (!by_has(names, name))
            continue;
        parts[count++] = name;
        parts[count++] = text_of(reference_value(i, values));
    }
    return digest_of(&key, parts, count);
}
