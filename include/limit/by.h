/* SPDX-License-Identifier: MIT
 *
 * By whom a limit counts: the names of subjects. Checks whose values for these names are the same
 * share a counter. No names: all checks of the policy share one. */
#ifndef LIMIT_BY_H
#define LIMIT_BY_H

#include "base/form.h"
#include "base/text.h"
#include "base/writer.h"

struct arena;

#define BY_MAX 4

/* In the order of text_compare(); no two are the same. Names end with a NUL. A NULL pointer to it
 * is a limit that does not say: it counts by `user`, else by `ip`. */
struct by {
    size_t count; /* 0..BY_MAX */
    struct text names[BY_MAX];
};

/* Reads the member `by`: a name, or a list of names. NULL when it is not there, or had a fault. The
 * result lies in `arena`, with its names. */
const struct by *by_read(struct form *form, struct arena *arena);

/* Writes the member, as it was given: one name as a text, else a list. Nothing for NULL. */
void by_write(const struct by *by, struct writer *writer);

/* `by`, or what NULL means for a check: {user} if it has a user, else {ip}. */
const struct by *by_resolve(const struct by *by, bool has_user);

bool by_equal(const struct by *a, const struct by *b);
bool by_has(const struct by *by, struct text name);

#endif
