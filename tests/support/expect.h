/* SPDX-License-Identifier: MIT
 *
 * What a reply must be; everything here fails the test, at the caller's line, with the whole reply.
 * Main thread only. */
#ifndef SUPPORT_EXPECT_H
#define SUPPORT_EXPECT_H

#include "support/client.h"

/* The status, and the body: `pattern` is JSON in single quotes. Each member it names must be equal
 * in the body; members it does not name are free; arrays have as many elements. NULL: any body. */
#define EXPECT(reply, status, pattern)                                                             \
    reply_expect((reply), (status), (pattern), __FILE__, __LINE__)

/* The same for a problem: its media type, its members, `title` included, and the detail or, for a
 * 422, a fault's pointer. `saying` (may be NULL) is part of one of them. */
#define EXPECT_PROBLEM(reply, status, saying)                                                      \
    reply_expect_problem((reply), (status), (saying), __FILE__, __LINE__)

/* The header's value; NULL: the answer has no such header. */
#define EXPECT_FIELD(reply, name, value)                                                           \
    reply_expect_field((reply), (name), (value), __FILE__, __LINE__)

/* An object has exactly these members, in this order, separated by spaces. */
#define EXPECT_MEMBERS(object, names) json_expect_members((object), (names), __FILE__, __LINE__)

void reply_expect(const struct reply *reply, int status, const char *pattern, const char *file,
                  int line);
void reply_expect_problem(const struct reply *reply, int status, const char *saying,
                          const char *file, int line);
void reply_expect_field(const struct reply *reply, const char *name, const char *value,
                        const char *file, int line);
void json_expect_members(json_t *object, const char *names, const char *file, int line);

/* Whether `value` has everything that `pattern` names. */
bool json_matches(json_t *value, json_t *pattern);

#endif
