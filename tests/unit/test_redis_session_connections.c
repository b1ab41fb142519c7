/* SPDX-License-Identifier: MIT
 *
 * When a session leaves its connection, and when it connects again. */
#include "base/clock.h"
#include "redis/redis_bounds.h"
#include "session_case.h"
#include "support/impostor.h"
#include "support/wait.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

static void a_hung_server_costs_one_timeout(void **state)
{
    struct redis_session *session = session_to(redis_server_tcp_url(server));
    struct error error = {0};
    long long integer = 0;
    (void)state;
    assert_true(session_run(session, "DEL", "counter", NULL, &error));
    redis_server_pause(server);

    const bool hung = !session_run(session, "INCR", "counter", NULL, &error);

    redis_server_continue(server);
    assert_true(hung);
    assert_string_equal(error.message, "redis: no answer within 300 ms");
    /* The late reply came on the dropped connection. */
    assert_true(session_run(session, "EXISTS", "nothing", &integer, &error));
    assert_int_equal(integer, 0);
    redis_session_free(session);
}

/* Then the next connect shows whether it is a master again. */
static void a_master_that_has_become_a_replica_is_left(void **state)
{
    const struct redis_endpoint endpoint = endpoint_at(redis_server_unix_url(server));
    const struct redis_access access = {.needs_master = true};
    struct redis_session *session =
        redis_session_new(session_dialer, &endpoint, &access, SESSION_TIMEOUT_MS);
    struct error error = {0};
    (void)state;
    assert_true(session_run(session, "INCR", "counter", NULL, &error));
    (void)redis_server_command(server, "REPLICAOF 127.0.0.1 1");

    session_append(session, "INCR", "counter");
    session_append(session, "GET", "counter");
    const bool is_flushed = redis_session_flush(session, &error);
    const enum redis_session_fault fault = redis_session_fault(session);
    const bool read = session_run(session, "GET", "counter", NULL, &error);

    assert_false(is_flushed);
    assert_int_equal(fault, REDIS_SESSION_OF_REDIS);
    assert_false(read);
    assert_string_equal(error.message, "the server there is no master");
    (void)redis_server_command(server, "REPLICAOF NO ONE");
    WAIT_FOR (5, session_run(session, "INCR", "counter", NULL, &error))
        ;
    redis_session_free(session);
}

static void connects_again_after_the_server_was_away(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    assert_true(session_run(session, "INCR", "counter", NULL, &error));
    redis_server_kill(server);

    const bool lost = !session_run(session, "INCR", "counter", NULL, &error);
    const bool refused = !session_run(session, "INCR", "counter", NULL, &error);

    assert_true(lost);
    assert_true(refused);
    assert_non_null(strstr(error.message, "cannot connect to redis at unix:///"));
    redis_server_restart(server);
    WAIT_FOR (5, session_run(session, "INCR", "counter", NULL, &error))
        ;
    redis_session_free(session);
}

/* Only an attempt within the hold-off proves anything. False when the machine was too busy for
 * that. */
static bool second_attempt_is_held_off(void)
{
    struct impostor impostor;
    struct error first = {0};
    struct error second = {0};
    impostor_open(&impostor);
    struct redis_session *session = session_to(impostor.url);
    const int64_t begin_us = clock_monotonic_us();

    assert_false(session_run(session, "INCR", "counter", NULL, &first));
    impostor_listen(&impostor);
    assert_false(session_run(session, "INCR", "counter", NULL, &second));

    const bool was_in_time = clock_monotonic_us() - begin_us < 200 * 1000;
    if (was_in_time) {
        assert_false(impostor_accept(&impostor));
        assert_string_equal(second.message, first.message);
    }
    redis_session_free(session);
    impostor_close(&impostor);
    return was_in_time;
}

static void a_failed_connect_holds_off_the_next(void **state)
{
    (void)state;

    WAIT_FOR (10, second_attempt_is_held_off())
        ;
}

/* Says its words to each client that it accepts, again and again. */
struct speaker {
    struct impostor impostor;
    const char *words;
};

/* Runs in a thread, because a session blocks. */
static void *speak(void *context)
{
    struct speaker *speaker = context;
    struct pollfd listening = {.fd = speaker->impostor.listening, .events = POLLIN};

    if (poll(&listening, 1, SESSION_TIMEOUT_MS * 10) == 1 && impostor_accept(&speaker->impostor)) {
        const int fd = speaker->impostor.connections[0];
        while (send(fd, speaker->words, strlen(speaker->words), MSG_NOSIGNAL) > 0)
            ;
    }
    return NULL;
}

static void what_is_longer_than_any_answer_ends_the_connection(void **state)
{
    static char endless[65536];
    (void)state;
    memset(endless, 'x', sizeof(endless) - 1);
    memcpy(endless, "$9000000000\r\n", strlen("$9000000000\r\n"));
    const char *const words[] = {"*2147483647\r\n", "*1000\r\n*1000000\r\n", endless};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct speaker speaker = {.words = words[i]};
        struct error error = {0};
        pthread_t thread;
        impostor_open(&speaker.impostor);
        impostor_listen(&speaker.impostor);
        const struct redis_endpoint endpoint = endpoint_at(speaker.impostor.url);
        struct redis_session *session = redis_session_new(
            session_dialer, &endpoint, &(struct redis_access){0}, SESSION_PATIENCE_MS);
        assert_int_equal(pthread_create(&thread, NULL, speak, &speaker), 0);

        const bool ran = session_run(session, "INCR", "counter", NULL, &error);

        assert_false(ran);
        assert_string_equal(error.message, "redis: " REDIS_BOUNDS_PASSED);
        assert_int_equal(pthread_join(thread, NULL), 0);
        redis_session_free(session);
        impostor_close(&speaker.impostor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hung_server_costs_one_timeout),
        cmocka_unit_test(a_master_that_has_become_a_replica_is_left),
        cmocka_unit_test(connects_again_after_the_server_was_away),
        cmocka_unit_test(a_failed_connect_holds_off_the_next),
        cmocka_unit_test(what_is_longer_than_any_answer_ends_the_connection),
    };

    return cmocka_run_group_tests(tests, session_open_group, session_close_group);
}
