/* SPDX-License-Identifier: MIT
 *
 * Entries of the log, as they are written and read. */
#ifndef UNIT_RECORD_CASE_H
#define UNIT_RECORD_CASE_H

#include "base/arena.h"
#include "journal/record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* An entry but for its subject. */
#define RECORD_ENTRY(members)                                                                      \
    "{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01.500Z\",\"route\":\"r\",\"cost\":1,"           \
    "\"allowed\":true,\"policy_version\":1,\"mode\":\"enforce\",\"degraded\":false," members "}"

/* A denied check of one user. */
extern const struct record record_denied;
/* One that has all subjects, costs and names that a denied check may have. */
struct record record_several(void);

/* As record_write() does. An absent id: what is stored. */
struct text record_written(const struct record *record, struct text id, struct arena *arena);
/* Whether it is a log entry. Fails the test if it is no JSON. */
bool record_is_read(struct text json, struct arena *arena, struct record *record);
void assert_is_no_entry(const char *json);
void assert_text(struct text text, struct text expected);

#endif
