/* SPDX-License-Identifier: MIT
 *
 * Which of some known words somebody may have meant who wrote another one. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/text.h"

/* What has been looked through so far. */
struct nearest {
    struct text word;
    const char *found; /* the nearest known word that is near enough; NULL: none is */
    size_t distance;   /* its */
};

void nearest_init(struct nearest *nearest, struct text word);

/* Looks at one more known word. Near is what becomes the other by one change for each three of its
 * characters: one left out, put in, replaced, or two that have changed places (the optimal string
 * alignment distance). Case does not matter; long words are never near. Borrows `known`. */
void nearest_try(struct nearest *nearest, const char *known);

#endif
