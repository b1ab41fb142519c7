/* SPDX-License-Identifier: MIT */
#include "redis/redis_link.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <event2/event.h>

/* Far longer than any test, and shorter than any reply to a test that waits for it. */
#define PATIENT_US MINUTE_US
#define HASTY_US   (20 * MILLISECOND_US)

static const struct text script = {"return 1", 8};

static struct event_base *base;

/* What came of the calls that share it. */
struct answers {
    size_t replied;
    size_t late;
    size_t lost;
    long long integer; /* of the last reply */
    bool in_order;     /* each integer was one more than the one before */
    size_t bytes;      /* of the last string */
};

static void on_done(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct answers *answers = context;

    assert_int_equal(reply != NULL, status == REDIS_LINK_REPLIED);
    switch (status) {
    case REDIS_LINK_REPLIED:
        answers->replied++;
        answers->in_order =
            answers->replied == 1 || (answers->in_order && reply->integer == answers->integer + 1);
        answers->integer = reply->integer;
        answers->bytes = reply->len;
        break;
    case REDIS_LINK_LATE:
        answers->late++;
        break;
    case REDIS_LINK_LOST:
        answers->lost++;
        break;
    }
}

static void turn(void)
{
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

#define TURN_UNTIL(condition)                                                                      \
    WAIT_FOR (20, condition)                                                                       \
    turn()

static struct redis_link *link_to(const char *text)
{
    struct redis_link_options options = {.scripts = &script, .script_count = 1};
    struct error error = {0};

    assert_true(redis_url_parse(text_of(text), &options.url, &error));
    return redis_link_new(base, &options);
}

static struct redis_link *ready_link_to(const char *text)
{
    struct redis_link *link = link_to(text);

    TURN_UNTIL(redis_link_is_ready(link));
    return link;
}

static bool call(struct redis_link *link, const char *command, const char *key, int64_t timeout_us,
                 struct answers *answers)
{
    const char *argv[] = {command, key};
    const size_t lengths[] = {strlen(command), strlen(key)};

    return redis_link_call(link, 2, argv, lengths, REDIS_LINK_AN_INTEGER, timeout_us, answers,
                           on_done);
}

static long long connections_received(void)
{
    const char *stats = redis_server_command(server, "INFO stats")->str;

    return strtoll(strstr(stats, "total_connections_received:") +
                       strlen("total_connections_received:"),
                   NULL, 10);
}

static void becomes_ready_by_path_address_and_name(void **state)
{
    const char *port = strrchr(redis_server_tcp_url(server), ':');
    char by_name[64];
    (void)snprintf(by_name, sizeof(by_name), "redis://localhost%s", port);
    const char *const urls[] = {redis_server_unix_url(server), redis_server_tcp_url(server),
                                by_name};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        struct redis_link *link = link_to(urls[i]);
        const bool early = redis_link_is_ready(link);

        TURN_UNTIL(redis_link_is_ready(link));

        assert_false(early);
        redis_link_free(link);
    }
}

static void a_right_password_and_a_database_are_used(void **state)
{
    struct redis_server *locked = redis_server_start("se@cret");
    struct answers answers = {0};
    char url[256];
    (void)state;
    (void)snprintf(url, sizeof(url), "%s/7", redis_server_tcp_url(locked));

    struct redis_link *link = ready_link_to(url);
    assert_true(call(link, "INCR", "elsewhere", PATIENT_US, &answers));
    TURN_UNTIL(answers.replied == 1);

    assert_int_equal(redis_server_command(locked, "EXISTS elsewhere")->integer, 0);
    redis_link_free(link);
    redis_server_stop(locked);
}

static void a_refused_password_never_becomes_ready_and_is_tried_again(void **state)
{
    char url[256];
    struct answers answers = {0};
    (void)state;
    (void)snprintf(url, sizeof(url), "unix://nobody:wrong@%s",
                   redis_server_unix_url(server) + strlen("unix://"));
    const long long before = connections_received();
    struct redis_link *link = link_to(url);
    bool was_ready = false;

    TURN_UNTIL((was_ready |= redis_link_is_ready(link)) || connections_received() >= before + 5);

    assert_false(was_ready);
    assert_false(call(link, "INCR", "counter", PATIENT_US, &answers));
    redis_link_free(link);
}

static void waits_longer_after_each_failure(void **state)
{
    struct impostor impostor;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *link = link_to(impostor.url);
    const int64_t begin_us = clock_monotonic_us();

    /* Refused at once each time, so only the waits pass: 11 of them last 4 s or so when they grow,
     * 0.3 s when they do not. */
    TURN_UNTIL(impostor_rebuff(&impostor, "-ERR go away\r\n") == 12);

    assert_true(clock_monotonic_us() - begin_us > 600 * 1000);
    redis_link_free(link);
    impostor_close(&impostor);
}

/* hiredis' assertion on it would end the process. */
/* Each of them is lost once, at least, before all have come twice. */
static void many_links_complain_like_one(void **state)
{
    struct redis_link *links[IMPOSTOR_CONNECTIONS_MAX / 2];
    struct impostor impostor;
    const uint64_t lines = log_lines(LOG_WARN);
    const int64_t begin_us = clock_monotonic_us();
    (void)state;
    log_set_level(LOG_WARN);
    impostor_open(&impostor);
    impostor_listen(&impostor);
    for (size_t i = 0; i < ARRAY_COUNT(links); i++)
        links[i] = link_to(impostor.url);

    TURN_UNTIL(impostor_rebuff(&impostor, "-ERR many are called\r\n") == 2 * ARRAY_COUNT(links));

    const uint64_t seconds = (uint64_t)((clock_monotonic_us() - begin_us) / SECOND_US);
    log_set_level(LOG_ERROR);
    assert_in_range(log_lines(LOG_WARN) - lines, 1, 1 + seconds);
    for (size_t i = 0; i < ARRAY_COUNT(links); i++)
        redis_link_free(links[i]);
    impostor_close(&impostor);
}

static void a_server_that_speaks_first_is_left(void **state)
{
    struct impostor impostor;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *link = link_to(impostor.url);

    TURN_UNTIL(impostor_rebuff(&impostor, "+OK hello\r\n") == 6);

    redis_link_free(link);
    impostor_close(&impostor);
}

static void binary_arguments_of_any_size_pass(void **state)
{
    static const size_t sizes[] = {0, 1, 4096, 5 * 1024 * 1024};
    struct redis_link *link = ready_link_to(redis_server_tcp_url(server));
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct answers answers = {0};
        char *value = memory_new(sizes[i] + 1, 1); /* NULs throughout */
        const char *set[] = {"SET", "binary", value};
        const size_t lengths[] = {3, 6, sizes[i]};

        assert_true(redis_link_call(link, 3, set, lengths, REDIS_LINK_ANYTHING, PATIENT_US,
                                    &answers, on_done));
        assert_true(call(link, "GET", "binary", PATIENT_US, &answers));
        TURN_UNTIL(answers.replied == 2);

        assert_int_equal(answers.bytes, sizes[i]);
        free(value);
    }
    redis_link_free(link);
}

static void many_calls_of_one_turn_are_answered_in_order(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers answers = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    for (int i = 0; i < 20000; i++)
        assert_true(call(link, "INCR", "counter", PATIENT_US, &answers));
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
    struct answers answers;
};

static void on_chained(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct chain *chain = context;

    on_done(&chain->answers, status, reply);
    if (reply != NULL && reply->integer < 100)
        assert_true(redis_link_call(chain->link, 2, (const char *[]){"INCR", "counter"}, NULL,
                                    REDIS_LINK_AN_INTEGER, PATIENT_US, chain, on_chained));
}

static void a_reply_may_lead_to_the_next_call(void **state)
{
    struct chain chain = {.link = ready_link_to(redis_server_unix_url(server))};
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
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers answers = {0};
    (void)state;

    assert_true(call(link, "NOSUCH", "command", PATIENT_US, &answers));
    TURN_UNTIL(answers.replied == 1);

    assert_true(redis_link_is_ready(link));
    redis_link_free(link);
}

static void a_late_reply_answers_nobody(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_tcp_url(server));
    struct answers late = {0};
    struct answers next = {0};
    (void)state;
    (void)redis_server_command(server, "SET counter 41");
    redis_server_pause(server);

    assert_true(call(link, "INCR", "counter", HASTY_US, &late));
    assert_true(call(link, "INCR", "counter", HASTY_US, &late));
    TURN_UNTIL(late.late == 2);
    const size_t in_flight = redis_link_in_flight(link);
    redis_server_continue(server);
    assert_true(call(link, "INCR", "counter", PATIENT_US, &next));
    TURN_UNTIL(next.replied == 1);

    assert_int_equal(in_flight, 0);
    assert_int_equal(late.late, 2);
    assert_int_equal(late.replied + late.lost, 0);
    assert_int_equal(next.integer, 44);
    redis_link_free(link);
}

static void each_call_keeps_its_own_deadline(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers patient = {0};
    struct answers hasty = {0};
    (void)state;
    redis_server_pause(server);

    assert_true(call(link, "INCR", "counter", PATIENT_US, &patient));
    assert_true(call(link, "INCR", "counter", 2 * HASTY_US, &hasty));
    assert_true(call(link, "INCR", "counter", HASTY_US, &hasty));
    TURN_UNTIL(hasty.late == 2);
    const size_t in_flight = redis_link_in_flight(link);
    redis_server_continue(server);
    TURN_UNTIL(patient.replied == 1);

    assert_int_equal(in_flight, 1);
    assert_int_equal(hasty.replied + hasty.lost, 0);
    redis_link_free(link);
}

/* What it has done is seen over another connection. */
static void wait_for_counter(long long value)
{
    WAIT_FOR (10, redis_server_command(server, "GET counter")->str != NULL &&
                      strtoll(redis_server_command(server, "GET counter")->str, NULL, 10) == value)
        ;
}

/* Without a turn of the loop: the worker is busy for longer than its calls may take. */
static void be_busy_for(int64_t us)
{
    const int64_t until_us = clock_monotonic_us() + us;

    WAIT_FOR (10, clock_monotonic_us() > until_us)
        ;
}

static void a_call_that_the_worker_has_not_written_is_not_late(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers answers = {0};
    (void)state;

    assert_true(call(link, "INCR", "counter", HASTY_US, &answers));
    be_busy_for(2 * HASTY_US);
    TURN_UNTIL(redis_link_in_flight(link) == 0);

    assert_int_equal(answers.replied, 1);
    redis_link_free(link);
}

/* So many that one write takes the calls, and one read not the replies. */
static void replies_that_have_come_are_read_before_a_call_is_judged(void **state)
{
    static const long long many = 4000;
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers answers = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    for (int i = 0; i < many; i++)
        assert_true(call(link, "INCR", "counter", SECOND_US, &answers));
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
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers answers = {0};
    (void)state;
    (void)redis_server_command(server, "DEL counter");

    assert_true(call(link, "INCR", "counter", PATIENT_US, &answers));
    redis_link_serve(link);
    wait_for_counter(1);
    WAIT_FOR (10, answers.replied == 1)
        redis_link_serve(link);
    assert_true(call(link, "INCR", "counter", PATIENT_US, &answers));
    TURN_UNTIL(answers.replied == 2);

    assert_true(answers.in_order);
    redis_link_free(link);
}

static void a_link_may_be_lost_while_it_is_served(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_tcp_url(server));
    struct answers answers = {0};
    (void)state;

    assert_true(call(link, "INCR", "counter", PATIENT_US, &answers));
    (void)redis_server_command(server, "CLIENT KILL TYPE normal SKIPME yes");
    WAIT_FOR (10, answers.lost == 1)
        redis_link_serve(link);
    redis_link_serve(link);
    TURN_UNTIL(redis_link_is_ready(link));

    assert_int_equal(answers.replied + answers.late, 0);
    redis_link_free(link);
}

static void a_connection_that_stays_silent_is_replaced(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_tcp_url(server));
    struct answers answers = {0};
    (void)state;
    redis_server_pause(server);

    assert_true(call(link, "INCR", "counter", HASTY_US, &answers));
    TURN_UNTIL(!redis_link_is_ready(link));
    redis_server_continue(server);
    TURN_UNTIL(redis_link_is_ready(link));

    assert_int_equal(answers.late, 1);
    assert_int_equal(answers.replied + answers.lost, 0);
    redis_link_free(link);
}

static struct redis_link *idle_link_to(const char *text)
{
    struct redis_link_options options = {.ping_after_us = HASTY_US};
    struct error error = {0};

    assert_true(redis_url_parse(text_of(text), &options.url, &error));
    struct redis_link *link = redis_link_new(base, &options);
    TURN_UNTIL(redis_link_is_ready(link));
    return link;
}

static bool has_been_pinged(long long times)
{
    const char *stats = redis_server_command(server, "INFO commandstats")->str;
    const char *pings = strstr(stats, "cmdstat_ping:calls=");

    return pings != NULL && strtoll(pings + strlen("cmdstat_ping:calls="), NULL, 10) >= times;
}

static void an_idle_link_asks_whether_redis_is_there(void **state)
{
    (void)state;
    (void)redis_server_command(server, "CONFIG RESETSTAT");
    struct redis_link *link = idle_link_to(redis_server_tcp_url(server));

    TURN_UNTIL(has_been_pinged(3));

    assert_int_equal(connections_received(), 1);
    redis_link_free(link);
}

static void an_idle_connection_that_leads_nowhere_is_replaced(void **state)
{
    struct redis_link *link = idle_link_to(redis_server_tcp_url(server));
    (void)state;
    redis_server_pause(server);

    TURN_UNTIL(!redis_link_is_ready(link));
    redis_server_continue(server);
    TURN_UNTIL(redis_link_is_ready(link));

    redis_link_free(link);
}

static void a_refused_ping_is_an_answer(void **state)
{
    char url[256];
    (void)state;
    (void)redis_server_command(server, "ACL SETUSER mute on >x ~* +@all -ping");
    (void)redis_server_command(server, "CONFIG RESETSTAT");
    (void)snprintf(url, sizeof(url), "unix://mute:x@%s",
                   redis_server_unix_url(server) + strlen("unix://"));
    struct redis_link *link = idle_link_to(url);

    TURN_UNTIL(strstr(redis_server_command(server, "INFO commandstats")->str,
                      "cmdstat_ping:calls=0,usec=0,usec_per_call=0.00,rejected_calls=3"));

    assert_true(redis_link_is_ready(link));
    assert_int_equal(connections_received(), 1);
    redis_link_free(link);
}

static bool becomes_ready_after(const char *words)
{
    struct impostor impostor;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *link = link_to(impostor.url);

    TURN_UNTIL(impostor_accept(&impostor));
    impostor_say(&impostor, words);
    TURN_UNTIL(redis_link_is_ready(link) || impostor_accept(&impostor));
    const bool is_ready = redis_link_is_ready(link);

    redis_link_free(link);
    impostor_close(&impostor);
    return is_ready;
}

static void scripts_need_not_be_loaded(void **state)
{
    (void)state;

    assert_true(becomes_ready_after("-NOPERM this user has no permissions to run the "
                                    "'script|load' command\r\n"));
    assert_true(
        becomes_ready_after("-ERR unknown command 'SCRIPT', with args beginning with:\r\n"));
    assert_true(becomes_ready_after("-ERR Script is disabled here\r\n"));
    assert_false(becomes_ready_after("-NOAUTH Authentication required.\r\n"));
    assert_false(becomes_ready_after("-LOADING Redis is loading the dataset in memory\r\n"));
    assert_false(becomes_ready_after("-ERR max number of clients reached\r\n"));
}

static struct redis_link *ready_link_to_impostor(struct impostor *impostor)
{
    impostor_open(impostor);
    impostor_listen(impostor);
    struct redis_link *link = link_to(impostor->url);
    TURN_UNTIL(impostor_accept(impostor));
    impostor_say(impostor, "+OK\r\n"); /* to SCRIPT LOAD */
    TURN_UNTIL(redis_link_is_ready(link));
    return link;
}

/* A call, then the reply that the one before it should have had. */
static void call_with_the_reply_before(struct redis_link *link, const struct impostor *impostor,
                                       struct answers *answers)
{
    const size_t ended = answers->late + answers->lost;

    assert_true(call(link, "INCR", "counter", HASTY_US, answers));
    if (ended > 0)
        impostor_say(impostor, ":1\r\n");
    TURN_UNTIL(answers->late + answers->lost > ended);
}

static void a_lost_reply_does_not_make_all_that_follow_late(void **state)
{
    struct impostor impostor;
    struct redis_link *link = ready_link_to_impostor(&impostor);
    struct answers answers = {0};
    (void)state;

    WAIT_FOR (20, !redis_link_is_ready(link))
        call_with_the_reply_before(link, &impostor, &answers);

    assert_int_equal(answers.replied, 0);
    redis_link_free(link);
    impostor_close(&impostor);
}

/* Else the next one would be taken for the answer to another call. */
static void what_cannot_answer_a_late_call_ends_the_connection(void **state)
{
    static const char *const words[] = {"*1\r\n:1\r\n", "+OK\r\n", "-ERR one\rX-ERR two\r\n",
                                        "-ERR one\n-ERR two\r\n"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct impostor impostor;
        struct redis_link *link = ready_link_to_impostor(&impostor);
        struct answers late = {0};
        struct answers next = {0};

        assert_true(call(link, "INCR", "counter", HASTY_US, &late));
        TURN_UNTIL(late.late == 1);
        assert_true(call(link, "INCR", "counter", PATIENT_US, &next));
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
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers lost = {0};
    struct answers refused = {0};
    struct answers after = {0};
    (void)state;
    redis_server_pause(server);
    for (int i = 0; i < 100; i++)
        assert_true(call(link, "INCR", "counter", PATIENT_US, &lost));
    turn();
    redis_server_kill(server);

    TURN_UNTIL(lost.lost == 100);
    const bool accepted = call(link, "INCR", "counter", PATIENT_US, &refused);
    redis_server_restart(server);
    TURN_UNTIL(redis_link_is_ready(link));
    assert_true(call(link, "INCR", "counter", PATIENT_US, &after));
    TURN_UNTIL(after.replied == 1);

    assert_false(accepted);
    assert_int_equal(lost.replied + lost.late, 0);
    assert_int_equal(refused.replied + refused.late + refused.lost, 0);
    assert_int_equal(after.integer, 1);
    redis_link_free(link);
}

static void being_killed_again_and_again_is_survived(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_tcp_url(server));
    struct answers answers = {0};
    (void)state;

    for (size_t i = 0; i < 50; i++) {
        assert_true(call(link, "INCR", "counter", PATIENT_US, &answers));
        (void)redis_server_command(server, "CLIENT KILL TYPE normal SKIPME yes");
        TURN_UNTIL(answers.lost == i + 1);
        TURN_UNTIL(redis_link_is_ready(link));
    }

    assert_int_equal(answers.replied + answers.late, 0);
    redis_link_free(link);
}

static void a_server_that_accepts_and_never_answers_is_given_up(void **state)
{
    struct impostor impostor;
    bool was_ready = false;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *link = link_to(impostor.url);

    for (size_t i = 0; i < 2; i++)
        TURN_UNTIL((was_ready |= redis_link_is_ready(link)) || impostor_accept(&impostor));

    assert_false(was_ready);
    redis_link_free(link);
    impostor_close(&impostor);
}

static void what_is_no_redis_is_left(void **state)
{
    /* Nonsense, an answer too many, a refusal, half an answer, none. */
    static const char *const words[] = {"HTTP/1.1 400 Bad Request\r\n\r\n",
                                        "$-7\r\n",
                                        "+OK\r\n+OK\r\n",
                                        "-ERR max number of clients reached\r\n",
                                        "*2000\r\n:1\r\n",
                                        "+",
                                        ""};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct impostor impostor;
        impostor_open(&impostor);
        impostor_listen(&impostor);
        struct redis_link *link = link_to(impostor.url);

        /* The second connection shows that the first was given up. */
        TURN_UNTIL(impostor_rebuff(&impostor, words[i]) == 2);

        redis_link_free(link);
        impostor_close(&impostor);
    }
}

static void free_loses_what_is_out(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers answers = {0};
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(call(link, "INCR", "counter", PATIENT_US, &answers));

    redis_link_free(link);

    assert_int_equal(answers.lost, 10);
    assert_int_equal(answers.replied + answers.late, 0);
}

static void an_idle_link_has_one_timer(void **state)
{
    struct redis_link *link = ready_link_to(redis_server_unix_url(server));
    struct answers answers = {0};
    (void)state;

    const int after_connecting = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
    assert_true(call(link, "INCR", "counter", HASTY_US, &answers));
    TURN_UNTIL(answers.replied == 1);
    TURN_UNTIL(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) == 2);

    assert_int_equal(after_connecting, 2); /* and the socket */
    redis_link_free(link);
}

static void may_be_freed_while_a_name_is_looked_up(void **state)
{
    struct redis_link *link = link_to("redis://no-such-host.invalid");
    (void)state;

    for (int i = 0; i < 10; i++)
        turn();
    const bool ready = redis_link_is_ready(link);
    redis_link_free(link);
    /* The resolver gives its memory back in a later turn. */
    TURN_UNTIL(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) == 0);
    turn();

    assert_false(ready);
}

static int new_base(void **state)
{
    (void)state;
    base = event_base_new();
    return base == NULL;
}

static int free_base(void **state)
{
    (void)state;
    event_base_free(base);
    return 0;
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, new_base, free_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(becomes_ready_by_path_address_and_name),
        TEST(a_right_password_and_a_database_are_used),
        TEST(a_refused_password_never_becomes_ready_and_is_tried_again),
        TEST(waits_longer_after_each_failure),
        TEST(many_links_complain_like_one),
        TEST(a_server_that_speaks_first_is_left),
        TEST(binary_arguments_of_any_size_pass),
        TEST(many_calls_of_one_turn_are_answered_in_order),
        TEST(a_reply_may_lead_to_the_next_call),
        TEST(an_error_reply_is_a_reply),
        TEST(a_late_reply_answers_nobody),
        TEST(each_call_keeps_its_own_deadline),
        TEST(a_call_that_the_worker_has_not_written_is_not_late),
        TEST(replies_that_have_come_are_read_before_a_call_is_judged),
        TEST(a_link_is_served_in_the_middle_of_a_turn),
        TEST(a_link_may_be_lost_while_it_is_served),
        TEST(a_connection_that_stays_silent_is_replaced),
        TEST(an_idle_link_asks_whether_redis_is_there),
        TEST(an_idle_connection_that_leads_nowhere_is_replaced),
        TEST(a_refused_ping_is_an_answer),
        TEST(scripts_need_not_be_loaded),
        TEST(a_lost_reply_does_not_make_all_that_follow_late),
        TEST(what_cannot_answer_a_late_call_ends_the_connection),
        TEST(calls_are_lost_with_the_server_and_work_after_its_restart),
        TEST(being_killed_again_and_again_is_survived),
        TEST(a_server_that_accepts_and_never_answers_is_given_up),
        TEST(what_is_no_redis_is_left),
        TEST(free_loses_what_is_out),
        TEST(an_idle_link_has_one_timer),
        TEST(may_be_freed_while_a_name_is_looked_up),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
