/* SPDX-License-Identifier: MIT
 *
 * The catalogue in Redis passes the cases of every catalogue, on one server and in a cluster. */
#include "base/arena.h"
#include "catalogue_case.h"
#include "redis_pair.h"
#include "sample_policy.h"

static void damage(struct catalogue_pair *pair, const char *app_id, enum catalogue_damage kind)
{
    char long_text[17 * 64 + 1];
    (void)pair;

    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    switch (kind) {
    case DAMAGE_ID:
        (void)redis_server_command(server, "ZADD sluice:{catalogue}:apps 1 %b",
                                   "app_\0"
                                   "0000000000x",
                                   (size_t)16);
        return;
    case DAMAGE_NAME:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s name %s", app_id,
                                   long_text);
        return;
    case DAMAGE_CREATED_AT:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s created_at soon",
                                   app_id);
        return;
    case DAMAGE_TIME:
        (void)redis_server_command(
            server, "HSET sluice:{catalogue}:app:%s created_at 9223372036854775807", app_id);
        return;
    case DAMAGE_PAST:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s revision -1", app_id);
        return;
    case DAMAGE_REVISION:
        (void)redis_server_command(server, "ZADD sluice:{catalogue}:apps +inf %s", app_id);
        return;
    case DAMAGE_KEY:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s keys abc", app_id);
        return;
    case DAMAGE_KEYS:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s keys %s", app_id,
                                   long_text);
        return;
    case DAMAGE_TYPE:
        (void)redis_server_command(server, "SET sluice:{catalogue}:app:%s text", app_id);
        (void)redis_server_command(server, "SET sluice:{catalogue}:policies:%s text", app_id);
        return;
    case DAMAGE_RANK:
        (void)redis_server_command(
            server, "HSET sluice:{catalogue}:app:%s revision 99999999999999999", app_id);
        return;
    case DAMAGE_AHEAD:
        (void)redis_server_command(server, "ZADD sluice:{catalogue}:apps 4000000000000000 %s",
                                   app_id);
        return;
    case DAMAGE_LENGTH:
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:app:%s",
                                   "redis.call('HSET', KEYS[1], 'keys', string.rep('a', 65e6))",
                                   app_id);
        return;
    case DAMAGE_POLICIES:
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:policies:%s",
                                   "for i = 1, 66000 do redis.call('HSET', KEYS[1], i, '{}') end",
                                   app_id);
        return;
    case DAMAGE_COUNT:
        break;
    }
    fail();
}

static void exhaust(struct catalogue_pair *pair, const char *app_id)
{
    (void)pair;
    (void)redis_server_command(server, "HSET sluice:{catalogue}:policies:%s %s %s", app_id,
                               "[\"/a\",\"default\",null]",
                               "{\"route_key\":\"/a\",\"rate\":\"5/s\",\"id\":\"0000000000000001\","
                               "\"version\":9007199254740991}");
}

static void lose(struct catalogue_pair *pair, const char *app_id)
{
    (void)pair;
    (void)redis_server_command(server, "DEL sluice:{catalogue}:app:%s", app_id);
}

static int setup(void **state)
{
    (void)redis_pair_open(state);
    struct catalogue_pair *pair = *state;

    pair->damage = damage;
    pair->exhaust = exhaust;
    pair->lose = lose;
    return 0;
}

static void all_keys_are_in_one_slot_of_a_cluster(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct pepper pepper = {.bytes = {1}};
    struct error error = {0};
    const char *app_id = sample_app(pair->one, 'a');
    assert_int_equal(pair->one->operations->policy_save(pair->one, app_id, policy, NULL, &error),
                     CATALOGUE_CREATED);
    assert_int_equal(settle_pepper(pair->one, &pepper, &error), CATALOGUE_OK);

    const redisReply *keys = redis_server_command(server, "KEYS *");

    assert_int_equal(keys->elements, 8);
    for (size_t i = 0; i < keys->elements; i++)
        assert_true(text_starts_with(text_of(keys->element[i]->str), TEXT("sluice:{catalogue}:")));
    arena_close(&arena);
}

/* What Redis has read from its clients, how often, this question included. */
static long count_reads(void)
{
    static const char name[] = "total_reads_processed:";
    const redisReply *stats = redis_server_command(server, "INFO stats");
    const char *found = strstr(stats->str, name);

    assert_non_null(found);
    return strtol(found + strlen(name), NULL, 10);
}

/* Each is a way to Redis and back, twice a second, and after each look-up in vain. */
static void a_look_at_the_catalogue_takes_two_exchanges(void **state)
{
    struct catalogue_pair *pair = *state;
    struct catalogue_mark mark;
    struct error error = {0};
    const struct catalogue_operations *operations = pair->one->operations;
    assert_int_equal(operations->mark_read(pair->one, 0, &mark, &error), CATALOGUE_OK);
    const long before = count_reads();

    assert_int_equal(operations->mark_read(pair->one, 0, &mark, &error), CATALOGUE_OK);

    assert_int_equal(count_reads() - before, 2 + 1);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_keys_are_in_one_slot_of_a_cluster, setup,
                                        redis_pair_close),
        cmocka_unit_test_setup_teardown(a_look_at_the_catalogue_takes_two_exchanges, setup,
                                        redis_pair_close),
    };

    return catalogue_cases_run(setup, redis_pair_close) + cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return redis_pair_run(run);
}
