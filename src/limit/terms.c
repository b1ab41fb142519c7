/* SPDX-License-Identifier: MIT */
#include "limit/terms.h"

#include "base/arena.h"
#include "base/named_integers.h"
#include "base/nearest.h"
#include "limit/algorithm.h"

#include <inttypes.h>

#define POINTER_BYTES sizeof(((struct fault *)NULL)->pointer)
#define DETAIL_BYTES  sizeof(((struct fault *)NULL)->detail)

static void overrides_read(struct form *form, struct arena *arena, struct terms *terms);
static const char *name_fault(struct text name);
static bool overrides_fit(const struct terms *terms, const struct rule *rule, const char *pointer,
                          struct faults *faults);
static void fault_add(const struct limit_override *override, const struct limit *limit,
                      const struct rule *rule, const char *pointer, struct faults *faults);
static void names_write(const struct rule *rule, struct text name, char out[static DETAIL_BYTES]);
static void override_apply(const struct limit_override *override, struct limit *limit);

const char *const priority_words[] = {"normal", "low", NULL};

bool terms_read(struct form *form, struct arena *arena, struct terms *terms)
{
    const size_t faults_before = form->faults->count;
    const bool is_read = terms_read_charge(form, arena, terms);

    if (form_has_more(form))
        form_bool(form, "partial", FORM_OPTIONAL, &terms->is_partial);
    return is_read && form->faults->count == faults_before;
}

/* Nearly no check has terms. */
bool terms_read_charge(struct form *form, struct arena *arena, struct terms *terms)
{
    const size_t faults_before = form->faults->count;
    int priority = 0;

    *terms = (struct terms){0};
    if (!form_has_more(form))
        return true;
    overrides_read(form, arena, terms);
    form_choice(form, "priority", FORM_OPTIONAL, priority_words, &priority);
    terms->is_low = priority == 1;
    return form->faults->count == faults_before;
}

const struct rule *terms_apply(const struct terms *terms, const struct rule *rule,
                               const char *pointer, struct faults *faults, struct arena *arena)
{
    if (terms->override_count == 0)
        return rule;
    if (!overrides_fit(terms, rule, pointer, faults))
        return NULL;

    struct rule *effective = ARENA_NEW(arena, struct rule);
    struct limit *limits = ARENA_ARRAY(arena, struct limit, rule->limit_count);

    memcpy(limits, rule->limits, rule->limit_count * sizeof(limits[0]));
    *effective = *rule;
    effective->limits = limits;
    for (size_t i = 0; i < terms->override_count; i++) {
        const struct limit *limit = rule_find_limit(rule, terms->overrides[i].limit);

        override_apply(&terms->overrides[i], &limits[limit - rule->limits]);
    }
    return effective;
}

static void overrides_read(struct form *form, struct arena *arena, struct terms *terms)
{
    static const struct named_integers rules = {
        .member = "limit_overrides",
        .called = "limits",
        .count_max = LIMITS_MAX,
        .max = LIMIT_COST_MAX,
        .name_fault = name_fault,
    };
    WRITTEN_FIRST struct named_integer read[LIMITS_MAX];
    const size_t count = named_integers_read(form, &rules, read);

    if (count == 0)
        return;

    struct limit_override *list = ARENA_ARRAY(arena, struct limit_override, count);

    for (size_t i = 0; i < count; i++)
        list[i] = (struct limit_override){read[i].name, read[i].value};
    terms->override_count = count;
    terms->overrides = list;
}

static const char *name_fault(struct text name)
{
    _Static_assert(LIMIT_NAME_BYTES_MAX == 32, "as the text says");
    return limit_name_is(name)
               ? NULL
               : "must have another name: it must be 1 to 32 letters, digits and _ . : / -";
}

static bool overrides_fit(const struct terms *terms, const struct rule *rule, const char *pointer,
                          struct faults *faults)
{
    bool fits = true;

    for (size_t i = 0; i < terms->override_count; i++) {
        const struct limit_override *override = &terms->overrides[i];
        const struct limit *limit = rule_find_limit(rule, override->limit);
        const bool is_possible =
            limit != NULL && override->quota <= algorithm_quota_max(limit->algorithm);

        fits = fits && is_possible;
        if (!is_possible && faults != NULL)
            fault_add(override, limit, rule, pointer, faults);
    }
    return fits;
}

static void fault_add(const struct limit_override *override, const struct limit *limit,
                      const struct rule *rule, const char *pointer, struct faults *faults)
{
    char place[POINTER_BYTES];
    char detail[DETAIL_BYTES];

    if (faults_skip(faults))
        return;
    (void)snprintf(place, sizeof(place), "%s/limit_overrides", pointer);
    if (limit != NULL) {
        (void)snprintf(detail, sizeof(detail), " from 0 to %" PRId64,
                       algorithm_quota_max(limit->algorithm));
        faults_add_type(faults, place, override->limit.at, FAULT_INTEGER, detail);
    } else {
        names_write(rule, override->limit, detail);
        faults_add(faults, place, override->limit.at, "must be a limit of the policy%s", detail);
    }
}

/* The nearest name or, if none is near, as many as there is room for. */
static void names_write(const struct rule *rule, struct text name, char out[static DETAIL_BYTES])
{
    struct nearest nearest;
    size_t length = 0;

    nearest_init(&nearest, name);
    for (size_t i = 0; i < rule->limit_count; i++) {
        const char *known = rule->limits[i].name;

        nearest_try(&nearest, known);
        if (length < DETAIL_BYTES)
            length += (size_t)snprintf(out + length, DETAIL_BYTES - length, "%s \"%s\"",
                                       i == 0 ? ":" : ",", known);
    }
    if (nearest.found != NULL)
        (void)snprintf(out, DETAIL_BYTES, "; did you mean \"%s\"?", nearest.found);
}

static void override_apply(const struct limit_override *override, struct limit *limit)
{
    if (limit->burst == limit->quota)
        limit->burst = override->quota;
    limit->quota = override->quota;
}
