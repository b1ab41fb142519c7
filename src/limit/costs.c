/* SPDX-License-Identifier: MIT */
#include "limit/costs.h"

#include "base/arena.h"
#include "limit/limit.h"
#include "limit/word.h"

static bool read(struct form *form, struct arena *arena, int64_t cost_min, struct costs *costs);
static void list_read(struct form *form, const json_t *object, struct arena *arena,
                      int64_t cost_min, struct costs *costs);
static void add(struct measured list[], size_t count, struct measured measured);

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

static bool read(struct form *form, struct arena *arena, int64_t cost_min, struct costs *costs)
{
    const size_t faults_before = form->faults->count;
    const json_t *object;

    form_integer(form, "cost", FORM_OPTIONAL, cost_min, LIMIT_COST_MAX, &costs->requests);
    if (form_object(form, "costs", FORM_OPTIONAL, &object))
        list_read(form, object, arena, cost_min, costs);
    return form->faults->count == faults_before;
}

static void list_read(struct form *form, const json_t *object, struct arena *arena,
                      int64_t cost_min, struct costs *costs)
{
    char pointer[sizeof(((struct fault *)NULL)->pointer)];
    struct form members;
    const char *name;
    json_t *value;

    if (json_object_size(object) > COSTS_MAX) {
        form_fault(form, "costs", "must have at most %d measures", COSTS_MAX);
        return;
    }
    (void)snprintf(pointer, sizeof(pointer), "%s/costs", form->pointer);
    if (!form_open(&members, object, pointer, form->faults))
        return;

    struct measured *list = ARENA_ARRAY(arena, struct measured, json_object_size(object));

    /* jansson iterates over const objects only through a cast. */
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        struct measured measured = {.measure = text_of(name)};

        if (text_equal(measured.measure, TEXT(MEASURE_REQUESTS)))
            form_fault(&members, name, "must be absent: requests are counted by `cost`");
        else if (!word_is(measured.measure))
            form_fault(&members, name, "must have another name: it " WORD_FAULT);
        else if (form_integer(&members, name, FORM_REQUIRED, cost_min, LIMIT_COST_MAX,
                              &measured.cost))
            add(list, costs->count++, measured);
    }
    costs->at = list;
}

/* In the order of the names. */
static void add(struct measured list[], size_t count, struct measured measured)
{
    size_t place = count;

    for (; place > 0 && text_compare(list[place - 1].measure, measured.measure) > 0; place--)
        list[place] = list[place - 1];
    list[place] = measured;
}
