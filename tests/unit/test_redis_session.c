/* SPDX-License-Identifier: MIT */
#include "redis/redis_session.h"

#include "base/clock.h"
#include "redis/redis_bounds.h"
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#define TIMEOUT_MS  300
#define PATIENCE_MS 20000

static struct redis_dialer *dialer; /* of all sessions here */

static struct redis_session *patient_session_to(const char *text, int timeout_ms)
{
    const struct redis_endpoint endpoint = endpoint_at(text);
    const struct redis_access access = access_at(text);

    return redis_session_new(dialer, &endpoint, &access, timeout_ms);
}

static struct redis_session *session_to(const char *text)
{
    return patient_session_to(text, TIMEOUT_MS);
}

/* Runs a command. Keeps only whether it worked, and the integer of its reply. */
static bool run(struct redis_session *session, const char *command, const char *key,
                long long *integer, struct error *error)
{
    const char *argv[] = {command, key};
    const size_t lengths[] = {strlen(command), strlen(key)};
    redisReply *reply = redis_session_command(session, error, 2, argv, lengths);

    if (reply == NULL)
        return false;
    if (integer != NULL)
        *integer = reply->integer;
    freeReplyObject(reply);
    return true;
}

static void append(struct redis_session *session, const char *command, const char *key)
{
    const char *argv[] = {command, key};
    const size_t lengths[] = {strlen(command), strlen(key)};

    redis_session_append(session, 2, argv, lengths);
}

static void commands_are_answered(void **state)
{
    const char *const urls[] = {redis_server_tcp_url(server), redis_server_unix_url(server)};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        struct redis_session *session = session_to(urls[i]);
        struct error error = {0};
        long long integer = 0;
        (void)redis_server_command(server, "DEL counter");

        const bool ran = run(session, "INCR", "counter", &integer, &error);

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

    const bool refused = !run(session, "INCR", "word", NULL, &error);
    const bool ran = run(session, "GET", "word", NULL, &error);

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

    const bool refused = !run(session, "UNKNOWN", "alice", NULL, &error);

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

    assert_false(run(session, "INCR", "word", NULL, &error));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_CALL);
    assert_false(run(session, "LLEN", "word", NULL, &error));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_KEY);
    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    assert_false(run(session, "INCR", "counter", NULL, &error));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_REDIS);
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    redis_server_pause(server);
    assert_false(run(session, "LLEN", "word", NULL, &error));
    redis_server_continue(server);
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_REDIS);
    redis_session_free(session);
}

/* EXEC itself succeeds, and its reply has each command's answer. */
static void what_fails_in_a_transaction_fails_its_flush(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "SET word text");

    redis_session_append(session, 1, (const char *[]){"MULTI"}, NULL);
    append(session, "LPOP", "word");
    redis_session_append(session, 1, (const char *[]){"EXEC"}, NULL);

    assert_false(redis_session_flush(session, &error));
    assert_non_null(strstr(error.message, "WRONGTYPE"));
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_KEY);
    redis_session_free(session);
}

static void a_database_is_selected(void **state)
{
    char url[256];
    struct error error = {0};
    (void)state;
    (void)snprintf(url, sizeof(url), "%s?db=5", redis_server_unix_url(server));
    struct redis_session *session = session_to(url);

    const bool ran = run(session, "INCR", "elsewhere", NULL, &error);

    assert_true(ran);
    assert_int_equal(redis_server_command(server, "EXISTS elsewhere")->integer, 0);
    redis_session_free(session);
}

static void a_hung_server_costs_one_timeout(void **state)
{
    struct redis_session *session = session_to(redis_server_tcp_url(server));
    struct error error = {0};
    long long integer = 0;
    (void)state;
    assert_true(run(session, "DEL", "counter", NULL, &error));
    redis_server_pause(server);

    const bool hung = !run(session, "INCR", "counter", NULL, &error);

    redis_server_continue(server);
    assert_true(hung);
    assert_string_equal(error.message, "redis: no answer within 300 ms");
    /* The late reply came on the dropped connection. */
    assert_true(run(session, "EXISTS", "nothing", &integer, &error));
    assert_int_equal(integer, 0);
    redis_session_free(session);
}

/* Then the next connect shows whether it is a master again. */
static void a_master_that_has_become_a_replica_is_left(void **state)
{
    const struct redis_endpoint endpoint = endpoint_at(redis_server_unix_url(server));
    const struct redis_access access = {.needs_master = true};
    struct redis_session *session = redis_session_new(dialer, &endpoint, &access, TIMEOUT_MS);
    struct error error = {0};
    (void)state;
    assert_true(run(session, "INCR", "counter", NULL, &error));
    (void)redis_server_command(server, "REPLICAOF 127.0.0.1 1");

    append(session, "INCR", "counter");
    append(session, "GET", "counter");
    const bool is_flushed = redis_session_flush(session, &error);
    const enum redis_session_fault fault = redis_session_fault(session);
    const bool read = run(session, "GET", "counter", NULL, &error);

    assert_false(is_flushed);
    assert_int_equal(fault, REDIS_SESSION_OF_REDIS);
    assert_false(read);
    assert_string_equal(error.message, "the server there is no master");
    (void)redis_server_command(server, "REPLICAOF NO ONE");
    WAIT_FOR (5, run(session, "INCR", "counter", NULL, &error))
        ;
    redis_session_free(session);
}

static void connects_again_after_the_server_was_away(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    assert_true(run(session, "INCR", "counter", NULL, &error));
    redis_server_kill(server);

    const bool lost = !run(session, "INCR", "counter", NULL, &error);
    const bool refused = !run(session, "INCR", "counter", NULL, &error);

    assert_true(lost);
    assert_true(refused);
    assert_non_null(strstr(error.message, "cannot connect to redis at unix:///"));
    redis_server_restart(server);
    WAIT_FOR (5, run(session, "INCR", "counter", NULL, &error))
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

    assert_false(run(session, "INCR", "counter", NULL, &first));
    impostor_listen(&impostor);
    assert_false(run(session, "INCR", "counter", NULL, &second));

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

    if (poll(&listening, 1, TIMEOUT_MS * 10) == 1 && impostor_accept(&speaker->impostor)) {
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
        struct redis_session *session = patient_session_to(speaker.impostor.url, PATIENCE_MS);
        assert_int_equal(pthread_create(&thread, NULL, speak, &speaker), 0);

        const bool ran = run(session, "INCR", "counter", NULL, &error);

        assert_false(ran);
        assert_string_equal(error.message, "redis: " REDIS_BOUNDS_PASSED);
        assert_int_equal(pthread_join(thread, NULL), 0);
        redis_session_free(session);
        impostor_close(&speaker.impostor);
    }
}

static void what_was_appended_is_sent_by_one_flush(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    for (int i = 0; i < 1000; i++)
        append(session, "INCR", "counter");
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
    append(session, "INCR", "word");
    append(session, "INCR", "counter");

    const bool first = redis_session_flush(session, &error);
    append(session, "INCR", "counter");
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
    append(session, "INCR", "counter");
    append(session, "LLEN", "word");
    append(session, "INCR", "counter");

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
    assert_true(run(session, "EXISTS", "counter", NULL, &error));
    append(session, "EXISTS", "counter");
    append(session, "EXISTS", "counter");
    redis_server_pause(server);

    redisReply *first = redis_session_take(session, &error);
    redis_server_continue(server);
    redisReply *second = redis_session_take(session, &error);

    assert_null(first);
    assert_null(second);
    assert_string_equal(error.message, "redis: no answer within 300 ms");
    assert_int_equal(redis_session_fault(session), REDIS_SESSION_OF_REDIS);
    assert_true(run(session, "EXISTS", "nothing", &integer, &error));
    redis_session_free(session);
}

#define SLOW_REPLIES 100

/* Accepts a client, and answers twice as many commands as are asked. Each answer is well within the
 * timeout. */
static void *answer_slowly(void *context)
{
    struct impostor *impostor = context;
    struct pollfd listening = {.fd = impostor->listening, .events = POLLIN};
    int replies = 0;

    if (poll(&listening, 1, TIMEOUT_MS * 10) == 1 && impostor_accept(impostor)) {
        while (replies < 2 * SLOW_REPLIES &&
               send(impostor->connections[0], "+OK\r\n", strlen("+OK\r\n"), MSG_NOSIGNAL) > 0) {
            (void)poll(NULL, 0, TIMEOUT_MS / 10);
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
        append(session, "INCR", "counter");
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
    append(session, "INCR", "counter");
    append(session, "INCR", "counter");

    const bool flushed = redis_session_flush(session, &error);
    struct error none = {0};
    const bool nothing_left = redis_session_flush(session, &none);

    assert_false(flushed);
    assert_non_null(strstr(error.message, "Connection refused"));
    assert_true(nothing_left);
    redis_session_free(session);
    impostor_close(&impostor);
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

    const bool accepted = run(right, "INCR", "counter", NULL, &error);
    const bool refused = !run(wrong, "INCR", "counter", NULL, &error);

    assert_true(accepted);
    assert_true(refused);
    assert_non_null(strstr(error.message, "redis refused AUTH: WRONGPASS"));
    redis_session_free(right);
    redis_session_free(wrong);
    redis_server_stop(locked);
}

static int open_group(void **state)
{
    dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    return redis_group_open(state);
}

static int close_group(void **state)
{
    redis_dialer_free(dialer);
    return redis_group_close(state);
}

/* Waits for the next message. False when the subscription has ended. */
static bool hear(struct redis_session *session, redisReply **message, struct error *error)
{
    bool is_there = redis_session_hear(session, message, error);

    while (is_there && *message == NULL) {
        struct pollfd socket = {.fd = redis_session_fd(session), .events = POLLIN};
        assert_int_equal(poll(&socket, 1, PATIENCE_MS), 1);
        is_there = redis_session_hear(session, message, error);
    }
    return is_there;
}

static void a_subscription_is_heard_message_by_message(void **state)
{
    struct redis_session *session = session_to(redis_server_unix_url(server));
    struct error error = {0};
    redisReply *message = NULL;
    (void)state;
    assert_int_equal(redis_session_fd(session), -1);
    assert_true(run(session, "SUBSCRIBE", "news", NULL, &error));
    assert_true(redis_session_hear(session, &message, &error));
    assert_null(message);

    (void)redis_server_command(server, "PUBLISH news first");
    (void)redis_server_command(server, "PUBLISH news second");

    assert_true(hear(session, &message, &error));
    assert_string_equal(message->element[2]->str, "first");
    freeReplyObject(message);
    assert_true(hear(session, &message, &error));
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
    assert_true(run(session, "SUBSCRIBE", "news", NULL, &error));

    (void)redis_server_command(server, "CLIENT KILL TYPE pubsub");

    assert_false(hear(session, &message, &error));
    assert_null(message);
    assert_string_equal(error.message, "redis: Server closed the connection");
    assert_int_equal(redis_session_fd(session), -1);
    assert_false(redis_session_hear(session, &message, &error));
    redis_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_answered),
        cmocka_unit_test(an_error_reply_is_an_error_and_keeps_the_connection),
        cmocka_unit_test(an_error_quotes_nothing_of_what_was_sent),
        cmocka_unit_test(a_failure_tells_whose_fault_it_is),
        cmocka_unit_test(what_fails_in_a_transaction_fails_its_flush),
        cmocka_unit_test(a_database_is_selected),
        cmocka_unit_test(a_hung_server_costs_one_timeout),
        cmocka_unit_test(a_master_that_has_become_a_replica_is_left),
        cmocka_unit_test(connects_again_after_the_server_was_away),
        cmocka_unit_test(a_failed_connect_holds_off_the_next),
        cmocka_unit_test(what_is_longer_than_any_answer_ends_the_connection),
        cmocka_unit_test(what_was_appended_is_sent_by_one_flush),
        cmocka_unit_test(a_flush_tells_of_any_failure_and_runs_the_rest),
        cmocka_unit_test(each_reply_that_is_taken_tells_of_its_own_command),
        cmocka_unit_test(all_that_is_left_fails_with_the_connection),
        cmocka_unit_test(replies_that_come_slowly_one_by_one_are_not_waited_for),
        cmocka_unit_test(an_empty_flush_succeeds_without_connecting),
        cmocka_unit_test(a_flush_fails_when_nothing_could_be_appended),
        cmocka_unit_test(the_password_decides),
        cmocka_unit_test(a_subscription_is_heard_message_by_message),
        cmocka_unit_test(the_end_of_a_subscription_is_told),
    };

    return cmocka_run_group_tests(tests, open_group, close_group);
}
