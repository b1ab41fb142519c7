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
static bool measures_fit(const struct decision *decision, const struct rule *rule,
                         const char *pointer, struct faults *faults);
static void subjects_bind(const struct decision *decision, const struct rule *rule,
                          struct operation *operation);
static void costs_bind(const struct decision *decision, const struct rule *rule,
                       struct operation *operation);
static bool limits_bind(const struct decision *decision, const struct rule *rule,
                        struct binding *binding);
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
    return measures_fit(decision, rule, pointer, faults) && fits;
}

bool binding_has_set(const struct decision *decision, const struct by *set)
{
    WRITTEN_FIRST struct subject space[BY_MAX];
    struct subjects chosen;

    return subjects_choose(&decision->subjects, set, space, &chosen);
}

enum operation_kind binding_kind(const struct decision *decision)
{
    if (decision->is_charge)
        return OPERATION_CHARGE;
    return decision->terms.is_partial ? OPERATION_PART : OPERATION_TAKE;
}

/* Only a partial check needs its whole cost, and all its costs are the same. */
struct question binding_question(const struct decision *decision, const struct rule *rule)
{
    struct question question = {decision->policy, rule, &decision->terms, 0};

    if (decision->terms.is_partial) {
        const bool has_cost = costs_find_of(&decision->costs, &rule->limits[0], &question.cost);

        ASSERT(has_cost || !decision->policy->is_active);
    }
    return question;
}

bool binding_make(const struct decision *decision, const struct rule *rule,
                  enum operation_kind kind, struct binding *binding)
{
    struct operation *operation = &binding->operation;

    operation->kind = kind;
    operation->tenant = decision->app->tenant;
    operation->owner = decision->app->id;
    operation->policy_id = decision->policy->id;
    operation->comes_again = false;
    operation->now_us = decision->api->now_us;
    operation->ahead_us = decision->api->wall_ahead_us;
    subjects_bind(decision, rule, operation);
    costs_bind(decision, rule, operation);
    return limits_bind(decision, rule, binding);
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

/* All are granted the same. */
static bool measures_fit(const struct decision *decision, const struct rule *rule,
                         const char *pointer, struct faults *faults)
{
    const char *first = limit_measure(&rule->limits[0]);

    for (size_t i = 1; i < rule->limit_count && decision->terms.is_partial; i++) {
        const char *measure = limit_measure(&rule->limits[i]);

        if (strcmp(measure, first) == 0)
            continue;
        if (faults != NULL) {
            faults_add(faults, pointer, "partial",
                       "must not be true: the limit \"%s\" counts %s, and the first one %s",
                       rule->limits[i].name, measure, first);
        }
        return false;
    }
    return true;
}

/* Sets beyond the count stay as they are, because zeroing them would cost each check. */
static void subjects_bind(const struct decision *decision, const struct rule *rule,
                          struct operation *operation)
{
    operation->tag = tag_of(decision, rule);
    operation->set_count = rule->set_count;
    for (size_t i = 0; i < rule->set_count; i++) {
        operation->sets[i] = (int)i == rule->common_set
                                 ? operation->tag
                                 : set_digest(decision, rule->sets[i], rule->use);
    }
}

/* Costs beyond the count stay as they are, too. */
static void costs_bind(const struct decision *decision, const struct rule *rule,
                       struct operation *operation)
{
    const bool needs_costs =
        operation->kind != OPERATION_FORGET && operation->kind != OPERATION_LOOK;

    operation->limit_count = rule->limit_count;
    for (size_t i = 0; i < rule->limit_count; i++) {
        const bool has_cost =
            costs_find_of(&decision->costs, &rule->limits[i], &operation->costs[i]);

        ASSERT(has_cost || !needs_costs);
    }
}

static bool limits_bind(const struct decision *decision, const struct rule *rule,
                        struct binding *binding)
{
    struct operation *operation = &binding->operation;
    const bool is_low = decision->terms.is_low;

    operation->limits = rule->limits;
    if (operation->kind == OPERATION_FORGET || !bound_limits_differ(rule, is_low))
        return true;
    operation->limits = binding->limits.at;
    return bound_limits_make(&binding->limits, rule, is_low, operation->now_us,
                             operation->ahead_us + decision->api->store_ahead_us);
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
