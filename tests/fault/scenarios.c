/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

static void die(struct stage *stage, int seconds);
static void restart(struct stage *stage);
static void stop(struct stage *stage, int seconds);
static void go_on(struct stage *stage);
static void pause_clients(struct stage *stage, int seconds);
static void await_unpaused(struct stage *stage);
static void sleep_in_redis(struct stage *stage, int seconds);
static void await_wakening(struct stage *stage);
static void change_password(struct stage *stage, int seconds);
static void change_password_back(struct stage *stage);
static void forbid_scripts(struct stage *stage, int seconds);
static void permit_scripts(struct stage *stage);
static void fill_memory(struct stage *stage, int seconds);
static void free_memory(struct stage *stage);
static void flush_scripts(struct stage *stage);
static void drop_connections(struct stage *stage);

const struct scenario scenarios[] = {
    {
        .name = "nothing_happens", /* shows the machine's own stalls, for comparison */
        .degrades = DEGRADES_NEVER,
    },
    {
        .name = "redis_is_absent_at_the_start",
        .at_start = true,
        .begin = die,
        .end = restart,
        .differs = true,
        .degrades = DEGRADES_SURELY,
        .forgets = true,
    },
    {
        .name = "redis_is_killed_and_restarted",
        .begin = die,
        .end = restart,
        .degrades = DEGRADES_SURELY,
        .forgets = true,
    },
    {
        .name = "redis_is_stopped_and_goes_on",
        .begin = stop,
        .end = go_on,
        .differs = true,
        .strict_seconds = 30,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "redis_pauses_its_clients",
        .begin = pause_clients,
        .end = await_unpaused,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "redis_sleeps",
        .begin = sleep_in_redis,
        .end = await_wakening,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "the_password_changes",
        .begin = change_password,
        .end = change_password_back,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "scripts_are_not_permitted",
        .begin = forbid_scripts,
        .end = permit_scripts,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "redis_has_no_memory",
        .begin = fill_memory,
        .end = free_memory,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "scripts_are_forgotten_every_100_ms",
        .again = flush_scripts,
        .period_ms = 100,
        .degrades = DEGRADES_NEVER,
    },
    {
        .name = "connections_are_dropped_every_200_ms",
        .again = drop_connections,
        .period_ms = 200,
        .degrades = DEGRADES_MAYBE,
    },
    {
        .name = "replies_are_delayed_by_5_ms",
        .network = FAULT_PROXY_DELAY,
        .delay_ms = 5,
        .degrades = DEGRADES_NEVER,
    },
    {
        .name = "replies_are_delayed_by_50_ms",
        .network = FAULT_PROXY_DELAY,
        .delay_ms = 50,
        .degrades = DEGRADES_MAYBE, /* both may come in one turn of the loop */
    },
    {
        .name = "replies_are_delayed_by_500_ms",
        .network = FAULT_PROXY_DELAY,
        .delay_ms = 500,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "the_network_hangs",
        .network = FAULT_PROXY_HANG,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "connections_are_reset",
        .network = FAULT_PROXY_RESET,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "connections_are_accepted_and_never_answered",
        .network = FAULT_PROXY_MUTE,
        .differs = true,
        .degrades = DEGRADES_SURELY,
    },
    {
        .name = "replies_come_byte_by_byte",
        .network = FAULT_PROXY_ONE_BYTE,
        .differs = true,
        .degrades = DEGRADES_NEVER,
    },
    {
        .name = "replies_come_together",
        .network = FAULT_PROXY_COALESCE,
        .delay_ms = 20,
        .degrades = DEGRADES_NEVER,
    },
    {
        .name = "replies_are_corrupted",
        .network = FAULT_PROXY_CORRUPT,
        .differs = true,
        .degrades = DEGRADES_SURELY,
        .lies = true,
    },
};

const size_t scenario_count = ARRAY_COUNT(scenarios);

static void die(struct stage *stage, int seconds)
{
    (void)seconds;
    servers_kill(&stage->servers);
}

static void restart(struct stage *stage)
{
    servers_restart(&stage->servers);
}

static void stop(struct stage *stage, int seconds)
{
    (void)seconds;
    servers_pause(&stage->servers);
}

static void go_on(struct stage *stage)
{
    servers_continue(&stage->servers);
}

static void pause_clients(struct stage *stage, int seconds)
{
    servers_command(&stage->servers, "CLIENT PAUSE %d ALL", seconds * 1000);
}

/* This connection is a client too, so it also waits. */
static void await_unpaused(struct stage *stage)
{
    servers_command(&stage->servers, "PING");
}

static void sleep_in_redis(struct stage *stage, int seconds)
{
    for (size_t i = 0; i < stage->servers.count; i++)
        redis_server_begin_command(stage->servers.list[i], "DEBUG SLEEP %d", seconds);
}

static void await_wakening(struct stage *stage)
{
    for (size_t i = 0; i < stage->servers.count; i++)
        (void)redis_server_finish_command(stage->servers.list[i]);
}

/* Open connections would stay authenticated, so all are closed. */
static void change_password(struct stage *stage, int seconds)
{
    (void)seconds;
    servers_command(&stage->servers, "CONFIG SET requirepass %s", "another one");
    drop_connections(stage);
}

static void change_password_back(struct stage *stage)
{
    servers_command(&stage->servers, "CONFIG SET requirepass %s",
                    redis_server_password(stage->servers.list[0]));
}

static void forbid_scripts(struct stage *stage, int seconds)
{
    (void)seconds;
    servers_command(&stage->servers, "ACL SETUSER default -@scripting");
}

static void permit_scripts(struct stage *stage)
{
    servers_command(&stage->servers, "ACL SETUSER default +@scripting");
}

/* By default Redis has the policy noeviction. */
static void fill_memory(struct stage *stage, int seconds)
{
    (void)seconds;
    servers_command(&stage->servers, "CONFIG SET maxmemory 1");
}

static void free_memory(struct stage *stage)
{
    servers_command(&stage->servers, "CONFIG SET maxmemory 0");
}

static void flush_scripts(struct stage *stage)
{
    servers_command(&stage->servers, "SCRIPT FLUSH");
}

static void drop_connections(struct stage *stage)
{
    servers_command(&stage->servers, "CLIENT KILL TYPE normal SKIPME yes");
}
