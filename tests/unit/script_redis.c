/* SPDX-License-Identifier: MIT */
#include "script_redis.h"

#include "support/cmocka.h"

/* Further away than any expiry of the scripts. */
#define FAR_MS (1000 * INT64_C(365) * 24 * 3600 * 1000)

static int load(void);
static bool is_read(const redisReply *decision, const struct take *take, struct outcome *outcome);
static void take_append(const struct take *take, const char *now);
static bool expiry_holds(long long left_ms, bool is_charged);
static redisReply *reply_next(int type);

static redisContext *connection; /* blocking; no reply is outstanding between calls */

int script_redis_open(void **state)
{
    return redis_group_open(state) == 0 ? load() : -1;
}

int script_redis_open_clocked(void **state)
{
    return redis_group_open_clocked(state) == 0 ? load() : -1;
}

static int load(void)
{
    const struct text *sources;
    const size_t count = take_script_sources(&sources);

    connection = redisConnectUnix(redis_server_unix_url(server) + strlen("unix://"));
    assert_int_equal(connection->err, 0);
    for (size_t i = 0; i < count; i++) {
        const redisReply *sha1 =
            redis_server_command(server, "SCRIPT LOAD %b", sources[i].at, sources[i].length);
        assert_int_equal(sha1->type, REDIS_REPLY_STRING);
    }
    return 0;
}

int script_redis_close(void **state)
{
    redisFree(connection);
    return redis_group_close(state);
}

redisReply *script_redis_run(int count, const char *argv[], const size_t lengths[])
{
    redisReply *reply = redisCommandArgv(connection, count, argv, lengths);

    assert_non_null(reply);
    return reply;
}

/* One transaction: while it runs, no time passes for Redis. So not even an expiry after a
 * millisecond takes effect before it is moved. */
void script_redis_take(const struct take *take, struct outcome *outcome)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t key_count = take_script_keys(take, keys);
    char now[32];
    size_t first = key_count == 1 + take->limit_count ? 1 : 0; /* no packed key: all are logs */

    assert_int_equal(redisAppendCommand(connection, "MULTI"), REDIS_OK);
    (void)snprintf(now, sizeof(now), "%lld", (long long)take->now_us);
    take_append(take, now);
    for (size_t i = first; i < key_count; i++) {
        assert_int_equal(redisAppendCommand(connection, "PTTL %s", keys[i]), REDIS_OK);
        assert_int_equal(
            redisAppendCommand(connection, "PEXPIRE %s %lld", keys[i], (long long)FAR_MS),
            REDIS_OK);
    }
    assert_int_equal(redisAppendCommand(connection, "EXEC"), REDIS_OK);

    for (size_t i = 0; i < 2 + 2 * (key_count - first); i++)
        freeReplyObject(reply_next(REDIS_REPLY_STATUS));
    redisReply *reply = reply_next(REDIS_REPLY_ARRAY);
    assert_int_equal(reply->elements, 1 + 2 * (key_count - first));
    const redisReply *decision = reply->element[0];
    if (decision->type == REDIS_REPLY_ERROR)
        print_message("the script: %s\n", decision->str);
    if (!is_read(decision, take, outcome))
        outcome->status = TAKE_BROKEN;
    for (size_t i = 1; i < reply->elements; i += 2) {
        if (!expiry_holds(reply->element[i]->integer, outcome->allowed && take->cost > 0))
            outcome->status = TAKE_BROKEN;
    }
    freeReplyObject(reply);
}

void script_redis_take_by_its_clock(const struct take *take, struct outcome *outcome)
{
    take_append(take, NULL);
    redisReply *decision = reply_next(REDIS_REPLY_ARRAY);
    if (!is_read(decision, take, outcome))
        outcome->status = TAKE_BROKEN;
    freeReplyObject(decision);
}

/* Reads it as the store does. */
static bool is_read(const redisReply *decision, const struct take *take, struct outcome *outcome)
{
    struct take_arguments arguments;

    take_arguments_write(&arguments, take);
    return take_script_read(decision, take->limit_count, outcome) &&
           take_script_explains(&arguments, outcome);
}

/* `now` may be NULL. */
static void take_append(const struct take *take, const char *now)
{
    struct take_arguments arguments;

    take_arguments_write(&arguments, take);
    arguments.argv[0] = "EVALSHA";
    arguments.lengths[0] = strlen("EVALSHA");
    arguments.argv[1] = take_script_of(take)->sha1;
    arguments.lengths[1] = strlen(arguments.argv[1]);
    if (now != NULL) {
        arguments.argv[arguments.count] = now;
        arguments.lengths[arguments.count++] = strlen(now);
    }
    assert_int_equal(
        redisAppendCommandArgv(connection, arguments.count, arguments.argv, arguments.lengths),
        REDIS_OK);
}

static bool expiry_holds(long long left_ms, bool is_charged)
{
    const bool is_missing = left_ms == -2;

    if (is_charged)
        return left_ms >= 0; /* less than a millisecond may be left */
    return is_missing || left_ms >= 0;
}

static redisReply *reply_next(int type)
{
    void *next = NULL;

    assert_int_equal(redisGetReply(connection, &next), REDIS_OK);
    redisReply *reply = next;
    assert_int_equal(reply->type, type);
    return reply;
}
