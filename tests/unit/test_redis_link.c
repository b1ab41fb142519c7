/* SPDX-License-Identifier: MIT
 *
 * The calls of a link, and how they end. */
#include "link_case.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"

static void binary_arguments_of_any_size_pass(void **state)
{
    static const size_t sizes[] = {0, 1, 4096, 5 * 1024 * 1024};
    struct redis_link *link = link_open(redis_server_tcp_url(server));
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct link_answers answers = {0};
        char *value = memory_new(sizes[i] + 1, 1); /* all bytes are NUL */
        const char *set[] = {"SET", "binary", value};
        const size_t lengths[] = {3, 6, sizes[i]};

        assert_true(redis_link_call(link, 3, set, lengths, REDIS_LINK_ANYTHING, PATIENT_US,
                                    &answers, link_on_done));
        assert_true(link_call(link, "GET", "binary", PATIENT_US, &answers));
        TURN_UNTIL(answers.replied == 2);

        assert_int_equal(answers.bytes, sizes[i]);
        free(value);
    }
    redis_link_free(link);
}

static void many_calls_of_one_turn_are_answered_in_order(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers answers = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    for (int i = 0; i < 20000; i++)
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
    const size_t in_flight = redis_link_in_flight(link);
    const size_t replied_inside = answers.replied;
    TURN_UNTIL(redis_link_in_flight(link) == 0);

    assert_int_equal(in_flight, 20000);
    assert_int_equal(replied_inside, 0);
    assert_int_equal(answers.replied, 20000);
    assert_int_equal(answers.integer, 20000);
    assert_true(answers.in_order);
    redis_link_free(link);
}

struct chain {
    struct redis_link *link;
    struct link_answers answers;
};

static void on_chained(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct chain *chain = context;

    link_on_done(&chain->answers, status, reply);
    if (reply != NULL && reply->integer < 100)
        assert_true(redis_link_call(chain->link, 2, (const char *[]){"INCR", "counter"}, NULL,
                                    REDIS_LINK_AN_INTEGER, PATIENT_US, chain, on_chained));
}

static void a_reply_may_lead_to_the_next_call(void **state)
{
    struct chain chain = {.link = link_open(redis_server_unix_url(server))};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    assert_true(redis_link_call(chain.link, 2, (const char *[]){"INCR", "counter"}, NULL,
                                REDIS_LINK_AN_INTEGER, PATIENT_US, &chain, on_chained));
    TURN_UNTIL(chain.answers.integer == 100);

    assert_int_equal(redis_link_in_flight(chain.link), 0);
    redis_link_free(chain.link);
}

static void an_error_reply_is_a_reply(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers answers = {0};
    (void)state;

    assert_true(link_call(link, "NOSUCH", "command", PATIENT_US, &answers));
    TURN_UNTIL(answers.replied == 1);

    assert_true(redis_link_is_ready(link));
    redis_link_free(link);
}

static void a_late_reply_is_told_once_it_comes(void **state)
{
    struct redis_link *link = link_open(redis_server_tcp_url(server));
    struct link_answers late = {0};
    struct link_answers next = {0};
    (void)state;
    (void)redis_server_command(server, "SET counter 41");
    redis_server_pause(server);

    assert_true(link_call(link, "INCR", "counter", HASTY_US, &late));
    assert_true(link_call(link, "INCR", "counter", HASTY_US, &late));
    TURN_UNTIL(late.late == 2);
    const size_t in_flight = redis_link_in_flight(link);
    redis_server_continue(server);
    assert_true(link_call(link, "INCR", "counter", PATIENT_US, &next));
    TURN_UNTIL(next.replied == 1);

    assert_int_equal(in_flight, 0);
    assert_int_equal(late.late, 2);
    assert_int_equal(late.replied + late.lost, 0);
    assert_int_equal(late.replied_late, 2);
    assert_int_equal(next.integer, 44);
    redis_link_free(link);
}

/* What on_settled() saw last. */
struct room {
    struct redis_link *link;
    size_t in_flight;
    size_t unanswered;
    bool is_ready;
};

static void on_settled(void *context)
{
    struct room *room = context;

    room->in_flight = redis_link_in_flight(room->link);
    room->unanswered = redis_link_unanswered(room->link);
    room->is_ready = redis_link_is_ready(room->link);
}

static void a_caller_that_waits_for_room_is_told_whenever_there_is_some(void **state)
{
    struct room room = {0};
    const struct redis_link_options options = {
        .endpoint = endpoint_at(redis_server_unix_url(server)),
        .settled = on_settled,
        .context = &room,
    };
    struct link_answers answers = {0};
    (void)state;
    room.link = redis_link_new(link_base, &options);
    TURN_UNTIL(redis_link_is_ready(room.link));

    assert_true(link_call(room.link, "INCR", "counter", PATIENT_US, &answers));
    TURN_UNTIL(answers.replied == 1);
    assert_true(room.is_ready);
    assert_int_equal(room.unanswered, 0);

    redis_server_pause(server);
    assert_true(link_call(room.link, "INCR", "counter", HASTY_US, &answers));
    assert_true(link_call(room.link, "INCR", "counter", HASTY_US, &answers));
    TURN_UNTIL(answers.late == 2);
    assert_int_equal(room.in_flight, 0);
    assert_int_equal(room.unanswered, 2);
    redis_server_continue(server);
    TURN_UNTIL(room.unanswered == 0);
    assert_int_equal(answers.replied, 1);

    assert_true(link_call(room.link, "INCR", "counter", PATIENT_US, &answers));
    redis_link_distrust(room.link, "a test");
    assert_int_equal(answers.lost, 1);
    assert_false(room.is_ready);
    redis_link_free(room.link);
}

/* The shortest time that an answered call can have taken. */
struct known {
    struct redis_link *link;
    int64_t sent_us;
    int64_t us;
    size_t count;
};

static void on_known(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct known *known = context;

    (void)reply;
    assert_int_equal(status, REDIS_LINK_REPLIED);
    known->us = redis_link_took_at_least_us(known->link, known->sent_us);
    known->count++;
}

/* A reply that came while the worker did not look may have come at once. */
static void a_call_has_taken_as_long_as_its_reply_was_looked_for(void **state)
{
    static const char *const ping[] = {"PING"};
    struct impostor impostor;
    (void)state;
    struct known known = {.link = link_open_to_impostor(&impostor)};

    known.sent_us = clock_monotonic_us();
    for (int i = 0; i < 2; i++)
        assert_true(redis_link_call(known.link, 1, ping, NULL, REDIS_LINK_ANYTHING, PATIENT_US,
                                    &known, on_known));
    link_turn();
    while (clock_monotonic_us() < known.sent_us + HASTY_US)
        ;
    impostor_say(&impostor, "+PONG\r\n");
    TURN_UNTIL(known.count == 1);
    const int64_t first_us = known.us;
    impostor_say(&impostor, "+PONG\r\n");
    TURN_UNTIL(known.count == 2);

    assert_int_equal(first_us, 0);
    assert_in_range(known.us, HASTY_US, clock_monotonic_us() - known.sent_us);
    redis_link_free(known.link);
    impostor_close(&impostor);
}

static void each_call_keeps_its_own_deadline(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers patient = {0};
    struct link_answers hasty = {0};
    (void)state;
    redis_server_pause(server);

    assert_true(link_call(link, "INCR", "counter", PATIENT_US, &patient));
    assert_true(link_call(link, "INCR", "counter", 2 * HASTY_US, &hasty));
    assert_true(link_call(link, "INCR", "counter", HASTY_US, &hasty));
    TURN_UNTIL(hasty.late == 2);
    const size_t in_flight = redis_link_in_flight(link);
    redis_server_continue(server);
    TURN_UNTIL(patient.replied == 1);

    assert_int_equal(in_flight, 1);
    assert_int_equal(hasty.replied + hasty.lost, 0);
    redis_link_free(link);
}

/* Another connection shows what Redis has done. */
static void wait_for_counter(long long value)
{
    WAIT_FOR (10, redis_server_command(server, "GET counter")->str != NULL &&
                      strtoll(redis_server_command(server, "GET counter")->str, NULL, 10) == value)
        ;
}

/* The loop does not turn: the worker is busy for longer than its calls may take. */
static void be_busy_for(int64_t us)
{
    const int64_t until_us = clock_monotonic_us() + us;

    WAIT_FOR (10, clock_monotonic_us() > until_us)
        ;
}

static void a_call_that_the_worker_has_not_written_is_not_late(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers answers = {0};
    (void)state;

    assert_true(link_call(link, "INCR", "counter", HASTY_US, &answers));
    be_busy_for(2 * HASTY_US);
    TURN_UNTIL(redis_link_in_flight(link) == 0);

    assert_int_equal(answers.replied, 1);
    redis_link_free(link);
}

/* So many that one write sends all calls, but one read does not get all replies. */
static void replies_that_have_come_are_read_before_a_call_is_judged(void **state)
{
    static const long long many = 4000;
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers answers = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    for (int i = 0; i < many; i++)
        assert_true(link_call(link, "INCR", "counter", SECOND_US, &answers));
    redis_link_serve(link);
    wait_for_counter(many);
    be_busy_for(SECOND_US);
    TURN_UNTIL(redis_link_in_flight(link) == 0);

    assert_int_equal(answers.late, 0);
    assert_int_equal(answers.replied, many);
    redis_link_free(link);
}

static void a_link_is_served_in_the_middle_of_a_turn(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers answers = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
    redis_link_serve(link);
    wait_for_counter(1);
    WAIT_FOR (10, answers.replied == 1)
        redis_link_serve(link);
    assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
    TURN_UNTIL(answers.replied == 2);

    assert_true(answers.in_order);
    redis_link_free(link);
}

static void a_link_may_be_lost_while_it_is_served(void **state)
{
    struct redis_link *link = link_open(redis_server_tcp_url(server));
    struct link_answers answers = {0};
    (void)state;

    assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
    (void)redis_server_command(server, "CLIENT KILL TYPE normal SKIPME yes");
    WAIT_FOR (10, answers.lost == 1)
        redis_link_serve(link);
    redis_link_serve(link);
    TURN_UNTIL(redis_link_is_ready(link));

    assert_int_equal(answers.replied + answers.late, 0);
    redis_link_free(link);
}

/* A call, and after it the reply that belongs to the call before. */
static void call_with_the_reply_before(struct redis_link *link, const struct impostor *impostor,
                                       struct link_answers *answers)
{
    const size_t ended = answers->late + answers->lost;

    assert_true(link_call(link, "INCR", "counter", HASTY_US, answers));
    if (ended > 0)
        impostor_say(impostor, ":1\r\n");
    TURN_UNTIL(answers->late + answers->lost > ended);
}

static void a_lost_reply_does_not_make_all_that_follow_late(void **state)
{
    struct impostor impostor;
    struct redis_link *link = link_open_to_impostor(&impostor);
    struct link_answers answers = {0};
    (void)state;

    WAIT_FOR (20, !redis_link_is_ready(link))
        call_with_the_reply_before(link, &impostor, &answers);

    assert_int_equal(answers.replied, 0);
    redis_link_free(link);
    impostor_close(&impostor);
}

/* Otherwise the next reply would be taken for the answer to another call. */
static void what_cannot_answer_a_late_call_ends_the_connection(void **state)
{
    static const char *const words[] = {"*1\r\n:1\r\n", "+OK\r\n", "-ERR one\rX-ERR two\r\n",
                                        "-ERR one\n-ERR two\r\n"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct impostor impostor;
        struct redis_link *link = link_open_to_impostor(&impostor);
        struct link_answers late = {0};
        struct link_answers next = {0};

        assert_true(link_call(link, "INCR", "counter", HASTY_US, &late));
        TURN_UNTIL(late.late == 1);
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &next));
        impostor_say(&impostor, words[i]);
        impostor_say(&impostor, ":7\r\n");
        TURN_UNTIL(next.replied + next.lost == 1);

        assert_int_equal(next.replied, 0);
        redis_link_free(link);
        impostor_close(&impostor);
    }
}

static void calls_are_lost_with_the_server_and_work_after_its_restart(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers lost = {0};
    struct link_answers refused = {0};
    struct link_answers after = {0};
    (void)state;
    redis_server_pause(server);
    for (int i = 0; i < 100; i++)
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &lost));
    link_turn();
    redis_server_kill(server);

    TURN_UNTIL(lost.lost == 100);
    const bool accepted = link_call(link, "INCR", "counter", PATIENT_US, &refused);
    redis_server_restart(server);
    TURN_UNTIL(redis_link_is_ready(link));
    assert_true(link_call(link, "INCR", "counter", PATIENT_US, &after));
    TURN_UNTIL(after.replied == 1);

    assert_false(accepted);
    assert_int_equal(lost.replied + lost.late, 0);
    assert_int_equal(refused.replied + refused.late + refused.lost, 0);
    assert_int_equal(after.integer, 1);
    redis_link_free(link);
}

static void free_loses_what_is_out(void **state)
{
    struct redis_link *link = link_open(redis_server_unix_url(server));
    struct link_answers answers = {0};
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));

    redis_link_free(link);

    assert_int_equal(answers.lost, 10);
    assert_int_equal(answers.replied + answers.late, 0);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, link_new_base, link_free_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(binary_arguments_of_any_size_pass),
        TEST(many_calls_of_one_turn_are_answered_in_order),
        TEST(a_reply_may_lead_to_the_next_call),
        TEST(an_error_reply_is_a_reply),
        TEST(a_late_reply_is_told_once_it_comes),
        TEST(a_caller_that_waits_for_room_is_told_whenever_there_is_some),
        TEST(a_call_has_taken_as_long_as_its_reply_was_looked_for),
        TEST(each_call_keeps_its_own_deadline),
        TEST(a_call_that_the_worker_has_not_written_is_not_late),
        TEST(replies_that_have_come_are_read_before_a_call_is_judged),
        TEST(a_link_is_served_in_the_middle_of_a_turn),
        TEST(a_link_may_be_lost_while_it_is_served),
        TEST(a_lost_reply_does_not_make_all_that_follow_late),
        TEST(what_cannot_answer_a_late_call_ends_the_connection),
        TEST(calls_are_lost_with_the_server_and_work_after_its_restart),
        TEST(free_loses_what_is_out),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
