/* SPDX-License-Identifier: MIT */
#include "base/named_integers.h"

static void put(struct named_integer at[], size_t count, struct named_integer integer);

size_t named_integers_read(struct form *form, const struct named_integers *rules,
                           struct named_integer at[])
{
    char pointer[sizeof(((struct fault *)NULL)->pointer)];
    const json_t *object;
    struct form members;
    const char *name;
    json_t *value;
    size_t count = 0;

    if (!form_object(form, rules->member, FORM_OPTIONAL, &object))
        return 0;
    if (json_object_size(object) > rules->count_max) {
        form_fault(form, rules->member, "must have at most %zu %s", rules->count_max,
                   rules->called);
        return 0;
    }
    (void)snprintf(pointer, sizeof(pointer), "%s/%s", form->pointer, rules->member);
    if (!form_open(&members, object, pointer, form->faults))
        return 0;

    /* jansson iterates over const objects only through a cast. */
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        struct named_integer integer = {.name = text_of(name)};
        const char *fault = rules->name_fault(integer.name);

        if (fault != NULL)
            form_fault(&members, name, "%s", fault);
        else if (form_integer(&members, name, FORM_REQUIRED, rules->min, rules->max,
                              &integer.value))
            put(at, count++, integer);
    }
    return count;
}

/* In the order of the names. */
static void put(struct named_integer at[], size_t count, struct named_integer integer)
{
    size_t place = count;

    for (; place > 0 && text_compare(at[place - 1].name, integer.name) > 0; place--)
        at[place] = at[place - 1];
    at[place] = integer;
}
