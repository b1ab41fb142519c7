/* SPDX-License-Identifier: MIT */
#include "script_redis.h"

#include "support/cmocka.h"
#include "support/script_clock.h"

/* Further away than any expiry of the scripts. */
#define FAR_MS     (1000 * INT64_C(365) * 24 * 3600 * 1000)
#define STOPPED_US INT64_C(1000000)

static int load(void);
static void arguments_send(struct take_arguments *arguments, const struct operation *operation,
                           const char *now);
static bool is_read(const redisReply *decision, const struct take_arguments *arguments,
                    struct outcome *outcome);
static bool expiries_hold(redisReply *const left_ms[], const struct operation *operation,
                          const struct take_arguments *arguments, bool allowed);
static redisReply *reply_next(int type);

static redisContext *connection; /* blocking; no reply is outstanding between calls */

int script_redis_open(void **state)
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

size_t script_redis_keys(const struct operation *operation,
                         char keys[static TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES])
{
    struct take_arguments arguments;

    take_arguments_write(&arguments, operation);
    memcpy(keys, arguments.keys, sizeof(arguments.keys));
    return take_arguments_keys(&arguments);
}

/* Meanwhile the clock of Redis stands still, so not even an expiry after a millisecond takes effect
 * before it is moved. */
void script_redis_take(const struct operation *operation, struct outcome *outcome)
{
    struct take_arguments arguments;
    char now[32];

    redis_server_set_clock(server, STOPPED_US);
    assert_int_equal(redisAppendCommand(connection, "MULTI"), REDIS_OK);
    (void)snprintf(now, sizeof(now), "%lld", (long long)operation->now_us);
    arguments_send(&arguments, operation, now);
    const size_t key_count = take_arguments_keys(&arguments);
    for (size_t i = 0; i < key_count; i++) {
        assert_int_equal(redisAppendCommand(connection, "PTTL %s", arguments.keys[i]), REDIS_OK);
        assert_int_equal(
            redisAppendCommand(connection, "PEXPIRE %s %lld", arguments.keys[i], (long long)FAR_MS),
            REDIS_OK);
    }
    assert_int_equal(redisAppendCommand(connection, "EXEC"), REDIS_OK);

    for (size_t i = 0; i < 2 + 2 * key_count; i++)
        freeReplyObject(reply_next(REDIS_REPLY_STATUS));
    redisReply *reply = reply_next(REDIS_REPLY_ARRAY);
    redis_server_set_clock(server, 0);
    assert_int_equal(reply->elements, 1 + 2 * key_count);
    const redisReply *decision = reply->element[0];
    if (decision->type == REDIS_REPLY_ERROR)
        print_message("the script: %s\n", decision->str);
    if (!is_read(decision, &arguments, outcome) ||
        !expiries_hold(reply->element + 1, operation, &arguments, outcome->allowed))
        outcome->status = TAKE_BROKEN;
    freeReplyObject(reply);
}

void script_redis_take_by_its_clock(const struct operation *operation, struct outcome *outcome)
{
    struct take_arguments arguments;

    arguments_send(&arguments, operation, NULL);
    redisReply *decision = reply_next(REDIS_REPLY_ARRAY);
    if (!is_read(decision, &arguments, outcome))
        outcome->status = TAKE_BROKEN;
    freeReplyObject(decision);
}

/* `now` may be NULL. */
static void arguments_send(struct take_arguments *arguments, const struct operation *operation,
                           const char *now)
{
    take_arguments_write(arguments, operation);
    arguments->argv[0] = "EVALSHA";
    arguments->lengths[0] = strlen("EVALSHA");
    arguments->argv[1] = take_script_of(operation)->sha1;
    arguments->lengths[1] = strlen(arguments->argv[1]);
    if (now != NULL)
        script_clock_set(arguments, now);
    assert_int_equal(
        redisAppendCommandArgv(connection, arguments->count, arguments->argv, arguments->lengths),
        REDIS_OK);
}

/* Reads it as the store does. */
static bool is_read(const redisReply *decision, const struct take_arguments *arguments,
                    struct outcome *outcome)
{
    return take_reply_read(decision, arguments, outcome) && take_reply_explains(arguments, outcome);
}

/* Of every second reply: that of PTTL for each key. A key that was charged is there, and less than
 * a millisecond may be left of it. */
static bool expiries_hold(redisReply *const left_ms[], const struct operation *operation,
                          const struct take_arguments *arguments, bool allowed)
{
    const bool charges = allowed && operation->kind == OPERATION_TAKE;
    bool is_charged[TAKE_SCRIPT_KEYS_MAX] = {0};

    for (size_t i = 0; i < operation->limit_count; i++)
        is_charged[arguments->key_of[i]] |= charges && operation->costs[i] > 0;
    for (size_t key = 0; key < take_arguments_keys(arguments); key++) {
        const bool is_missing = left_ms[2 * key]->integer == -2;

        if (left_ms[2 * key]->integer < 0 && (is_charged[key] || !is_missing))
            return false;
    }
    return true;
}

static redisReply *reply_next(int type)
{
    void *next = NULL;

    assert_int_equal(redisGetReply(connection, &next), REDIS_OK);
    redisReply *reply = next;
    assert_int_equal(reply->type, type);
    return reply;
}
