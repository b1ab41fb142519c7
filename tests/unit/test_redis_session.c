/* SPDX-License-Identifier: MIT
 *
 * One command at a time: its answer, and whose fault it is that there is none. */
#include "session_case.h"

static void commands_are_answered(void **state)
{
    const char *const urls[] = {redis_server_tcp_url(server), redis_server_unix_url(server)};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        struct redis_session *session = session_to(urls[i]);
        struct error error = {0};
        long long integer = 0;
        (void)redis_server_command(server, "DEL counter");

        const bool ran = session_run(session, "INCR", "counter", &integer, &error);

        assert_true(ran);
        assert_int_equal(integer, 1);
        redis_session_free(session);
    }
}

static void an_error_reply_is_an_error_and_keeps_the_connection(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "SET word text");
    (void)redis_server_command(server, "CONFIG RESETSTAT");

    const bool refused = !session_run(session, "INCR", "word", NULL, &error);
    const bool ran = session_run(session, "GET", "word", NULL, &error);

    assert_true(refused);
    assert_string_equal(error.message, "redis: ERR value is not an integer or out of range");
    assert_true(ran);
    assert_non_null(strstr(redis_server_command(server, "INFO stats")->str,
                           "total_connections_received:1\r\n"));
    redis_session_free(session);
}

static void an_error_quotes_nothing_of_what_was_sent(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;

    const bool refused = !session_run(session, "UNKNOWN", "alice", NULL, &error);

    assert_true(refused);
    assert_non_null(strstr(error.message, "redis: ERR unknown command"));
    assert_null(strstr(error.message, "alice"));
    redis_session_free(session);
}

static void a_failure_tells_whose_fault_it_is(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter word");
    (void)redis_server_command(server, "SET word text");

    assert_false(session_run(session, "INCR", "word", NULL, &error));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_CALL);
    assert_false(session_run(session, "LLEN", "word", NULL, &error));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_KEY);
    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    assert_false(session_run(session, "INCR", "counter", NULL, &error));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_REDIS);
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    redis_server_pause(server);
    assert_false(session_run(session, "LLEN", "word", NULL, &error));
    redis_server_continue(server);
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_REDIS);
    redis_session_free(session);
}

static void a_database_is_selected(void **state)
{
    char url[256];
    struct error error = {0};
    (void)state;
    (void)snprintf(url, sizeof(url), "%s?db=5", redis_server_unix_url(server));
    struct redis_session *session = session_to(url);

    const bool ran = session_run(session, "INCR", "elsewhere", NULL, &error);

    assert_true(ran);
    assert_int_equal(redis_server_command(server, "EXISTS elsewhere")->integer, 0);
    redis_session_free(session);
}

static void the_password_decides(void **state)
{
    struct redis_server *locked = redis_server_start("se@cret");
    struct redis_session *right = session_to(redis_server_tcp_url(locked));
    char url[256];
    struct error error = {0};
    (void)state;
    (void)snprintf(url, sizeof(url), "unix://:wrong@%s",
                   redis_server_unix_url(locked) + strlen("unix://"));
    struct redis_session *wrong = session_to(url);

    const bool accepted = session_run(right, "INCR", "counter", NULL, &error);
    const bool refused = !session_run(wrong, "INCR", "counter", NULL, &error);

    assert_true(accepted);
    assert_true(refused);
    assert_non_null(strstr(error.message, "redis refused AUTH: WRONGPASS"));
    redis_session_free(right);
    redis_session_free(wrong);
    redis_server_stop(locked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_answered),
        cmocka_unit_test(an_error_reply_is_an_error_and_keeps_the_connection),
        cmocka_unit_test(an_error_quotes_nothing_of_what_was_sent),
        cmocka_unit_test(a_failure_tells_whose_fault_it_is),
        cmocka_unit_test(a_database_is_selected),
        cmocka_unit_test(the_password_decides),
    };

    return cmocka_run_group_tests(tests, session_open_group, session_close_group);
}
