/* SPDX-License-Identifier: MIT
 *
 * An open-addressing hash table of policies by identity. To find a prefix, it looks up each length
 * that some prefix has, longest first. One pass over a route gives the hashes of all its prefixes.
 * At worst a match looks for 18 callers at the route and at 200 prefixes, and finds none: 3618
 * probes. (18 is 8 subjects and everybody, with two roles.) If all policies are for users or
 * everybody, there are 4 callers, and 804 probes. Where subjects change from check to check, the
 * processor cannot foresee whether a slot is free. Many policies therefore have so many slots that
 * most are free: 3618 probes took 17 microseconds where this was measured, and 45 with two slots
 * for each policy. Nobody can choose policies whose hashes collide (base/hash.h). */
#include "limit/policy_set.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/memory.h"
#include "callers.h"

#define PREFIX_BYTES_MAX (POLICY_ROUTE_BYTES_MAX - 1)
#define SLOTS_MIN        4 /* a power of two */
#define PREFETCHED_MAX   2

/* Few policies are found in few probes, so their slots may lie close together. */
#define FEW_POLICIES          16
#define SLOTS_PER_POLICY_FEW  2
#define SLOTS_PER_POLICY_MANY 8

_Static_assert(PREFIX_BYTES_MAX <= UINT8_MAX, "the length of a prefix is one byte");
_Static_assert(PREFIX_BYTES_MAX <= HASH_PREFIX_BYTES_MAX, "each prefix has a hash");

struct slot {
    uint64_t hash;
    const struct policy *policy; /* NULL: free */
};

struct policy_set {
    size_t slot_mask; /* the number of slots is a power of two, at least twice `count` */
    struct slot *slots;
    size_t prefix_length_count;
    const uint8_t *prefix_lengths; /* those in use, without the '*', longest first */
    struct caller_names names;     /* of the subjects that its policies have */
    bool is_for_all;               /* every policy is for everybody */
    const struct policy **sorted;
    size_t count;
};

/* The parts of a route_key. */
struct pattern {
    struct text text; /* without the '*' */
    bool is_prefix;
    uint64_t hash; /* of `text` */
};

/* One match: the callers, and `tried`, which is called for each step (may be NULL). */
struct search {
    const struct policy_set *set;
    struct callers callers;
    void *context;
    policy_set_tried_fn *tried;
};

static void slot_fill(struct policy_set *set, const struct policy *policy);
static int compare_policies(const void *a, const void *b);
static void prefix_lengths_collect(struct policy_set *set, struct arena *arena);

static const struct policy *find_by_prefix(const struct search *search, struct text route_key);
static const struct policy *find_first(const struct search *search, const struct pattern *pattern);
static const struct policy *find(const struct policy_set *set, const struct pattern *pattern,
                                 const struct caller *caller);

static struct pattern pattern_of(struct text route_key);
static uint64_t hash_identity(const struct pattern *pattern, const struct caller *caller);

struct policy_set *policy_set_new(struct arena *arena, struct policy *const policies[],
                                  size_t count)
{
    struct policy_set *set = ARENA_NEW(arena, struct policy_set);
    const size_t per_policy = count <= FEW_POLICIES ? SLOTS_PER_POLICY_FEW : SLOTS_PER_POLICY_MANY;
    size_t slot_count = SLOTS_MIN;

    while (slot_count < per_policy * count)
        slot_count *= 2;
    set->count = count;
    set->is_for_all = true;
    set->slot_mask = slot_count - 1;
    set->slots = ARENA_ARRAY(arena, struct slot, slot_count);
    set->sorted = ARENA_ARRAY(arena, const struct policy *, count + 1);
    for (size_t i = 0; i < count; i++) {
        set->sorted[i] = policies[i];
        set->is_for_all &= subject_is_absent(&policies[i]->identity.subject);
        slot_fill(set, policies[i]);
    }
    qsort(set->sorted, count, sizeof(set->sorted[0]), compare_policies);
    prefix_lengths_collect(set, arena);
    set->names = caller_names_of(set->sorted, count, arena);
    return set;
}

const struct policy *policy_set_match(const struct policy_set *set, struct text route_key,
                                      struct text role, const struct subjects *subjects)
{
    static const struct subjects nobody;

    return policy_set_match_telling(set, route_key, role, set->is_for_all ? &nobody : subjects,
                                    NULL, NULL);
}

const struct policy *policy_set_match_telling(const struct policy_set *set, struct text route_key,
                                              struct text role, const struct subjects *subjects,
                                              void *context, policy_set_tried_fn *tried)
{
    const struct pattern exact = {.text = route_key, .hash = hash_text(route_key)};
    WRITTEN_FIRST struct search search;

    search.set = set;
    search.context = context;
    search.tried = tried;
    callers_list(&search.callers, role, subjects, &set->names);
    const struct policy *found = find_first(&search, &exact);

    return found != NULL ? found : find_by_prefix(&search, route_key);
}

const struct policy *policy_set_match_at(const struct policy_set *set, const struct policy *policy,
                                         const struct subjects *subjects)
{
    const struct pattern pattern = pattern_of(policy->identity.route_key);
    WRITTEN_FIRST struct search search;

    search.set = set;
    search.tried = NULL;
    callers_list(&search.callers, policy->identity.role, subjects, &set->names);
    return find_first(&search, &pattern);
}

/* In memory the slots follow the set, and the sorted policies follow the slots. */
void policy_set_prefetch(const struct policy_set *set)
{
    memory_prefetch(set, sizeof(*set) + SLOTS_MIN * sizeof(set->slots[0]) +
                             PREFETCHED_MAX * sizeof(set->sorted[0]));
}

/* A policy's limits lie behind it, and most policies have one. */
void policy_set_prefetch_policies(const struct policy_set *set)
{
    for (size_t i = 0; i < set->count && i < PREFETCHED_MAX; i++)
        memory_prefetch(set->sorted[i], sizeof(struct policy) + sizeof(struct limit));
}

const struct policy *policy_set_find(const struct policy_set *set,
                                     const struct policy_identity *identity)
{
    const struct pattern pattern = pattern_of(identity->route_key);
    const struct caller caller = caller_of(identity);

    return find(set, &pattern, &caller);
}

size_t policy_set_count(const struct policy_set *set)
{
    return set->count;
}

const struct policy *policy_set_at(const struct policy_set *set, size_t index)
{
    ASSERT(index < set->count);
    return set->sorted[index];
}

size_t policy_set_place(const struct policy_set *set, uint64_t id)
{
    size_t place = 0;

    while (place < set->count && set->sorted[place]->id != id)
        place++;
    return place;
}

static void slot_fill(struct policy_set *set, const struct policy *policy)
{
    const struct pattern pattern = pattern_of(policy->identity.route_key);
    const struct caller caller = caller_of(&policy->identity);
    uint64_t hash = hash_identity(&pattern, &caller);
    size_t at = hash & set->slot_mask;

    while (set->slots[at].policy != NULL)
        at = (at + 1) & set->slot_mask;
    set->slots[at] = (struct slot){.hash = hash, .policy = policy};
}

static int compare_policies(const void *a, const void *b)
{
    const struct policy *const *left = a;
    const struct policy *const *right = b;

    return policy_identity_compare(&(*left)->identity, &(*right)->identity);
}

static void prefix_lengths_collect(struct policy_set *set, struct arena *arena)
{
    bool used[PREFIX_BYTES_MAX + 1] = {false};
    size_t filled = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct pattern pattern = pattern_of(set->sorted[i]->identity.route_key);

        if (!pattern.is_prefix || used[pattern.text.length])
            continue;
        used[pattern.text.length] = true;
        set->prefix_length_count++;
    }
    uint8_t *lengths = ARENA_ARRAY(arena, uint8_t, set->prefix_length_count);
    for (size_t length = PREFIX_BYTES_MAX + 1; length-- > 0;) {
        if (used[length])
            lengths[filled++] = (uint8_t)length;
    }
    set->prefix_lengths = lengths;
}

static const struct policy *find_by_prefix(const struct search *search, struct text route_key)
{
    const struct policy_set *set = search->set;
    const struct policy *found = NULL;
    WRITTEN_FIRST struct hash_prefixes hashes;

    if (set->prefix_length_count == 0)
        return NULL;
    if (route_key.length > PREFIX_BYTES_MAX)
        route_key.length = PREFIX_BYTES_MAX;
    hash_prefixes_init(&hashes, route_key);
    for (size_t i = 0; i < set->prefix_length_count && found == NULL; i++) {
        const size_t length = set->prefix_lengths[i];

        if (length > route_key.length)
            continue;
        found = find_first(search, &(struct pattern){.text = {route_key.at, length},
                                                     .is_prefix = true,
                                                     .hash = hash_prefix(&hashes, length)});
    }
    return found;
}

static const struct policy *find_first(const struct search *search, const struct pattern *pattern)
{
    const struct policy *found = NULL;

    for (size_t i = 0; i < search->callers.count && found == NULL; i++) {
        const struct caller *caller = &search->callers.at[i];

        found = find(search->set, pattern, caller);
        if (search->tried != NULL) {
            search->tried(search->context, &(struct policy_tried){.route = pattern->text,
                                                                  .is_prefix = pattern->is_prefix,
                                                                  .role = caller->role,
                                                                  .subject = *caller->subject,
                                                                  .found = found != NULL});
        }
    }
    return found;
}

static const struct policy *find(const struct policy_set *set, const struct pattern *pattern,
                                 const struct caller *caller)
{
    uint64_t hash = hash_identity(pattern, caller);

    for (size_t at = hash & set->slot_mask; set->slots[at].policy != NULL;
         at = (at + 1) & set->slot_mask) {
        if (set->slots[at].hash != hash)
            continue;
        const struct policy_identity *identity = &set->slots[at].policy->identity;
        const struct pattern theirs = pattern_of(identity->route_key);

        if (theirs.is_prefix == pattern->is_prefix && text_equal(theirs.text, pattern->text) &&
            text_equal(identity->role, caller->role) &&
            subject_equal(&identity->subject, caller->subject))
            return set->slots[at].policy;
    }
    return NULL;
}

static struct pattern pattern_of(struct text route_key)
{
    bool is_prefix = route_key.length > 0 && route_key.at[route_key.length - 1] == '*';
    struct text text = {route_key.at, route_key.length - (is_prefix ? 1 : 0)};

    return (struct pattern){.text = text, .is_prefix = is_prefix, .hash = hash_text(text)};
}

static uint64_t hash_identity(const struct pattern *pattern, const struct caller *caller)
{
    return hash_join(pattern->is_prefix ? ~pattern->hash : pattern->hash, caller->hash);
}
