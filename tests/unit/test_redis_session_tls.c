/* SPDX-License-Identifier: MIT
 *
 * A subscription over TLS, where a readable socket need not have a part of a message. */
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "redis/redis_tls.h"
#include "session_case.h"
#include "tls_case.h"

#define MESSAGES 100
#define LARGE    40000 /* more than a TLS record, and than one read */

static void messages_are_heard_one_by_one(void **state)
{
    const struct redis_tls_options options = tls_case_options();
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_tls *tls = tls_case_new(&options);
    struct redis_session *session =
        tls_case_session(dialer, tls, redis_server_tcp_url(tls_open_server), SESSION_PATIENCE_MS);
    const char *words[] = {"SUBSCRIBE", "news"};
    static char large[LARGE + 1];
    struct error error = {0};
    (void)state;
    memset(large, 'x', LARGE);
    freeReplyObject(redis_session_command(session, &error, 2, words, NULL));
    assert_string_equal(error.message, "");

    for (int i = 0; i < MESSAGES; i++)
        (void)redis_server_command(tls_open_server, "PUBLISH news %d%s", i,
                                   i % 10 == 0 ? large : "");
    for (int i = 0; i < MESSAGES; i++) {
        redisReply *message = NULL;
        char number[16];

        assert_true(session_hear(session, &message, &error));
        const size_t digits = (size_t)snprintf(number, sizeof(number), "%d", i);
        assert_memory_equal(message->element[2]->str, number, digits);
        assert_int_equal(message->element[2]->len, digits + (i % 10 == 0 ? LARGE : 0));
        freeReplyObject(message);
    }

    redis_session_free(session);
    redis_tls_free(tls);
    redis_dialer_free(dialer);
}

/* Subscribes, brings the end about, and expects to be told of it. */
static void expect_end(void (*end)(void))
{
    const struct redis_tls_options options = tls_case_options();
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_tls *tls = tls_case_new(&options);
    struct redis_session *session =
        tls_case_session(dialer, tls, redis_server_tcp_url(tls_open_server), SESSION_PATIENCE_MS);
    const char *words[] = {"SUBSCRIBE", "news"};
    struct error error = {0};
    redisReply *message = NULL;
    freeReplyObject(redis_session_command(session, &error, 2, words, NULL));
    assert_string_equal(error.message, "");

    end();
    assert_false(session_hear(session, &message, &error));

    assert_null(message);
    assert_int_equal(redis_session_fd(session), -1);
    assert_string_equal(error.message, "redis: Server closed the connection");
    redis_session_free(session);
    redis_tls_free(tls);
    redis_dialer_free(dialer);
}

static void say_goodbye(void)
{
    (void)redis_server_command(tls_open_server, "CLIENT KILL TYPE pubsub");
}

static void die(void)
{
    redis_server_kill(tls_open_server);
    redis_server_restart(tls_open_server);
}

static void the_end_is_told(void **state)
{
    (void)state;
    expect_end(say_goodbye);
}

/* It does not end TLS first. */
static void a_dead_server_is_not_taken_for_one_that_speaks_no_tls(void **state)
{
    (void)state;
    expect_end(die);
}

/* Its URL begins with redis://. */
static void without_tls_the_reason_says_that_the_server_may_need_it(void **state)
{
    (void)state;

    const char *reason = tls_case_ping(NULL, redis_server_tcp_url(tls_open_server));

    assert_non_null(strstr(reason, REDIS_TLS_HINT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_heard_one_by_one),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(a_dead_server_is_not_taken_for_one_that_speaks_no_tls),
        cmocka_unit_test(without_tls_the_reason_says_that_the_server_may_need_it),
    };

    return cmocka_run_group_tests(tests, tls_case_open, tls_case_close);
}
