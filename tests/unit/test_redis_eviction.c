/* SPDX-License-Identifier: MIT */
#include "redis/redis_eviction.h"

#include "support/cmocka.h"
#include "support/redis_group.h"

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
    struct redis_url url;
    struct error error = {0};
    (void)state;
    assert_true(redis_url_parse(text_of(redis_server_unix_url(server)), &url, &error));
    struct redis_session *session = redis_session_new(&url, 1000);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)redis_server_command(server, "CONFIG SET maxmemory %s maxmemory-policy %s",
                                   cases[i].maximum, cases[i].policy);

        assert_int_equal(redis_eviction_threatens(session, policy, &error), cases[i].threatens);
        if (cases[i].threatens)
            assert_string_equal(policy, cases[i].policy);
    }
    redis_session_free(session);
}

static void one_that_does_not_answer_does_not_threaten(void **state)
{
    char policy[REDIS_EVICTION_POLICY_BYTES];
    struct redis_url url;
    struct error error = {0};
    (void)state;
    assert_true(redis_url_parse(TEXT("redis://127.0.0.1:1"), &url, &error));
    struct redis_session *session = redis_session_new(&url, 1000);

    assert_false(redis_eviction_threatens(session, policy, &error));
    assert_non_null(strstr(error.message, "Connection refused"));

    redis_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redis_threatens_when_it_is_bounded_and_may_evict),
        cmocka_unit_test(one_that_does_not_answer_does_not_threaten),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
