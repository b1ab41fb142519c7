/* SPDX-License-Identifier: MIT
 *
 * Helpers for tests of usage: counts of minutes go in, and the answer of GET /usage comes out. Time
 * is an argument. */
#ifndef UNIT_MINUTES_H
#define UNIT_MINUTES_H

#include "journal/usage.h"
#include "support/cmocka.h"

#include <jansson.h>

#define HOUR 60
#define DAY  (24 * HOUR)
/* 2026-11-21T00:00:00Z. */
#define MIDNIGHT INT64_C(29920320)

/* In steps of a minute. */
extern const struct usage_query minutes_last_hour;

/* Adds what was decided on `route` in this minute, for the role "default". */
void minutes_add(struct usage_app *app, int64_t minute, const char *route, uint64_t allowed,
                 uint64_t denied);
/* The same while the clock is ahead by so much. */
void minutes_add_ahead(struct usage_app *app, int64_t minute, int64_t ahead_minutes,
                       const char *route, uint64_t allowed, uint64_t denied);
/* Adds a subject that was denied so often, in the minute that was added last. */
void minutes_add_denied(struct usage_app *app, struct text name, int times);

/* Adds an allowed decision on "/a" that was charged one request, and so much in this measure. */
void minutes_add_decision(struct usage_app *app, int64_t minute, const char *measure, int64_t cost);

/* The answer of GET /usage at the minute `now`. Release it with json_decref(). */
json_t *minutes_answer(const struct usage_app *app, const struct usage_query *query, int64_t now);

/* Each of these fails the test if there is no such number. */
int64_t minutes_integer(const json_t *object, const char *member);
/* In the answer's totals. */
int64_t minutes_total(const json_t *json, const char *outcome);
/* In the step of the answer that begins at this minute. */
int64_t minutes_at(const json_t *json, int64_t minute, const char *outcome);

#endif
