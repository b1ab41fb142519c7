/* SPDX-License-Identifier: MIT
 *
 * The one Redis that the tests of a program share, for programs that need just one:
 *
 *     return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
 *
 * Main thread only. */
#ifndef SUPPORT_REDIS_GROUP_H
#define SUPPORT_REDIS_GROUP_H

#include "support/redis_server.h"

/* Without a password. NULL before redis_group_open() and after redis_group_close(). */
extern struct redis_server *server;

/* Setup of the group: libsodium is there, a broken connection is no signal, and `server`
 * answers. */
int redis_group_open(void **state);
/* The same with a wall clock that redis_server_set_clock() moves. */
int redis_group_open_clocked(void **state);
/* Teardown of the group; the scratch directory goes too. */
int redis_group_close(void **state);

/* Setup of a test: nothing is left in Redis of the tests before. */
int redis_group_empty(void **state);

#endif
