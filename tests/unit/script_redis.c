/* SPDX-License-Identifier: MIT */
#include "script_redis.h"

#include "base/memory.h"
#include "support/cmocka.h"

static void take_append(struct script_redis *redis, const struct take *take);
static redisReply *reply_next(struct script_redis *redis, int type);

struct script_redis *script_redis_start(void)
{
    struct script_redis *redis = MEMORY_NEW(struct script_redis);
    struct text source = take_script_source();

    redis->server = redis_server_start(NULL);
    redis->connection = redisConnectUnix(redis_server_unix_url(redis->server) + strlen("unix://"));
    assert_int_equal(redis->connection->err, 0);
    const redisReply *sha1 =
        redis_server_command(redis->server, "SCRIPT LOAD %b", source.at, source.length);
    assert_int_equal(sha1->type, REDIS_REPLY_STRING);
    assert_string_equal(sha1->str, take_script_sha1());
    return redis;
}

void script_redis_stop(struct script_redis *redis)
{
    redisFree(redis->connection);
    redis_server_stop(redis->server);
    free(redis);
}

/* The lifting is in one transaction with the script: within one, no time passes for Redis, so not
 * even an expiry after a millisecond can bite. */
void script_redis_take(struct script_redis *redis, const struct take *take, struct outcome *outcome)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];
    size_t key_count = take_script_keys(take, keys);
    size_t first = key_count == 1 + take->limit_count ? 1 : 0; /* none but logs: no packed key */

    assert_int_equal(redisAppendCommand(redis->connection, "MULTI"), REDIS_OK);
    take_append(redis, take);
    for (size_t i = first; i < key_count; i++)
        assert_int_equal(redisAppendCommand(redis->connection, "PERSIST %s", keys[i]), REDIS_OK);
    assert_int_equal(redisAppendCommand(redis->connection, "EXEC"), REDIS_OK);

    for (size_t i = first; i < key_count + 2; i++)
        freeReplyObject(reply_next(redis, REDIS_REPLY_STATUS));
    redisReply *reply = reply_next(redis, REDIS_REPLY_ARRAY);
    assert_int_equal(reply->elements, 1 + key_count - first);
    const redisReply *decision = reply->element[0];
    if (decision->type == REDIS_REPLY_ERROR)
        print_message("the script: %s\n", decision->str);
    if (!take_script_read(decision, take->limit_count, outcome))
        outcome->status = TAKE_BROKEN;
    for (size_t i = 1; i < reply->elements; i++) {
        bool had_expiry = reply->element[i]->integer == 1;

        if (had_expiry != (outcome->allowed && take->cost > 0))
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
    arguments.argv[1] = take_script_sha1();
    arguments.argv[arguments.count++] = "now";
    arguments.argv[arguments.count++] = now;
    assert_int_equal(
        redisAppendCommandArgv(redis->connection, arguments.count, arguments.argv, NULL), REDIS_OK);
}

static redisReply *reply_next(struct script_redis *redis, int type)
{
    void *next = NULL;

    assert_int_equal(redisGetReply(redis->connection, &next), REDIS_OK);
    redisReply *reply = next;
    assert_int_equal(reply->type, type);
    return reply;
}
