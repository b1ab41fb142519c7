/* SPDX-License-Identifier: MIT */
#include "redis/redis_eviction.h"

#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"

static void a_redis_threatens_when_it_is_bounded_and_may_evict(void **state)
{
    static const struct {
        const char *maximum;
        const char *policy;
        bool threatens;
    } cases[] = {
        {"0", "noeviction", false},      {"0", "allkeys-lru", false},
        {"100mb", "noeviction", false},  {"100mb", "allkeys-lru", true},
        {"100mb", "volatile-ttl", true},
    };
    char policy[REDIS_EVICTION_POLICY_BYTES];
    struct error error = {0};
    (void)state;
    struct redis_sessions *sessions =
        redis_sessions_new(topology_at(redis_server_unix_url(server)), 1000);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)redis_server_command(server, "CONFIG SET maxmemory %s maxmemory-policy %s",
                                   cases[i].maximum, cases[i].policy);

        assert_int_equal(redis_eviction_threatens(sessions, TEXT("key"), policy, &error),
                         cases[i].threatens);
        if (cases[i].threatens)
            assert_string_equal(policy, cases[i].policy);
    }
    redis_sessions_free(sessions);
}

static void one_that_does_not_answer_does_not_threaten(void **state)
{
    char policy[REDIS_EVICTION_POLICY_BYTES];
    struct error error = {0};
    (void)state;
    struct redis_sessions *sessions = redis_sessions_new(topology_at("redis://127.0.0.1:1"), 1000);

    assert_false(redis_eviction_threatens(sessions, TEXT("key"), policy, &error));
    assert_non_null(strstr(error.message, "Connection refused"));

    redis_sessions_free(sessions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redis_threatens_when_it_is_bounded_and_may_evict),
        cmocka_unit_test(one_that_does_not_answer_does_not_threaten),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
