/* SPDX-License-Identifier: MIT
 *
 * Helpers for tests of a link to Redis: a loop, links on it, and the results of their calls. The
 * Redis is that of redis_group.h. */
#ifndef UNIT_LINK_CASE_H
#define UNIT_LINK_CASE_H

#include "base/duration.h"
#include "redis/redis_link.h"
#include "support/impostor.h"
#include "support/wait.h"

#include <event2/event.h>

/* PATIENT_US is far longer than any test. HASTY_US is shorter than any reply that a test delays. */
#define PATIENT_US MINUTE_US
#define HASTY_US   (20 * MILLISECOND_US)

extern struct event_base *link_base;

/* Setup and teardown of each test. */
int link_new_base(void **state);
int link_free_base(void **state);

void link_turn(void);
#define TURN_UNTIL(condition)                                                                      \
    WAIT_FOR (20, condition)                                                                       \
    link_turn()

struct redis_link *link_begin(const char *url);
/* Returns once the link is ready. */
struct redis_link *link_open(const char *url);
/* Also opens the impostor, which replies as Redis does. */
struct redis_link *link_open_to_impostor(struct impostor *impostor);

/* The results of the calls that share it. */
struct link_answers {
    size_t replied;
    size_t late;
    size_t replied_late;
    size_t lost;
    long long integer; /* of the last reply */
    bool in_order;     /* each integer was one more than the one before */
    size_t bytes;      /* of the last string */
};

bool link_call(struct redis_link *link, const char *command, const char *key, int64_t timeout_us,
               struct link_answers *answers);
void link_on_done(void *context, enum redis_link_status status, const redisReply *reply);

/* How many connections Redis has accepted. */
long long link_connections(void);

#endif
