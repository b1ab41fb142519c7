/* SPDX-License-Identifier: MIT
 *
 * Commands that are sent together. */
#include "session_case.h"
#include "support/impostor.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#define SLOW_REPLIES 100

/* EXEC itself succeeds, and its reply has each command's answer. */
static void what_fails_in_a_transaction_fails_its_flush(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "SET word text");

    redis_session_append(session, 1, (const char *[]){"MULTI"}, NULL);
    session_append(session, "LPOP", "word");
    redis_session_append(session, 1, (const char *[]){"EXEC"}, NULL);

    assert_false(redis_session_flush(session, &error));
    assert_non_null(strstr(error.message, "WRONGTYPE"));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_KEY);
    redis_session_free(session);
}

static void what_was_appended_is_sent_by_one_flush(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    for (int i = 0; i < 1000; i++)
        session_append(session, "INCR", "counter");
    const bool before = redis_server_command(server, "EXISTS counter")->integer == 1;
    const bool flushed = redis_session_flush(session, &error);

    assert_false(before);
    assert_true(flushed);
    assert_string_equal(redis_server_command(server, "GET counter")->str, "1000");
    redis_session_free(session);
}

static void a_flush_tells_of_any_failure_and_runs_the_rest(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "SET word text");
    (void)redis_server_command(server, "DEL counter");
    session_append(session, "INCR", "word");
    session_append(session, "INCR", "counter");

    const bool first = redis_session_flush(session, &error);
    session_append(session, "INCR", "counter");
    struct error none = {0};
    const bool second = redis_session_flush(session, &none);

    assert_false(first);
    assert_non_null(strstr(error.message, "not an integer"));
    assert_true(second);
    assert_string_equal(redis_server_command(server, "GET counter")->str, "2");
    redis_session_free(session);
}

static void each_reply_that_is_taken_tells_of_its_own_command(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "SET word text");
    (void)redis_server_command(server, "DEL counter");
    session_append(session, "INCR", "counter");
    session_append(session, "LLEN", "word");
    session_append(session, "INCR", "counter");

    redisReply *first = redis_session_take(session, &error);
    redisReply *second = redis_session_take(session, &error);
    const enum redis_session_fault fault = redis_session_fault(session);
    redisReply *third = redis_session_take(session, &error);

    assert_int_equal(first->integer, 1);
    assert_null(second);
    assert_int_equal(fault, REDIS_SESSION_OF_KEY);
    assert_int_equal(third->integer, 2);
    freeReplyObject(first);
    freeReplyObject(third);
    redis_session_free(session);
}

static void all_that_is_left_fails_with_the_connection(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    long long integer = 0;
    (void)state;
    assert_true(session_run(session, "EXISTS", "counter", NULL, &error));
    session_append(session, "EXISTS", "counter");
    session_append(session, "EXISTS", "counter");
    redis_server_pause(server);

    redisReply *first = redis_session_take(session, &error);
    redis_server_continue(server);
    redisReply *second = redis_session_take(session, &error);

    assert_null(first);
    assert_null(second);
    assert_string_equal(error.message, "redis: no answer within 300 ms");
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_REDIS);
    assert_true(session_run(session, "EXISTS", "nothing", &integer, &error));
    redis_session_free(session);
}

/* Accepts a client, and answers twice as many commands as are asked. Each answer is well within the
 * timeout. */
static void *answer_slowly(void *context)
{
    struct impostor *impostor = context;
    struct pollfd listening = {.fd = impostor->listening, .events = POLLIN};
    int replies = 0;

    if (poll(&listening, 1, SESSION_TIMEOUT_MS * 10) == 1 && impostor_accept(impostor)) {
        while (replies < 2 * SLOW_REPLIES &&
               send(impostor->connections[0], "+OK\r\n", strlen("+OK\r\n"), MSG_NOSIGNAL) > 0) {
            (void)poll(NULL, 0, SESSION_TIMEOUT_MS / 10);
            replies++;
        }
    }
    return NULL;
}

static void replies_that_come_slowly_one_by_one_are_not_waited_for(void **state)
{
    struct impostor impostor;
    struct error error = {0};
    pthread_t thread;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_session *session = session_to(impostor.url);
    assert_int_equal(pthread_create(&thread, NULL, answer_slowly, &impostor), 0);

    for (int i = 0; i < SLOW_REPLIES; i++)
        session_append(session, "INCR", "counter");
    const bool flushed = redis_session_flush(session, &error);

    assert_false(flushed);
    assert_string_equal(error.message, "redis: no answer within 300 ms");
    redis_session_free(session);
    assert_int_equal(pthread_join(thread, NULL), 0);
    impostor_close(&impostor);
}

static void an_empty_flush_succeeds_without_connecting(void **state)
{
    struct impostor impostor;
    struct error error = {0};
    (void)state;
    impostor_open(&impostor);
    struct redis_session *session = session_to(impostor.url);

    const bool flushed = redis_session_flush(session, &error);

    assert_true(flushed);
    redis_session_free(session);
    impostor_close(&impostor);
}

static void a_flush_fails_when_nothing_could_be_appended(void **state)
{
    struct impostor impostor;
    struct error error = {0};
    (void)state;
    impostor_open(&impostor);
    struct redis_session *session = session_to(impostor.url);
    session_append(session, "INCR", "counter");
    session_append(session, "INCR", "counter");

    const bool flushed = redis_session_flush(session, &error);
    struct error none = {0};
    const bool nothing_left = redis_session_flush(session, &none);

    assert_false(flushed);
    assert_non_null(strstr(error.message, "Connection refused"));
    assert_true(nothing_left);
    redis_session_free(session);
    impostor_close(&impostor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fails_in_a_transaction_fails_its_flush),
        cmocka_unit_test(what_was_appended_is_sent_by_one_flush),
        cmocka_unit_test(a_flush_tells_of_any_failure_and_runs_the_rest),
        cmocka_unit_test(each_reply_that_is_taken_tells_of_its_own_command),
        cmocka_unit_test(all_that_is_left_fails_with_the_connection),
        cmocka_unit_test(replies_that_come_slowly_one_by_one_are_not_waited_for),
        cmocka_unit_test(an_empty_flush_succeeds_without_connecting),
        cmocka_unit_test(a_flush_fails_when_nothing_could_be_appended),
    };

    return cmocka_run_group_tests(tests, session_open_group, session_close_group);
}
