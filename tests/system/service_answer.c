/* SPDX-License-Identifier: MIT
 *
 * The body has the limits' answers in `limits`; at the top level, if there is one limit and it says
 * neither `by` nor `counts`. All else at the top level follows from these answers. */
#include "service_answer.h"

#include "base/duration.h"

#define SECOND SECOND_US

struct comparison {
    json_t *body;
    const struct reference_policy *policy;
    const struct service_question *question;
    struct reference_place places[REFERENCE_LIMITS_MAX];
    const struct reference_band_answer *answers;
    char *difference;
};

static bool is_plain(const struct reference_policy *policy);
static bool entry_holds(const struct comparison *comparison, size_t which);
static bool by_holds(const struct comparison *comparison, json_t *entry, size_t which);
static bool deniers_hold(const struct comparison *comparison);
static bool verdict_holds(const struct comparison *comparison);
static bool reason_holds(const struct comparison *comparison, const char *must);
static bool has_headroom(const struct reference_policy_limit *limit);
static bool times_hold(const struct comparison *comparison);
static bool shown_holds(const struct comparison *comparison);

static bool is_shown(const struct comparison *comparison, size_t which);
static bool is_tighter(const struct comparison *comparison, size_t which, size_t other);
static json_t *entry_of(const struct comparison *comparison, size_t which);
static bool allows(const struct comparison *comparison, size_t which);
static bool text_holds(const struct comparison *comparison, json_t *object, const char *member,
                       const char *must);
static bool integer_holds(const struct comparison *comparison, json_t *object, const char *member,
                          struct reference_bounds must);
static bool is_null(const struct comparison *comparison, json_t *object, const char *member);
static bool differs(const struct comparison *comparison, json_t *object, const char *member,
                    const char *must);
static struct reference_bounds rounded_up(struct reference_bounds bounds, int64_t unit_us);
static void grow(struct reference_bounds *longest, struct reference_bounds bounds);

bool service_answer_holds(json_t *body, const struct service_question *question,
                          const struct reference_band_answer answers[],
                          char difference[static SERVICE_DIFFERENCE_BYTES])
{
    const struct reference_policy *policy = question->policy;
    struct comparison comparison = {
        .body = body,
        .policy = policy,
        .question = question,
        .answers = answers,
        .difference = difference,
    };
    size_t listed = json_array_size(json_object_get(body, "limits"));

    reference_policy_places(policy, question->values, comparison.places);
    if (listed != (policy->count > 1 || !is_plain(policy) ? policy->count : 0))
        return differs(&comparison, body, "limits", "as many as the policy has");
    for (size_t i = 0; i < policy->count; i++) {
        if (!entry_holds(&comparison, i))
            return false;
    }
    return verdict_holds(&comparison) && deniers_hold(&comparison) && times_hold(&comparison) &&
           shown_holds(&comparison);
}

static bool is_plain(const struct reference_policy *policy)
{
    bool is_any = false;

    for (size_t i = 0; i < policy->count; i++)
        is_any =
            is_any || policy->limits[i].by != REFERENCE_BY_ABSENT || policy->limits[i].measure > 0;
    return !is_any;
}

static bool entry_holds(const struct comparison *comparison, size_t which)
{
    const struct reference_policy_limit *limit = &comparison->policy->limits[which];
    const struct reference_band_answer *answer = &comparison->answers[which];
    const int64_t most = reference_capacity(&limit->limit);
    const struct reference_bounds capacity = {most, most};
    json_t *entry = entry_of(comparison, which);
    bool allowed = allows(comparison, which);

    if (allowed ? !answer->may_allow : !answer->may_deny)
        return differs(comparison, entry, "allowed", allowed ? "false" : "true");
    if (!text_holds(comparison, entry, "algorithm",
                    reference_algorithm_name(limit->limit.algorithm)) ||
        !integer_holds(comparison, entry, "limit", capacity) ||
        !integer_holds(comparison, entry, "remaining", answer->remaining) ||
        !integer_holds(comparison, entry, "reset_in", rounded_up(answer->reset_us, SECOND)))
        return false;
    if (entry == comparison->body)
        return true; /* times_hold() checks the rest */
    if (!is_plain(comparison->policy) &&
        (!text_holds(comparison, entry, "counts", reference_measures[limit->measure]) ||
         !by_holds(comparison, entry, which)))
        return false;
    if (allowed || answer->never)
        return is_null(comparison, entry, "retry_after");
    return integer_holds(comparison, entry, "retry_after", rounded_up(answer->retry_us, SECOND));
}

/* The values of the subjects that the limit counts by. */
static bool by_holds(const struct comparison *comparison, json_t *entry, size_t which)
{
    const unsigned by = comparison->places[which].by;
    json_t *values = json_object_get(entry, "by");
    size_t count = 0;

    for (size_t i = 0; i < REFERENCE_SUBJECTS; i++) {
        if ((by >> i & 1U) == 0)
            continue;
        count++;
        if (!text_holds(comparison, values, reference_subjects[i],
                        reference_value(i, comparison->question->values)))
            return false;
    }
    return (json_is_object(values) && json_object_size(values) == count) ||
           differs(comparison, entry, "by", "the values of its subjects");
}

/* Those that do not allow, in the order of the policy. */
static bool deniers_hold(const struct comparison *comparison)
{
    const json_t *deniers = json_object_get(comparison->body, "denied_by");
    size_t count = 0;

    if (is_plain(comparison->policy))
        return deniers == NULL || differs(comparison, comparison->body, "denied_by", "absent");
    for (size_t i = 0; i < comparison->policy->count; i++) {
        const char *name = json_string_value(json_array_get(deniers, count));

        if (allows(comparison, i))
            continue;
        count++;
        if (name == NULL || name[0] != comparison->policy->limits[i].name || name[1] != '\0')
            return differs(comparison, comparison->body, "denied_by", "the limits that deny");
    }
    return json_array_size(deniers) == count ||
           differs(comparison, comparison->body, "denied_by", "the limits that deny");
}

/* It is allowed only if all limits allow. */
static bool verdict_holds(const struct comparison *comparison)
{
    json_t *body = comparison->body;
    bool allowed = true;
    bool never = false;

    for (size_t i = 0; i < comparison->policy->count; i++) {
        allowed = allowed && allows(comparison, i);
        never = never || comparison->answers[i].never;
    }
    if (json_is_true(json_object_get(body, "allowed")) != allowed)
        return differs(comparison, body, "allowed", allowed ? "true" : "false");
    if (json_object_get(body, "degraded") != NULL)
        return differs(comparison, body, "degraded", "absent");
    if (allowed)
        return is_null(comparison, body, "reason");
    return reason_holds(comparison, never ? "Cost exceeds the limit" : "Rate limit exceeded");
}

/* Of the tightest limit, which is one of those that deny: never, if there is one that never will.
 * For a check of low priority it also tells whether that has headroom. */
static bool reason_holds(const struct comparison *comparison, const char *must)
{
    const char *is = json_string_value(json_object_get(comparison->body, "reason"));
    const size_t length = strlen(must);
    bool may_be_low = false;
    bool may_be_normal = false;

    for (size_t i = 0; i < comparison->policy->count; i++) {
        if (allows(comparison, i))
            continue;
        if (comparison->question->is_low && has_headroom(&comparison->policy->limits[i]))
            may_be_low = true;
        else
            may_be_normal = true;
    }
    if (is == NULL || strncmp(is, must, length) != 0)
        return differs(comparison, comparison->body, "reason", must);
    return (may_be_normal && is[length] == '\0') ||
           (may_be_low && strcmp(is + length, " for low priority") == 0) ||
           differs(comparison, comparison->body, "reason", "for a priority");
}

static bool has_headroom(const struct reference_policy_limit *limit)
{
    const struct reference_limit low = reference_limit_for_low(limit);

    return reference_capacity(&low) < reference_capacity(&limit->limit);
}

/* The longest of the waits counts. */
static bool times_hold(const struct comparison *comparison)
{
    json_t *body = comparison->body;
    json_t *delay = json_object_get(body, "delay_ms");
    struct reference_bounds retry_us = {0};
    struct reference_bounds delay_us = {0};
    bool is_curable = true;

    for (size_t i = 0; i < comparison->policy->count; i++) {
        const struct reference_band_answer *answer = &comparison->answers[i];

        grow(&delay_us, answer->delay_us);
        is_curable = is_curable && !answer->never;
        if (!allows(comparison, i))
            grow(&retry_us, answer->retry_us);
    }
    if ((delay != NULL || delay_us.min > 0) &&
        !integer_holds(comparison, body, "delay_ms", rounded_up(delay_us, MILLISECOND_US)))
        return false;
    if (json_is_true(json_object_get(body, "allowed")) || !is_curable)
        return is_null(comparison, body, "retry_after") &&
               is_null(comparison, body, "retry_after_ms");
    return integer_holds(comparison, body, "retry_after", rounded_up(retry_us, SECOND)) &&
           integer_holds(comparison, body, "retry_after_ms", rounded_up(retry_us, MILLISECOND_US));
}

/* The top level shows the tightest limit. If the rounded numbers of several limits are equal, it
 * may show any of these. */
static bool shown_holds(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->policy->count; i++) {
        bool is_tightest = is_shown(comparison, i);

        for (size_t other = 0; other < comparison->policy->count; other++)
            is_tightest = is_tightest && !is_tighter(comparison, other, i);
        if (is_tightest)
            return true;
    }
    return differs(comparison, comparison->body, "remaining", "that of the tightest limit");
}

static bool is_shown(const struct comparison *comparison, size_t which)
{
    static const char *const members[] = {"algorithm", "limit", "remaining", "reset_in"};
    json_t *entry = entry_of(comparison, which);

    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        if (!json_equal(json_object_get(entry, members[i]),
                        json_object_get(comparison->body, members[i])))
            return false;
    }
    return true;
}

/* A limit that denies is tighter than one that allows, and "never" is tighter than a wait.
 * Otherwise the smaller share left is tighter. */
static bool is_tighter(const struct comparison *comparison, size_t which, size_t other)
{
    const struct reference_band_answer *answer = &comparison->answers[which];
    const struct reference_band_answer *other_answer = &comparison->answers[other];
    json_t *entry = entry_of(comparison, which);
    json_t *other_entry = entry_of(comparison, other);
    const int64_t capacity = reference_capacity(&comparison->policy->limits[which].limit);
    const int64_t other_capacity = reference_capacity(&comparison->policy->limits[other].limit);
    bool allowed = allows(comparison, which);

    if (allowed != allows(comparison, other))
        return !allowed;
    if (answer->never != other_answer->never)
        return answer->never;
    if (!allowed && !answer->never)
        return json_integer_value(json_object_get(entry, "retry_after")) >
               json_integer_value(json_object_get(other_entry, "retry_after"));
    if (capacity == 0 || other_capacity == 0)
        return other_capacity > 0;
    return json_integer_value(json_object_get(entry, "remaining")) * other_capacity <
           json_integer_value(json_object_get(other_entry, "remaining")) * capacity;
}

static json_t *entry_of(const struct comparison *comparison, size_t which)
{
    json_t *limits = json_object_get(comparison->body, "limits");

    return limits == NULL ? comparison->body : json_array_get(limits, which);
}

static bool allows(const struct comparison *comparison, size_t which)
{
    return json_is_true(json_object_get(entry_of(comparison, which), "allowed"));
}

static bool text_holds(const struct comparison *comparison, json_t *object, const char *member,
                       const char *must)
{
    const char *is = json_string_value(json_object_get(object, member));

    return (is != NULL && strcmp(is, must) == 0) || differs(comparison, object, member, must);
}

static bool integer_holds(const struct comparison *comparison, json_t *object, const char *member,
                          struct reference_bounds must)
{
    json_t *value = json_object_get(object, member);
    int64_t is = json_integer_value(value);
    char range[64];

    (void)snprintf(range, sizeof(range), "%lld..%lld", (long long)must.min, (long long)must.max);
    return (json_is_integer(value) && is >= must.min && is <= must.max) ||
           differs(comparison, object, member, range);
}

static bool is_null(const struct comparison *comparison, json_t *object, const char *member)
{
    return json_is_null(json_object_get(object, member)) ||
           differs(comparison, object, member, "null");
}

/* Reports the difference, and returns false. */
static bool differs(const struct comparison *comparison, json_t *object, const char *member,
                    const char *must)
{
    char *is = json_dumps(object, JSON_COMPACT);

    (void)snprintf(comparison->difference, SERVICE_DIFFERENCE_BYTES, "%s must be %s in %s", member,
                   must, is == NULL ? "nothing" : is);
    free(is);
    return false;
}

static struct reference_bounds rounded_up(struct reference_bounds bounds, int64_t unit_us)
{
    return (struct reference_bounds){
        .min = (bounds.min + unit_us - 1) / unit_us,
        .max = (bounds.max + unit_us - 1) / unit_us,
    };
}

static void grow(struct reference_bounds *longest, struct reference_bounds bounds)
{
    longest->min = bounds.min > longest->min ? bounds.min : longest->min;
    longest->max = bounds.max > longest->max ? bounds.max : longest->max;
}
