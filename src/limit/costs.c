/* SPDX-License-Identifier: MIT */
#include "limit/costs.h"

#include "base/arena.h"
#include "base/named_integers.h"
#include "limit/limit.h"
#include "limit/word.h"

static bool read(struct form *form, struct arena *arena, int64_t cost_min, struct costs *costs);
static void list_read(struct form *form, struct arena *arena, int64_t cost_min,
                      struct costs *costs);
static const char *measure_fault(struct text name);

bool costs_read(struct form *form, struct arena *arena, struct costs *costs)
{
    *costs = (struct costs){.requests = 1};
    return read(form, arena, 0, costs);
}

bool costs_read_charge(struct form *form, struct arena *arena, struct costs *costs)
{
    *costs = (struct costs){0};
    return read(form, arena, -LIMIT_COST_MAX, costs);
}

bool costs_find(const struct costs *costs, struct text measure, int64_t *cost)
{
    for (size_t i = 0; i < costs->count; i++) {
        if (text_equal(costs->at[i].measure, measure)) {
            *cost = costs->at[i].cost;
            return true;
        }
    }
    *cost = costs->requests;
    return text_equal(measure, TEXT(MEASURE_REQUESTS));
}

bool costs_find_of(const struct costs *costs, const struct limit *limit, int64_t *cost)
{
    *cost = costs->requests;
    return limit->counts == NULL || costs_find(costs, text_of(limit->counts), cost);
}

/* Most checks are for one request. */
static bool read(struct form *form, struct arena *arena, int64_t cost_min, struct costs *costs)
{
    const size_t faults_before = form->faults->count;

    if (!form_has_more(form))
        return true;
    form_integer(form, "cost", FORM_OPTIONAL, cost_min, LIMIT_COST_MAX, &costs->requests);
    list_read(form, arena, cost_min, costs);
    return form->faults->count == faults_before;
}

static void list_read(struct form *form, struct arena *arena, int64_t cost_min, struct costs *costs)
{
    const struct named_integers rules = {
        .member = "costs",
        .called = "measures",
        .count_max = COSTS_MAX,
        .min = cost_min,
        .max = LIMIT_COST_MAX,
        .name_fault = measure_fault,
    };
    WRITTEN_FIRST struct named_integer read[COSTS_MAX];
    const size_t count = named_integers_read(form, &rules, read);

    if (count == 0)
        return;

    struct measured *list = ARENA_ARRAY(arena, struct measured, count);

    for (size_t i = 0; i < count; i++)
        list[i] = (struct measured){read[i].name, read[i].value};
    costs->count = count;
    costs->at = list;
}

static const char *measure_fault(struct text name)
{
    if (text_equal(name, TEXT(MEASURE_REQUESTS)))
        return "must be absent: requests are counted by `cost`";
    return word_is(name) ? NULL : "must have another name: it " WORD_FAULT;
}
