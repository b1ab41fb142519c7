/* SPDX-License-Identifier: MIT */
#include "script_redis.h"

#include "base/memory.h"
#include "support/cmocka.h"

/* Further away than any expiry of the scripts. */
#define FAR_MS (1000 * INT64_C(365) * 24 * 3600 * 1000)

static void take_append(struct script_redis *redis, const struct take *take);
static bool expiry_holds(long long left_ms, bool is_charged);
static redisReply *reply_next(struct script_redis *redis, int type);

struct script_redis *script_redis_start(void)
{
    struct script_redis *redis = MEMORY_NEW(struct script_redis);
    const struct text *sources;
    const size_t count = take_script_sources(&sources);

    redis->server = redis_server_start(NULL);
    redis->connection = redisConnectUnix(redis_server_unix_url(redis->server) + strlen("unix://"));
    assert_int_equal(redis->connection->err, 0);
    for (size_t i = 0; i < count; i++) {
        const redisReply *sha1 =
            redis_server_command(redis->server, "SCRIPT LOAD %b", sources[i].at, sources[i].length);
        assert_int_equal(sha1->type, REDIS_REPLY_STRING);
    }
    return redis;
}

void script_redis_stop(struct script_redis *redis)
{
    redisFree(redis->connection);
    redis_server_stop(redis->server);
    free(redis);
}

/* All of it is one transaction: within one, no time passes for Redis, so not even an expiry after a
 * millisecond can bite before it is moved. */
void script_redis_take(struct script_redis *redis, const struct take *take, struct outcome *outcome)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t key_count = take_script_keys(take, keys);
    size_t first = key_count == 1 + take->limit_count ? 1 : 0; /* none but logs: no packed key */

    assert_int_equal(redisAppendCommand(redis->connection, "MULTI"), REDIS_OK);
    take_append(redis, take);
    for (size_t i = first; i < key_count; i++) {
        assert_int_equal(redisAppendCommand(redis->connection, "PTTL %s", keys[i]), REDIS_OK);
        assert_int_equal(
            redisAppendCommand(redis->connection, "PEXPIRE %s %lld", keys[i], (long long)FAR_MS),
            REDIS_OK);
    }
    assert_int_equal(redisAppendCommand(redis->connection, "EXEC"), REDIS_OK);

    for (size_t i = 0; i < 2 + 2 * (key_count - first); i++)
        freeReplyObject(reply_next(redis, REDIS_REPLY_STATUS));
    redisReply *reply = reply_next(redis, REDIS_REPLY_ARRAY);
    assert_int_equal(reply->elements, 1 + 2 * (key_count - first));
    const redisReply *decision = reply->element[0];
    if (decision->type == REDIS_REPLY_ERROR)
        print_message("the script: %s\n", decision->str);
    if (!take_script_read(decision, take->limit_count, outcome))
        outcome->status = TAKE_BROKEN;
    for (size_t i = 1; i < reply->elements; i += 2) {
        if (!expiry_holds(reply->element[i]->integer, outcome->allowed && take->cost > 0))
            outcome->status = TAKE_BROKEN;
    }
    freeReplyObject(reply);
}

static void take_append(struct script_redis *redis, const struct take *take)
{
    struct take_arguments arguments;
    char now[32];

    take_arguments_write(&arguments, take);
    (void)snprintf(now, sizeof(now), "%lld", (long long)take->now_us);
    arguments.argv[0] = "EVALSHA";
    arguments.lengths[0] = strlen("EVALSHA");
    arguments.argv[1] = take_script_of(take)->sha1;
    arguments.lengths[1] = strlen(arguments.argv[1]);
    arguments.argv[arguments.count] = now;
    arguments.lengths[arguments.count++] = strlen(now);
    assert_int_equal(redisAppendCommandArgv(redis->connection, arguments.count, arguments.argv,
                                            arguments.lengths),
                     REDIS_OK);
}

static bool expiry_holds(long long left_ms, bool is_charged)
{
    const bool is_missing = left_ms == -2;
    const bool is_far = left_ms > FAR_MS / 2;

    if (is_charged)
        return left_ms >= 0; /* of a millisecond nothing may be left */
    return is_missing || is_far;
}

static redisReply *reply_next(struct script_redis *redis, int type)
{
    void *next = NULL;

    assert_int_equal(redisGetReply(redis->connection, &next), REDIS_OK);
    redisReply *reply = next;
    assert_int_equal(reply->type, type);
    return reply;
}
