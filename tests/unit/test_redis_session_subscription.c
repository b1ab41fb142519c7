/* SPDX-License-Identifier: MIT
 *
 * What a session hears after it has subscribed. */
#include "session_case.h"

static void a_subscription_is_heard_message_by_message(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    redisReply *message = NULL;
    (void)state;
    assert_int_equal(redis_session_fd(session), -1);
    assert_true(session_run(session, "SUBSCRIBE", "news", NULL, &error));
    assert_true(redis_session_hear(session, &message, &error));
    assert_null(message);

    (void)redis_server_command(server, "PUBLISH news first");
    (void)redis_server_command(server, "PUBLISH news second");

    assert_true(session_hear(session, &message, &error));
    assert_string_equal(message->element[2]->str, "first");
    freeReplyObject(message);
    assert_true(session_hear(session, &message, &error));
    assert_string_equal(message->element[2]->str, "second");
    freeReplyObject(message);
    redis_session_free(session);
}

static void the_end_of_a_subscription_is_told(void **state)
{
    struct redis_session *session = session_to(redis_server_tcp_url(server));
    struct error error = {0};
    redisReply *message = NULL;
    (void)state;
    assert_true(session_run(session, "SUBSCRIBE", "news", NULL, &error));

    (void)redis_server_command(server, "CLIENT KILL TYPE pubsub");

    assert_false(session_hear(session, &message, &error));
    assert_null(message);
    assert_string_equal(error.message, "redis: Server closed the connection");
    assert_int_equal(redis_session_fd(session), -1);
    assert_false(redis_session_hear(session, &message, &error));
    redis_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscription_is_heard_message_by_message),
        cmocka_unit_test(the_end_of_a_subscription_is_told),
    };

    return cmocka_run_group_tests(tests, session_open_group, session_close_group);
}
