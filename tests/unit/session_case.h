/* SPDX-License-Identifier: MIT
 *
 * Sessions to any Redis, and what they are asked. They share a dialer. Main thread only, except
 * where it says otherwise. */
#ifndef UNIT_SESSION_CASE_H
#define UNIT_SESSION_CASE_H

#include "redis/redis_session.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"

#define SESSION_TIMEOUT_MS  300
#define SESSION_PATIENCE_MS 20000

extern struct redis_dialer *session_dialer;

/* Setup and teardown of the group: those of redis_group.h, too. */
int session_open_group(void **state);
int session_close_group(void **state);

/* It waits for SESSION_TIMEOUT_MS. */
struct redis_session *session_to(const char *url);

/* Runs a command. Keeps only whether it worked, and its reply if `integer` is not NULL. Any thread
 * that has the session. */
bool session_run(struct redis_session *session, const char *command, const char *key,
                 long long *integer, struct error *error);
void session_append(struct redis_session *session, const char *command, const char *key);

/* Waits for the next message, which is then the caller's. False when the subscription has ended. */
bool session_hear(struct redis_session *session, redisReply **message, struct error *error);

#endif
