/* SPDX-License-Identifier: MIT */
#include "canonical.h"

#include "base/arena.h"
#include "base/document.h"
#include "base/duration.h"
#include "limit/algorithm.h"
#include "limit/headroom.h"

static bool is_same(const struct rule *one, const struct rule *other);
static void rule_check(const struct rule *rule);
static void headroom_check(const struct limit *limit);
static struct text written(const struct policy *policy, struct arena *arena);

void canonical_check(const struct policy *policy)
{
    struct arena arena = {0};
    struct error error = {0};
    struct faults faults = {0};

    rule_check(&policy->rule);
    if (policy->candidate != NULL)
        rule_check(policy->candidate);

    struct text first = written(policy, &arena);
    json_t *document = document_parse(first, &error);
    ASSERT(document != NULL);
    const struct policy *again = policy_read(document, "", &arena, &faults);
    json_decref(document);

    ASSERT(again != NULL && faults.count == 0);
    ASSERT(text_equal(written(again, &arena), first));
    ASSERT(policy_identity_equal(&again->identity, &policy->identity));
    ASSERT(again->id == policy->id && again->version == policy->version);
    ASSERT(is_same(&again->rule, &policy->rule));
    ASSERT((again->candidate == NULL) == (policy->candidate == NULL));
    ASSERT(policy->candidate == NULL || is_same(again->candidate, policy->candidate));
    arena_close(&arena);
}

static bool is_same(const struct rule *one, const struct rule *other)
{
    if (one->limit_count != other->limit_count || rule_counters_differ(one, other))
        return false;
    for (size_t i = 0; i < one->limit_count; i++) {
        if (one->limits[i].id != other->limits[i].id || one->limits[i].set != other->limits[i].set)
            return false;
    }
    return true;
}

static void rule_check(const struct rule *rule)
{
    ASSERT(rule->limit_count >= 1 && rule->limit_count <= LIMITS_MAX);
    ASSERT(rule->set_count >= 1 && rule->set_count <= rule->limit_count);
    ASSERT(rule->common_set >= -1 && rule->common_set < (int)rule->set_count);
    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct limit *limit = &rule->limits[i];

        ASSERT(limit->name[0] != '\0' && memchr(limit->name, '\0', sizeof limit->name) != NULL);
        ASSERT(limit->algorithm < ALGORITHM_COUNT);
        ASSERT(limit->quota >= 0 && limit->quota <= algorithm_quota_max(limit->algorithm));
        ASSERT(limit->window_us >= SECOND_US && limit->window_us <= LIMIT_WINDOW_S_MAX * SECOND_US);
        ASSERT(limit->burst >= 0 && limit->burst <= algorithm_quota_max(limit->algorithm));
        ASSERT(limit->set < rule->set_count);
        headroom_check(limit);
        for (size_t before = 0; before < i; before++) {
            ASSERT(strcmp(rule->limits[before].name, limit->name) != 0);
            ASSERT(rule->limits[before].id >> 8 != limit->id >> 8);
        }
    }
}

static void headroom_check(const struct limit *limit)
{
    const struct limit low = limit_for_low(limit);

    ASSERT(headroom_units(limit) >= 0 && headroom_units(limit) <= limit_capacity(limit));
    ASSERT(low.quota >= 0 && low.burst >= 0 && limit_capacity(&low) <= limit_capacity(limit));
}

static struct text written(const struct policy *policy, struct arena *arena)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, arena, 512);
    writer_init(&writer, &buffer);
    policy_write(policy, &writer, NULL);
    return buffer_text(&buffer);
}
