/* SPDX-License-Identifier: MIT
 *
 * If there are several limits, the body has their answers in `limits`; if there is one, at the top
 * level. All else at the top level follows from these answers. */
#include "service_answer.h"

#include "base/duration.h"

#define SECOND SECOND_US

struct comparison {
    json_t *body;
    const struct reference_band *band;
    const struct reference_band_answer *answers;
    char *difference;
};

static bool entry_holds(const struct comparison *comparison, size_t which);
static bool verdict_holds(const struct comparison *comparison);
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

bool service_answer_is_charge(json_t *body, int64_t cost)
{
    return cost > 0 && json_is_true(json_object_get(body, "allowed"));
}

bool service_answer_holds(json_t *body, const struct reference_band *band,
                          const struct reference_band_answer answers[],
                          char difference[static SERVICE_DIFFERENCE_BYTES])
{
    struct comparison comparison = {body, band, answers, difference};
    size_t listed = json_array_size(json_object_get(body, "limits"));

    if (listed != (band->count > 1 ? band->count : 0))
        return differs(&comparison, body, "limits", "as many as the policy has");
    for (size_t i = 0; i < band->count; i++) {
        if (!entry_holds(&comparison, i))
            return false;
    }
    return verdict_holds(&comparison) && times_hold(&comparison) && shown_holds(&comparison);
}

static bool entry_holds(const struct comparison *comparison, size_t which)
{
    const struct reference_band_answer *answer = &comparison->answers[which];
    const struct reference_bounds capacity = {answer->capacity, answer->capacity};
    json_t *entry = entry_of(comparison, which);
    bool allowed = allows(comparison, which);

    if (allowed ? !answer->may_allow : !answer->may_deny)
        return differs(comparison, entry, "allowed", allowed ? "false" : "true");
    if (!text_holds(comparison, entry, "algorithm",
                    reference_algorithm_name(comparison->band->limits[which].algorithm)) ||
        !integer_holds(comparison, entry, "limit", capacity) ||
        !integer_holds(comparison, entry, "remaining", answer->remaining) ||
        !integer_holds(comparison, entry, "reset_in", rounded_up(answer->reset_us, SECOND)))
        return false;
    if (comparison->band->count == 1)
        return true; /* times_hold() checks the rest */
    if (allowed || answer->never)
        return is_null(comparison, entry, "retry_after");
    return integer_holds(comparison, entry, "retry_after", rounded_up(answer->retry_us, SECOND));
}

/* It is allowed only if all limits allow. */
static bool verdict_holds(const struct comparison *comparison)
{
    json_t *body = comparison->body;
    bool allowed = true;
    bool never = false;

    for (size_t i = 0; i < comparison->band->count; i++) {
        allowed = allowed && allows(comparison, i);
        never = never || comparison->answers[i].never;
    }
    if (json_is_true(json_object_get(body, "allowed")) != allowed)
        return differs(comparison, body, "allowed", allowed ? "true" : "false");
    if (json_object_get(body, "degraded") != NULL)
        return differs(comparison, body, "degraded", "absent");
    if (allowed)
        return is_null(comparison, body, "reason");
    return text_holds(comparison, body, "reason",
                      never ? "Cost exceeds the limit" : "Rate limit exceeded");
}

/* The longest of the waits counts. */
static bool times_hold(const struct comparison *comparison)
{
    json_t *body = comparison->body;
    json_t *delay = json_object_get(body, "delay_ms");
    struct reference_bounds retry_us = {0};
    struct reference_bounds delay_us = {0};
    bool is_curable = true;

    for (size_t i = 0; i < comparison->band->count; i++) {
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
    for (size_t i = 0; i < comparison->band->count; i++) {
        bool is_tightest = is_shown(comparison, i);

        for (size_t other = 0; other < comparison->band->count; other++)
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
    bool allowed = allows(comparison, which);

    if (allowed != allows(comparison, other))
        return !allowed;
    if (answer->never != other_answer->never)
        return answer->never;
    if (!allowed && !answer->never)
        return json_integer_value(json_object_get(entry, "retry_after")) >
               json_integer_value(json_object_get(other_entry, "retry_after"));
    if (answer->capacity == 0 || other_answer->capacity == 0)
        return other_answer->capacity > 0;
    return json_integer_value(json_object_get(entry, "remaining")) * other_answer->capacity <
           json_integer_value(json_object_get(other_entry, "remaining")) * answer->capacity;
}

static json_t *entry_of(const struct comparison *comparison, size_t which)
{
    if (comparison->band->count == 1)
        return comparison->body;
    return json_array_get(json_object_get(comparison->body, "limits"), which);
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
