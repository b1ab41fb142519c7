/* SPDX-License-Identifier: MIT
 *
 * How much memory one reply may take. hiredis allocates what the head of an array announces, and
 * collects a string however long it is. The server may lie, or be no Redis. So no reply may need
 * more than the longest reply that we ask for. */
#ifndef REDIS_REDIS_BOUNDS_H
#define REDIS_REDIS_BOUNDS_H

#include "base/prelude.h"

#include <hiredis/hiredis.h>

/* The reasons with which a connection then ends. */
#define REDIS_BOUNDS_PASSED  "a reply longer than any we ask for"
#define REDIS_BOUNDS_UNASKED "an answer nobody asked for"

struct redisCallback;

struct redis_bounds {
    size_t values_max; /* in all arrays of one reply together */
    size_t bytes_max;  /* of all its strings together */
    /* Where hiredis' asynchronous API keeps who gets the next reply. While that is NULL, no reply
     * may begin but an error, because that API would abort. NULL: somebody always gets it. */
    struct redisCallback *const *next;
    size_t values_left;
    size_t bytes_left;
    bool has_begun;  /* a reply */
    bool is_unasked; /* a reply was refused because nobody gets it */
};

/* Bounds each reply that is read from now on: a longer array or string, or a reply that nobody
 * asked for, is an error of the reader. `bounds` belongs to the owner, and must live as long as
 * replies are read. */
void redis_bounds_hold(struct redis_bounds *bounds, redisReader *reader);

/* Whether an unfinished reply is already longer than a whole one may be. To be called before each
 * read from the network. */
MUST_USE bool redis_bounds_are_passed(const struct redis_bounds *bounds, const redisReader *reader);

/* Whether any reply has begun to come; never for a reader without such bounds. */
bool redis_bounds_has_begun(const redisReader *reader);

/* Why the connection failed, in words; borrowed from `context`, which has such bounds. */
const char *redis_bounds_explain(const redisContext *context);

#endif
