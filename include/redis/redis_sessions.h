/* SPDX-License-Identifier: MIT
 *
 * The blocking connections of one control-plane thread to the servers of one Redis: a session
 * (redis_session.h) for each node that it has asked. What is asked is about a key, which says
 * where to ask. One thread owns it. */
#ifndef REDIS_REDIS_SESSIONS_H
#define REDIS_REDIS_SESSIONS_H

#include "redis/redis_session.h"
#include "redis/redis_topology.h"

struct redis_sessions;

/* Does not connect yet, but takes the few descriptors of a loop (see redis_dialer.h), so make it
 * while the service starts. `topology` is borrowed. `timeout_ms` is that of each session. Never
 * NULL. */
struct redis_sessions *redis_sessions_new(struct redis_topology *topology, int timeout_ms);
void redis_sessions_free(struct redis_sessions *sessions);

/* As redis_session_command(). In a cluster it asks where the key is or is about to be, and again if
 * the cluster says so, while there is time: at most twice the time of a session. A node that kept
 * its asker waiting in vain is not asked for twice as long as that. */
MUST_USE redisReply *redis_sessions_command(struct redis_sessions *sessions, struct text key,
                                            struct error *error, int argc, const char *argv[],
                                            const size_t lengths[]);

/* As redis_session_append(), so it never waits. All commands that are appended before a take must
 * be about keys; they may be of different nodes. */
void redis_sessions_append(struct redis_sessions *sessions, struct text key, int argc,
                           const char *argv[], const size_t lengths[]);

/* As redis_session_take(), of the oldest command that was appended for the key's node. The first
 * one sends to all nodes, so that they work at the same time. In a cluster connecting, sending and
 * all answers together take the time of one session, however many nodes hang, and those that
 * answer are heard. It asks nobody else: if another node has the key, or is about to get it, the
 * fault is REDIS_SESSION_OF_PLACE, and redis_sessions_command() finds it. */
MUST_USE redisReply *redis_sessions_take(struct redis_sessions *sessions, struct text key,
                                         struct error *error);

/* As redis_session_flush(), of all nodes. */
MUST_USE bool redis_sessions_flush(struct redis_sessions *sessions, struct error *error);

/* Whose fault the last failure was. In a cluster never REDIS_SESSION_OF_REDIS, unless no node is
 * known; otherwise neither REDIS_SESSION_OF_NODE nor REDIS_SESSION_OF_PLACE. */
enum redis_session_fault redis_sessions_fault(const struct redis_sessions *sessions);

/* Whether the key's node rests, so that what is asked of it fails at once. Always false for a
 * single server. A node that was waited for in vain rests by itself. */
bool redis_sessions_rests(struct redis_sessions *sessions, struct text key);

/* To be called after REDIS_SESSION_OF_NODE by a caller that asks a node only for what it has just
 * refused: it rests, for 200 ms at first, and for longer, up to a second, until it has answered. */
void redis_sessions_rest(struct redis_sessions *sessions, const struct error *error);

/* No node rests any more. */
void redis_sessions_wake(struct redis_sessions *sessions);

#endif
