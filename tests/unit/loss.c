/* SPDX-License-Identifier: MIT */
#include "loss.h"

#include "base/arena.h"
#include "sample_policy.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <sqlite3.h>

struct policy *policy;

static struct arena arena;

int loss_begin(void **state)
{
    policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    return redis_group_empty(state);
}

int loss_end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

void loss_wait_until_whole(const struct instance *instance, unsigned losses)
{
    WAIT_FOR (INSTANCE_PATIENCE_S,
              catalogue_losses(instance->catalogue) == losses &&
                  catalogue_continuity(instance->catalogue) == CATALOGUE_KEPT &&
                  catalogue_is_ready(instance->catalogue))
        ;
}

struct instance loss_start(struct instance instance)
{
    struct policy saved = *policy;

    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);
    assert_int_equal(instance_save(&instance, &saved), CATALOGUE_CREATED);
    return instance;
}

struct instance loss_start_instance(void)
{
    return loss_start(instance_open_redis(server));
}

void loss_expect_all_there(struct instance *instance)
{
    struct instance fresh = instance_open_redis(server);

    instance_start(&fresh);
    assert_memory_equal(app_index_pepper(fresh.index), app_index_pepper(instance->index),
                        sizeof(struct pepper));
    assert_int_equal(app_index_count(fresh.index), 1);
    assert_int_equal(instance_version(&fresh, policy), 1);
    assert_int_equal(app_index_count(instance->index), 1);
    assert_int_equal(instance_version(instance, policy), 1);
    instance_close(&fresh);
}

void loss_publish_app(const struct instance *instance, const char *app_id, uint8_t key)
{
    struct app *app = app_new();

    (void)snprintf(app->id, sizeof(app->id), "%s", app_id);
    app->name = TEXT("seen here alone");
    app->keys[app->key_count++] = instance_key(key);
    app_index_publish_give(instance->index, app);
}

void loss_run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    (void)sqlite3_busy_timeout(database, 10000);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

void loss_copy(void)
{
    (void)redis_server_command(server, "EVAL %s 0",
                               "for _, key in ipairs(redis.call('KEYS', 'sluice:*')) do "
                               "  redis.call('SET', 'copy:' .. key, redis.call('DUMP', key)) "
                               "end");
}

void loss_go_back_and_on(void)
{
    (void)redis_server_command(
        server, "EVAL %s 0",
        "for _, key in ipairs(redis.call('KEYS', 'sluice:*')) do redis.call('DEL', key) end "
        "for _, key in ipairs(redis.call('KEYS', 'copy:*')) do "
        "  redis.call('RESTORE', string.sub(key, 6), 0, redis.call('GET', key)) "
        "end "
        "local now = redis.call('TIME') "
        "local revision = string.format('%.0f', now[1] * 1000000 + now[2]) "
        "redis.call('SET', 'sluice:{catalogue}:revision', revision) "
        "redis.call('HSET', 'sluice:{catalogue}:app:app_n00000000000', 'name', 'new', "
        "           'created_at', '1', 'keys', string.rep('6e', 32), 'revision', revision) "
        "redis.call('HSET', 'sluice:{catalogue}:keys', string.rep('6e', 32), 'app_n00000000000') "
        "redis.call('ZADD', 'sluice:{catalogue}:apps', revision, 'app_n00000000000') "
        "redis.call('ZADD', 'sluice:{catalogue}:history', revision, revision)");
}

struct catalogue_backend *loss_new_backend(void)
{
    return catalogue_redis_new(topology_at(redis_server_unix_url(server)));
}

long long loss_scripts_run(void)
{
    const redisReply *reply = redis_server_command(server, "INFO commandstats");
    const char *at = strstr(reply->str, "cmdstat_eval:calls=");

    return at == NULL ? 0 : strtoll(at + strlen("cmdstat_eval:calls="), NULL, 10);
}

void loss_wait_until(const struct instance *instance, enum catalogue_continuity continuity)
{
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_continuity(instance->catalogue) == continuity)
        ;
}
