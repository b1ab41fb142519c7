/* SPDX-License-Identifier: MIT
 *
 * Links over TLS. */
#include "base/log.h"
#include "base/memory.h"
#include "captured.h"
#include "link_case.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "tls_case.h"

#define LARGE_BYTES ((size_t)1024 * 1024)
#define PIPELINED   48

static const struct text script = {"return 1", 8};

static struct redis_tls *tls;

static int begin_test(void **state)
{
    const struct redis_tls_options options = tls_case_options();

    tls = tls_case_new(&options);
    return link_new_base(state);
}

static int end_test(void **state)
{
    redis_tls_free(tls);
    return link_free_base(state);
}

/* NULL: without TLS. */
static struct redis_link *begin(const char *url, struct redis_tls *link_tls)
{
    struct redis_link_options options = {
        .endpoint = endpoint_at(url),
        .access = access_at(url),
        .scripts = &script,
        .script_count = 1,
    };

    options.access.tls = link_tls;
    return redis_link_new(link_base, &options);
}

/* A link that is ready, to the server that takes any client. */
static struct redis_link *ready(void)
{
    struct redis_link *link = begin(redis_server_tcp_url(tls_open_server), tls);

    TURN_UNTIL(redis_link_is_ready(link));
    return link;
}

static void many_calls_of_one_turn_are_answered_in_order(void **state)
{
    struct redis_link *link = ready();
    struct link_answers answers = {0};
    (void)state;
    (void)redis_server_command(tls_open_server, "DEL counter");

    for (int i = 0; i < 20000; i++)
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
    TURN_UNTIL(redis_link_in_flight(link) == 0);

    assert_int_equal(answers.replied, 20000);
    assert_int_equal(answers.integer, 20000);
    assert_true(answers.in_order);
    redis_link_free(link);
}

static void calls_one_after_the_other_are_answered(void **state)
{
    struct redis_link *link = ready();
    struct link_answers answers = {0};
    (void)state;
    (void)redis_server_command(tls_open_server, "DEL counter");

    for (size_t i = 1; i <= 100; i++) {
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
        TURN_UNTIL(answers.replied == i);
    }

    assert_int_equal(answers.integer, 100);
    redis_link_free(link);
}

/* Each way the sockets are full for most of the time. */
static void long_commands_and_replies_pass_one_another(void **state)
{
    struct redis_link *link = ready();
    struct link_answers answers = {0};
    char *value = memory_new(LARGE_BYTES, 1);
    const char *argv[] = {"ECHO", value};
    const size_t lengths[] = {4, LARGE_BYTES};
    (void)state;

    for (size_t i = 0; i < PIPELINED; i++) {
        assert_true(redis_link_call(link, 2, argv, lengths, REDIS_LINK_ANYTHING, PATIENT_US,
                                    &answers, link_on_done));
    }
    TURN_UNTIL(redis_link_in_flight(link) == 0);

    assert_int_equal(answers.replied, PIPELINED);
    assert_int_equal(answers.bytes, LARGE_BYTES);
    free(value);
    redis_link_free(link);
}

/* A record of TLS has 16 KB. The next one comes with it from the socket, which is then quiet. */
static void the_end_of_a_reply_is_read_with_its_beginning(void **state)
{
    static const size_t sizes[] = {16384, 16400, 16500};
    struct redis_link *link = ready();
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct link_answers answers = {0};
        char *value = memory_new(sizes[i], 1);

        (void)redis_server_command(tls_open_server, "SET long %b", value, sizes[i]);
        assert_true(link_call(link, "GET", "long", PATIENT_US, &answers));
        redis_link_serve(link); /* writes it */
        (void)redis_server_command(tls_open_server, "PING");
        (void)redis_server_command(tls_open_server, "PING"); /* now the whole reply has come */
        TURN_UNTIL(answers.replied == 1);

        assert_int_equal(answers.bytes, sizes[i]);
        free(value);
    }
    redis_link_free(link);
}

/* Redis reads nothing, so the socket fills up; no reply makes it readable meanwhile. */
static void what_a_full_socket_did_not_take_is_sent_later(void **state)
{
    struct redis_link *link = ready();
    struct link_answers answers = {0};
    char *value = memory_new(LARGE_BYTES, 16);
    const char *argv[] = {"SET", "large", value};
    const size_t lengths[] = {3, 5, LARGE_BYTES * 16};
    (void)state;
    redis_link_serve(link); /* reads, and finds nothing */
    redis_server_pause(tls_open_server);

    assert_true(redis_link_call(link, 3, argv, lengths, REDIS_LINK_ANYTHING, PATIENT_US, &answers,
                                link_on_done));
    for (int i = 0; i < 10; i++)
        link_turn();
    redis_server_continue(tls_open_server);
    TURN_UNTIL(redis_link_in_flight(link) == 0);

    assert_int_equal(answers.replied, 1);
    free(value);
    redis_link_free(link);
}

static void a_failed_handshake_harms_no_other_link(void **state)
{
    struct redis_link *link = ready();
    struct link_answers answers = {0};
    struct impostor impostor;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *refusing = begin(impostor.url, tls);

    for (size_t i = 1; impostor_rebuff(&impostor, "-ERR unknown command\r\n") < 5; i++) {
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
        TURN_UNTIL(answers.replied == i);
    }

    assert_int_equal(answers.lost, 0);
    assert_true(redis_link_is_ready(link));
    assert_false(redis_link_is_ready(refusing));
    redis_link_free(refusing);
    redis_link_free(link);
    impostor_close(&impostor);
}

static void a_handshake_that_stops_is_given_up(void **state)
{
    struct impostor impostor;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);

    struct redis_link *link = begin(impostor.url, tls);
    TURN_UNTIL((impostor_accept(&impostor), impostor.count == 2));

    assert_false(redis_link_is_ready(link));
    redis_link_free(link);
    impostor_close(&impostor);
}

static void a_server_without_tls_is_left(void **state)
{
    struct impostor impostor;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);

    struct redis_link *link = begin(impostor.url, tls);
    TURN_UNTIL(impostor_rebuff(&impostor, "-ERR unknown command\r\n") == 3);

    assert_false(redis_link_is_ready(link));
    redis_link_free(link);
    impostor_close(&impostor);
}

static void a_link_connects_again_after_the_server_was_away(void **state)
{
    struct redis_link *link = ready();
    (void)state;

    redis_server_kill(tls_open_server);
    TURN_UNTIL(!redis_link_is_ready(link));
    redis_server_restart(tls_open_server);
    TURN_UNTIL(redis_link_is_ready(link));

    redis_link_free(link);
}

static void call(struct redis_link *link, int argc, const char *const argv[])
{
    struct link_answers answers = {0};

    assert_true(redis_link_call(link, argc, argv, NULL, REDIS_LINK_ANYTHING, PATIENT_US, &answers,
                                link_on_done));
    TURN_UNTIL(answers.replied == 1);
}

/* Redis tells a client that tracks keys of each change, without being asked. */
static void an_answer_nobody_asked_for_ends_the_connection(void **state)
{
    struct redis_link *link = ready();
    (void)state;
    call(link, 2, (const char *[]){"HELLO", "3"});
    call(link, 4, (const char *[]){"CLIENT", "TRACKING", "ON", "BCAST"});

    (void)redis_server_command(tls_open_server, "SET counter 1");
    TURN_UNTIL(!redis_link_is_ready(link));
    TURN_UNTIL(redis_link_is_ready(link));

    redis_link_free(link);
}

/* Its URL begins with redis://. */
static void a_link_without_tls_says_that_the_server_may_need_it(void **state)
{
    struct captured captured;
    const uint64_t lines = log_lines(LOG_WARN);
    (void)state;
    log_set_level(LOG_WARN);

    capture_begin(&captured);
    struct redis_link *link = begin(redis_server_tcp_url(tls_open_server), NULL);
    TURN_UNTIL(log_lines(LOG_WARN) > lines);
    const int told = capture_end(&captured, REDIS_TLS_HINT);
    log_set_level(LOG_ERROR);

    assert_int_equal(told, 1);
    redis_link_free(link);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_calls_of_one_turn_are_answered_in_order),
        TEST(calls_one_after_the_other_are_answered),
        TEST(long_commands_and_replies_pass_one_another),
        TEST(the_end_of_a_reply_is_read_with_its_beginning),
        TEST(what_a_full_socket_did_not_take_is_sent_later),
        TEST(a_failed_handshake_harms_no_other_link),
        TEST(a_handshake_that_stops_is_given_up),
        TEST(a_server_without_tls_is_left),
        TEST(a_link_connects_again_after_the_server_was_away),
        TEST(a_link_without_tls_says_that_the_server_may_need_it),
        TEST(an_answer_nobody_asked_for_ends_the_connection),
    };

    return cmocka_run_group_tests(tests, tls_case_open, tls_case_close);
}
