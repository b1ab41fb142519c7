/* SPDX-License-Identifier: MIT */
#include "rule_sets.h"

#include "base/arena.h"
#include "limit/subjects.h"

static bool is_plain(const struct rule *rule);
static bool needs_user(const struct rule *rule);
static size_t set_find(const struct rule *rule, const struct by *by);
static const struct by *common_of(const struct rule *rule, struct arena *arena);
static bool every_set_has(const struct rule *rule, struct text name);

void rule_sets_make(struct rule *rule, struct limit limits[], struct arena *arena)
{
    const struct by **sets = ARENA_ARRAY(arena, const struct by *, rule->limit_count);
    const bool has_user = needs_user(rule);

    rule->is_plain = is_plain(rule);
    rule->sets = sets;
    rule->set_count = 0;
    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct by *by = has_user ? by_resolve(limits[i].by, true) : limits[i].by;
        const size_t set = set_find(rule, by);

        if (set == rule->set_count)
            sets[rule->set_count++] = by;
        limits[i].set = (uint8_t)set;
    }
    rule->common = common_of(rule, arena);
    const size_t common_set = set_find(rule, rule->common);
    rule->common_set = common_set < rule->set_count ? (int)common_set : -1;
}

bool rule_counters_differ(const struct rule *one, const struct rule *other)
{
    return !by_equal(by_resolve(one->common, true), by_resolve(other->common, true));
}

static bool is_plain(const struct rule *rule)
{
    for (size_t i = 0; i < rule->limit_count; i++) {
        if (rule->limits[i].by != NULL || rule->limits[i].counts != NULL)
            return false;
    }
    return true;
}

/* Then a limit that does not say by whom it counts always finds a user. */
static bool needs_user(const struct rule *rule)
{
    for (size_t i = 0; i < rule->limit_count; i++) {
        if (by_has(rule->limits[i].by, TEXT(SUBJECT_USER)))
            return true;
    }
    return false;
}

/* The number of sets when it is none of them. */
static size_t set_find(const struct rule *rule, const struct by *by)
{
    size_t set = 0;

    while (set < rule->set_count && !by_equal(rule->sets[set], by))
        set++;
    return set;
}

static const struct by *common_of(const struct rule *rule, struct arena *arena)
{
    const struct by *first = rule->sets[0];

    if (rule->set_count == 1)
        return first;

    struct by *common = ARENA_NEW(arena, struct by);

    for (size_t i = 0; first != NULL && i < first->count; i++) {
        if (every_set_has(rule, first->names[i]))
            common->names[common->count++] = first->names[i];
    }
    return common;
}

static bool every_set_has(const struct rule *rule, struct text name)
{
    for (size_t i = 0; i < rule->set_count; i++) {
        if (!by_has(rule->sets[i], name))
            return false;
    }
    return true;
}
