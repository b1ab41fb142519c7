/* SPDX-License-Identifier: MIT
 *
 * How much one reply may take. hiredis allocates what the head of an array announces, and collects
 * a string for as long as it comes; a Redis that lies, or whoever answers in its place, is
 * therefore held to what the longest reply that we ask for can need. */
#ifndef REDIS_REDIS_BOUNDS_H
#define REDIS_REDIS_BOUNDS_H

#include "base/prelude.h"

#include <hiredis/hiredis.h>

/* The reason for which a connection ends then. */
#define REDIS_BOUNDS_PASSED "a reply longer than any we ask for"

struct redis_bounds {
    size_t values_max; /* in the arrays of one reply, all together */
    size_t bytes_max;  /* of its strings, all together */
    size_t values_left;
    size_t bytes_left;
};

/* Holds each reply that is read from now on to its bounds: an array or a string that passes them is
 * an error of the reader. `bounds` is the owner's, and lives as long as replies are read. */
void redis_bounds_hold(struct redis_bounds *bounds, redisReader *reader);

/* Whether more than a whole reply may take has come of an unfinished one; to be asked before each
 * read from the network. */
MUST_USE bool redis_bounds_are_passed(const struct redis_bounds *bounds, const redisReader *reader);

/* Why the connection failed, in words; borrowed from `context`. */
const char *redis_bounds_explain(const redisContext *context);

#endif
