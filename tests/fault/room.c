/* SPDX-License-Identifier: MIT */
#include "room.h"

#include "support/cmocka.h"

#define MIB (1024.0 * 1024)

/* 0 when the figure does not exist. */
static double figure(struct redis_server *redis, const char *section, const char *name)
{
    const redisReply *reply = redis_server_command(redis, "INFO %s", section);
    const char *line = strstr(reply->str, name);

    return line == NULL ? 0 : strtod(line + strlen(name), NULL);
}

static double bytes_max(struct redis_server *redis)
{
    return figure(redis, "memory", "\nmaxmemory:");
}

static double peak_bytes(struct redis_server *redis)
{
    return figure(redis, "memory", "\nused_memory_peak:");
}

static double refusals(struct redis_server *redis)
{
    return figure(redis, "errorstats", "errorstat_OOM:count=");
}

void room_limit(struct redis_server *redis, const char *bytes)
{
    (void)redis_server_command(redis, "CONFIG SET maxmemory %s maxmemory-policy noeviction", bytes);
}

double room_used_bytes(struct redis_server *redis)
{
    return figure(redis, "memory", "\nused_memory:");
}

void room_print(struct redis_server *redis, const char *when)
{
    const double keys = (double)redis_server_command(redis, "DBSIZE")->integer;

    print_message("  redis %s: %.1f MiB of %.1f, %.1f at most; %.0f keys; OOM %.0f times\n", when,
                  room_used_bytes(redis) / MIB, bytes_max(redis) / MIB, peak_bytes(redis) / MIB,
                  keys, refusals(redis));
}

bool room_was_full(struct redis_server *redis)
{
    return refusals(redis) > 0 || peak_bytes(redis) >= bytes_max(redis);
}

double room_of_largest(struct redis_server *redis, const char *pattern, const char *command,
                       double *parts)
{
    static const char script[] =
        "local most, parts = 0, 0\n"
        "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do\n"
        "  local bytes = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)\n"
        "  if bytes > most then\n"
        "    most, parts = bytes, redis.call(ARGV[2], key)\n"
        "  end\n"
        "end\n"
        "return {most, parts}";
    const redisReply *reply =
        redis_server_command(redis, "EVAL %s 0 %s %s", script, pattern, command);

    *parts = (double)reply->element[1]->integer;
    return (double)reply->element[0]->integer;
}
