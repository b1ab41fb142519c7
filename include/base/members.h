/* SPDX-License-Identifier: MIT
 *
 * A plain JSON object, read where it lies: no tree, no copy, no allocation. Plain is an object with
 * few members, each a text of printable ASCII without escapes, an integer, true, false or null;
 * names are such texts, too, and none comes twice. Nearly all bodies of a check are plain.
 *
 * This is a short cut, not a second set of rules: document.h reads or refuses what is not plain,
 * and reads what is plain in the same way. */
#ifndef BASE_MEMBERS_H
#define BASE_MEMBERS_H

#include "base/text.h"

#define MEMBERS_MAX 16

/* VALUE_OTHER is never in a plain object: an array, an object, a number that is not an integer. */
enum value_kind { VALUE_NULL, VALUE_BOOL, VALUE_INTEGER, VALUE_TEXT, VALUE_OTHER };

/* Only what belongs to the kind is set; the rest is zero. */
struct value {
    enum value_kind kind;
    bool truth;
    int64_t integer;
    struct text text;
};

struct member {
    struct text name;
    struct value value;
    bool was_asked; /* for form_close() */
};

struct members {
    size_t count;
    struct member at[MEMBERS_MAX]; /* in the order of the text */
};

/* False when `json` is not a plain object, or not JSON. Names and texts are borrowed from `json`.
 * Any thread. */
MUST_USE bool members_parse(struct members *members, struct text json);

/* NULL when there is none of this name. */
struct member *members_find(struct members *members, struct text name);

#endif
