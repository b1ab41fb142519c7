/* SPDX-License-Identifier: MIT
 *
 * An app with policies, and records of its decisions, for tests that replay them. */
#ifndef UNIT_REPLAYING_H
#define UNIT_REPLAYING_H

#include "api/api.h"
#include "catalogue/app.h"
#include "journal/record.h"

/* A time of a log: the start of a day. */
#define REPLAYING_START_US (INT64_C(20000) * 86400 * 1000000)

struct replaying {
    struct api api;
    struct app *app;
};

/* `policies` (in single quotes) ends with NULL. */
void replaying_open(struct replaying *replaying, const char *const policies[]);
void replaying_close(struct replaying *replaying);

/* A decision that was allowed, of a user, at a cost of 1. The text is borrowed. */
struct record replaying_record(const char *route, const char *user_id, int64_t time_us);

#endif
