/* SPDX-License-Identifier: MIT */
#include "support/redis_group.h"

#include "support/scratch.h"

#include <signal.h>
#include <sodium.h>

struct redis_server *server;

int redis_group_open(void **state)
{
    if (redis_group_prepare(state) != 0)
        return -1;
    server = redis_server_start(NULL);
    return 0;
}

int redis_group_open_clocked(void **state)
{
    if (redis_group_prepare(state) != 0)
        return -1;
    server = redis_server_start_clocked();
    return 0;
}

int redis_group_prepare(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* as in the service: hiredis writes to closed sockets */
    return sodium_init() < 0 ? -1 : 0;
}

int redis_group_close(void **state)
{
    (void)state;
    redis_server_stop(server);
    server = NULL;
    scratch_remove();
    return 0;
}

int redis_group_empty(void **state)
{
    (void)state;
    (void)redis_server_command(server, "FLUSHALL");
    return 0;
}
