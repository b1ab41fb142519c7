/* SPDX-License-Identifier: MIT
 *
 * A verdict as HTTP fields: RateLimit-Policy and RateLimit
 * (draft-ietf-httpapi-ratelimit-headers-11; it may still change, and no other file knows it),
 * X-RateLimit-*, Retry-After (RFC 9110 §10.2.3, seconds). */
#ifndef LIMIT_RATE_HEADERS_H
#define LIMIT_RATE_HEADERS_H

#include "base/text.h"
#include "limit/verdict.h"

struct arena;

/* How X-RateLimit-Reset counts: seconds from now, Unix time, or no X-RateLimit-* at all. */
enum rate_headers_style { RATE_HEADERS_DELTA, RATE_HEADERS_EPOCH, RATE_HEADERS_OFF };

extern const char *const rate_headers_style_words[]; /* in the order of the enum, NULL-terminated */

#define RATE_HEADERS_MAX 6

struct rate_header {
    const char *name;
    const char *value; /* in the arena, NUL-terminated */
};

/* The value of RateLimit-Policy, in the arena, NUL-terminated. It is the same for every verdict on
 * the rule. */
struct text rate_headers_policy(const struct rule *rule, struct arena *arena);

/* Fills `headers` and returns how many. A verdict without counters (inactive policy or store
 * failure) has at most Retry-After. Only the epoch style uses `wall_us`. */
size_t rate_headers_write(const struct verdict *verdict, enum rate_headers_style style,
                          int64_t wall_us, struct arena *arena,
                          struct rate_header headers[RATE_HEADERS_MAX]);

#endif
