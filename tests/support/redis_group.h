/* SPDX-License-Identifier: MIT
 *
 * One Redis that all tests of a program share, for programs that need only one:
 *
 *     return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
 *
 * Main thread only. */
#ifndef SUPPORT_REDIS_GROUP_H
#define SUPPORT_REDIS_GROUP_H

#include "support/redis_server.h"

/* It has no password. NULL before redis_group_open() and after redis_group_close(). */
extern struct redis_server *server;

/* Setup of the group: initialises libsodium, ignores SIGPIPE, and starts `server`, which then
 * answers. */
int redis_group_open(void **state);
/* The same with a wall clock that redis_server_set_clock() moves. */
int redis_group_open_clocked(void **state);
/* The same without a server, for tests that start their own. */
int redis_group_prepare(void **state);
/* Teardown of the group. It also removes the scratch directory. */
int redis_group_close(void **state);

/* Setup of a test: empties Redis. */
int redis_group_empty(void **state);

#endif
