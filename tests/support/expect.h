/* SPDX-License-Identifier: MIT
 *
 * What a reply must be. Otherwise the test fails at the caller's line, and shows the whole reply.
 * Main thread only. */
#ifndef SUPPORT_EXPECT_H
#define SUPPORT_EXPECT_H

#include "support/client.h"

/* The status and the body. `pattern` is JSON in single quotes. Each member in it must be equal in
 * the body; the body may have more members. Arrays must have as many elements. NULL: any body. */
#define EXPECT(reply, status, pattern)                                                             \
    reply_expect((reply), (status), (pattern), __FILE__, __LINE__)

/* The same for a problem: its media type and its members, including `title`. The detail must have
 * `saying` in it or, in a 422, the detail of a fault, or its place: a pointer, or '?' and the
 * parameter. `saying` may be NULL. */
#define EXPECT_PROBLEM(reply, status, saying)                                                      \
    reply_expect_problem((reply), (status), (saying), __FILE__, __LINE__)

/* The header has this value; NULL: the answer does not have the header. */
#define EXPECT_FIELD(reply, name, value)                                                           \
    reply_expect_field((reply), (name), (value), __FILE__, __LINE__)

/* The object has exactly these members, in this order. `names` is separated by spaces. */
#define EXPECT_MEMBERS(object, names) json_expect_members((object), (names), __FILE__, __LINE__)

void reply_expect(const struct reply *reply, int status, const char *pattern, const char *file,
                  int line);
void reply_expect_problem(const struct reply *reply, int status, const char *saying,
                          const char *file, int line);
void reply_expect_field(const struct reply *reply, const char *name, const char *value,
                        const char *file, int line);
void json_expect_members(json_t *object, const char *names, const char *file, int line);

/* Whether `value` has everything that is in `pattern`. */
bool json_matches(json_t *value, json_t *pattern);

#endif
