/* SPDX-License-Identifier: MIT
 *
 * What a limit's state is known by, among the states that one policy keeps for one set of subjects.
 * A state belongs to the limit's `by`, `counts`, algorithm and window. So a policy may gain, lose
 * and reorder limits, and the others keep what was used. */
#ifndef LIMIT_LIMIT_ID_H
#define LIMIT_LIMIT_ID_H

#include "limit/limit.h"

/* How many bits of an id are free for its owner: it is unique without them. */
#define LIMIT_ID_SPARE_BITS 8

/* Sets the id of each limit. Of limits that are alike in all of these, the first by name has an id
 * without a name in it, and each other one has its name in it. Returns the place of a limit that
 * has the id of an earlier one, and sets *other to that one's place; returns `count` if there is
 * none. Two ids are the same by chance in one of 2^56 cases, but the author of a policy can look
 * for names that make it so. */
MUST_USE size_t limit_ids_make(struct limit limits[], size_t count, size_t *other);

#endif
