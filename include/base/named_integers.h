/* SPDX-License-Identifier: MIT
 *
 * Reads a member that is an object of integers, each with a name: {"tokens": 1500}. */
#ifndef BASE_NAMED_INTEGERS_H
#define BASE_NAMED_INTEGERS_H

#include "base/form.h"
#include "base/text.h"

struct named_integer {
    struct text name; /* borrowed from the form; NUL-terminated */
    int64_t value;
};

/* What the member may have. */
struct named_integers {
    const char *member;
    const char *called; /* in plural, for a fault */
    size_t count_max;
    int64_t min;
    int64_t max;
    const char *(*name_fault)(struct text name); /* returns NULL for a name that may be there */
};

/* Fills `at`, which has room for `count_max`, in the order of text_compare(), and returns how many
 * there are: 0 if the member is absent. Adds a fault for each name or value that may not be. */
size_t named_integers_read(struct form *form, const struct named_integers *rules,
                           struct named_integer at[]);

#endif
