/* SPDX-License-Identifier: MIT
 *
 * A digest of a set's subjects names its counters. A tag keeps all counters of a check together: it
 * is the digest of the subjects that all sets have or, if they have none, of the policy. */
#include "api/binding.h"

#include "catalogue/app_index.h"

#define POLICY_ID_BYTES 8

static bool set_fits(const struct decision *decision, const struct limit *limit,
                     const struct by *set, const char *pointer, struct faults *faults);
static bool cost_fits(const struct decision *decision, const struct limit *limit,
                      const char *pointer, struct faults *faults);
static struct digest tag_of(const struct decision *decision, const struct rule *rule);
static struct digest set_digest(const struct decision *decision, const struct by *set,
                                enum rule_use use);
static struct digest policy_digest(const struct decision *decision, enum rule_use use);
static struct text word_of(enum rule_use use);

bool binding_fits(const struct decision *decision, const struct rule *rule, const char *pointer,
                  struct faults *faults)
{
    size_t sets_seen = 0; /* sets are in the order of the first limit of each */
    bool fits = true;

    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct limit *limit = &rule->limits[i];

        if (limit->set == sets_seen)
            fits &= set_fits(decision, limit, rule->sets[sets_seen++], pointer, faults);
        fits &= cost_fits(decision, limit, pointer, faults);
    }
    return fits;
}

bool binding_has_set(const struct decision *decision, const struct by *set)
{
    WRITTEN_FIRST struct subject space[BY_MAX];
    struct subjects chosen;

    return subjects_choose(&decision->subjects, set, space, &chosen);
}

/* Sets and costs beyond the counts stay as they are, because zeroing them would cost each check. */
void binding_operation(const struct decision *decision, const struct rule *rule,
                       enum operation_kind kind, struct operation *operation)
{
    operation->kind = kind;
    operation->tenant = decision->app->tenant;
    operation->policy_id = decision->policy->id;
    operation->tag = tag_of(decision, rule);
    operation->set_count = rule->set_count;
    operation->limit_count = rule->limit_count;
    operation->limits = rule->limits;
    operation->now_us = decision->api->now_us;
    for (size_t i = 0; i < rule->set_count; i++) {
        operation->sets[i] = (int)i == rule->common_set
                                 ? operation->tag
                                 : set_digest(decision, rule->sets[i], rule->use);
    }
    for (size_t i = 0; i < rule->limit_count; i++) {
        const bool has_cost =
            costs_find_of(&decision->costs, &rule->limits[i], &operation->costs[i]);

        ASSERT(has_cost || kind == OPERATION_FORGET);
    }
}

static bool set_fits(const struct decision *decision, const struct limit *limit,
                     const struct by *set, const char *pointer, struct faults *faults)
{
    if (binding_has_set(decision, set))
        return true;

    const struct by *by = subjects_resolve(&decision->subjects, set);

    for (size_t i = 0; i < by->count && faults != NULL; i++) {
        if (subjects_find(&decision->subjects, by->names[i]) == NULL) {
            faults_add(faults, pointer, "subjects",
                       "must have %s`%.*s`: the limit \"%s\" counts by it",
                       set == NULL ? "`user` or " : "", TEXT_PRINTF(by->names[i]), limit->name);
        }
    }
    return false;
}

static bool cost_fits(const struct decision *decision, const struct limit *limit,
                      const char *pointer, struct faults *faults)
{
    int64_t cost;

    if (costs_find_of(&decision->costs, limit, &cost))
        return true;
    if (faults != NULL)
        faults_add(faults, pointer, "costs", "must have `%s`: the limit \"%s\" counts it",
                   limit->counts, limit->name);
    return false;
}

static struct digest tag_of(const struct decision *decision, const struct rule *rule)
{
    if (rule->common != NULL && rule->common->count == 0)
        return policy_digest(decision, rule->use);
    return set_digest(decision, rule->common, rule->use);
}

static struct digest set_digest(const struct decision *decision, const struct by *set,
                                enum rule_use use)
{
    WRITTEN_FIRST struct subject space[BY_MAX];
    struct subjects chosen;
    const bool has_all = subjects_choose(&decision->subjects, set, space, &chosen);

    ASSERT(has_all);
    return subjects_digest(app_index_subject_key(decision->api->index), text_of(decision->app->id),
                           &chosen, word_of(use));
}

/* No subject's name is empty, so no set has this digest. */
static struct digest policy_digest(const struct decision *decision, enum rule_use use)
{
    char id[POLICY_ID_BYTES];
    const struct text parts[] = {text_of(decision->app->id), {0}, {id, sizeof(id)}, word_of(use)};

    /* Little-endian on every machine: instances that share a Redis must agree. */
    for (size_t i = 0; i < sizeof(id); i++)
        id[i] = (char)(decision->policy->id >> (8 * i));
    return digest_of(app_index_subject_key(decision->api->index), parts, ARRAY_COUNT(parts));
}

/* A candidate has counters of its own. */
static struct text word_of(enum rule_use use)
{
    return use == RULE_CANDIDATE ? TEXT("candidate") : (struct text){0};
}
