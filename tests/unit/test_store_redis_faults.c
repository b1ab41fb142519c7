/* SPDX-License-Identifier: MIT
 *
 * What the Redis engine makes of a Redis that is away, that hangs, or that answers with errors. */
#include "asker.h"
#include "captured.h"

#include "base/log.h"
#include "store/breaker.h"

#include <sys/socket.h>

/* The status of a take of 1 that gets this reply. */
static enum take_status status_of_reply(const char *reply)
{
    struct impostor impostor;
    struct answers answers = {0};
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);

    asker_take(store, 1, &answers);
    impostor_say(&impostor, reply);
    TURN_UNTIL(answers.count == 1);

    store_free(store);
    impostor_close(&impostor);
    return answers.last.status;
}

static void replies_that_no_limit_can_give_are_not_accepted(void **state)
{
    static const char *const impossible[] = {
        ":1\r\n:999\r\n:3600000000\r\n:0\r\n",        /* denied, but it fits */
        ":-1\r\n:999\r\n:3600000000\r\n:0\r\n",       /* never allowed, but it fits */
        ":-1\r\n:0\r\n:0\r\n:0\r\n",                  /* never allowed, but it fits when empty */
        ":0\r\n:1000\r\n:3600000000\r\n:0\r\n",       /* charged, but the whole quota is left */
        ":0\r\n:1000000000\r\n:3600000000\r\n:0\r\n", /* more is left than the quota */
        ":0\r\n:999\r\n:0\r\n:0\r\n",                 /* charged, but nothing will come back */
        ":0\r\n:999\r\n:7200000001\r\n:0\r\n",        /* whole only after the next window */
        ":3600000001\r\n:0\r\n:3600000000\r\n:0\r\n", /* denied for longer than a charge counts */
        ":0\r\n:999\r\n:3600000000\r\n:1\r\n",        /* a delay, but the algorithm has no queue */
    };
    (void)state;

    assert_int_equal(status_of_reply("*5\r\n:0\r\n:999\r\n:3600000000\r\n:0\r\n:1\r\n"), TAKE_DONE);
    assert_int_equal(status_of_reply("*5\r\n:1\r\n:0\r\n:3600000000\r\n:0\r\n:1\r\n"), TAKE_DONE);
    for (size_t i = 0; i < ARRAY_COUNT(impossible); i++) {
        char reply[128];
        (void)snprintf(reply, sizeof(reply), "*5\r\n%s:1\r\n", impossible[i]);
        if (status_of_reply(reply) != TAKE_BROKEN)
            fail_msg("accepted: %s", impossible[i]);
    }
}

static void a_take_before_the_connection_is_down_at_once(void **state)
{
    struct store *store = asker_store_at(redis_server_unix_url(server), PATIENT_US);
    const struct operation take = asker_take_of(1, &asker_limit, 1);
    const struct operation forget = asker_forget_of(1, &asker_limit);
    struct outcome taken = {.status = TAKE_DONE};
    struct outcome forgotten = {.status = TAKE_DONE};
    (void)state;

    const enum store_answer take_answer = store_ask(store, &take, &taken, NULL, asker_on_done);
    const enum store_answer forget_answer =
        store_ask(store, &forget, &forgotten, NULL, asker_on_done);

    assert_false(store_is_ready(store));
    assert_int_equal(take_answer, STORE_NOW);
    assert_int_equal(taken.status, TAKE_DOWN);
    assert_int_equal(forget_answer, STORE_NOW);
    assert_int_equal(forgotten.status, TAKE_DOWN);
    store_free(store);
}

static void a_hung_redis_is_late_then_left_alone_then_asked_again(void **state)
{
    struct store *store = asker_store(HASTY_US);
    struct answers late = {0};
    struct answers refused = {0};
    (void)state;
    redis_server_pause(server);
    const uint64_t late_before = figure_get(&asker_metrics.figures[METRIC_STORE_CALLS_LATE]);
    const uint64_t down_before = figure_get(&asker_metrics.figures[METRIC_STORE_CALLS_DOWN]);

    for (int i = 0; i < BREAKER_FAILURES; i++)
        asker_take(store, 1, &late);
    TURN_UNTIL(late.count == BREAKER_FAILURES);
    asker_take(store, 1, &refused);
    const bool ready_while_open = store_is_ready(store);
    const struct store_health health = store_health(store);
    redis_server_continue(server);
    TURN_UNTIL(asker_take_and_wait(store, 2) == TAKE_DONE);

    assert_int_equal(late.by_status[TAKE_LATE], BREAKER_FAILURES);
    assert_int_equal(late.count, BREAKER_FAILURES);
    assert_int_equal(refused.by_status[TAKE_DOWN], 1);
    assert_false(ready_while_open);
    assert_true(health.links_connected > 0);
    assert_true(health.breakers_open > 0);
    assert_true(store_is_ready(store));
    assert_false(store_health(store).breakers_open > 0);
    assert_true(figure_get(&asker_metrics.figures[METRIC_STORE_CALLS_LATE]) >=
                late_before + BREAKER_FAILURES);
    assert_true(figure_get(&asker_metrics.figures[METRIC_STORE_CALLS_DOWN]) > down_before);
    store_free(store);
}

static void a_restarted_redis_is_ready_again_without_any_take(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    struct answers lost = {0};
    (void)state;
    redis_server_pause(server);
    for (int i = 0; i < 100; i++)
        asker_take(store, 1, &lost);
    asker_turn();
    redis_server_kill(server);
    TURN_UNTIL(lost.count == 100);
    const bool ready_while_away = store_is_ready(store);

    redis_server_restart(server);
    TURN_UNTIL(store_is_ready(store));

    assert_false(ready_while_away);
    assert_int_equal(asker_take_and_wait(store, 1), TAKE_DONE);
    store_free(store);
}

static void an_error_of_redis_as_a_whole_is_a_refusal(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    (void)state;

    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    const enum take_status out_of_memory = asker_take_and_wait(store, 2);
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    (void)redis_server_command(server, "REPLICAOF 127.0.0.1 1");
    const enum take_status read_only = asker_take_and_wait(store, 2);
    (void)redis_server_command(server, "REPLICAOF NO ONE");
    const enum take_status cured = asker_take_and_wait(store, 2);

    assert_int_equal(out_of_memory, TAKE_REFUSED);
    assert_int_equal(read_only, TAKE_REFUSED);
    assert_int_equal(cured, TAKE_DONE);
    store_free(store);
}

static uint64_t refused_calls(void)
{
    return figure_get(&asker_metrics.figures[METRIC_STORE_CALLS_REFUSED]);
}

/* A Redis that takes no writes still answers a look or a denial, so only a write shows it. */
static void the_breaker_stays_open_until_redis_takes_writes_again(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    struct answers takes = {0};
    (void)state;
    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    for (int i = 0; i < BREAKER_FAILURES; i++)
        assert_int_equal(asker_take_and_wait(store, 2), TAKE_REFUSED);
    const uint64_t before = refused_calls();

    TURN_UNTIL(refused_calls() == before + 3);
    const bool is_open = store_health(store).breakers_open > 0;
    asker_take(store, 2, &takes);
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    TURN_UNTIL(store_is_ready(store));

    assert_true(is_open);
    assert_int_equal(takes.by_status[TAKE_DOWN], 1);
    assert_int_equal(asker_take_and_wait(store, 2), TAKE_DONE);
    store_free(store);
}

/* A Redis that answers `error` to each of BREAKER_FAILURES takes. */
static struct store *store_that_was_told(struct impostor *impostor, const char *error,
                                         struct answers *answers)
{
    impostor_open(impostor);
    impostor_listen(impostor);
    struct store *store = asker_store_at(impostor->url, PATIENT_US);
    TURN_UNTIL(impostor_accept(impostor));
    asker_say_loaded(impostor);
    TURN_UNTIL(store_is_ready(store));
    for (size_t i = 1; i <= BREAKER_FAILURES; i++) {
        asker_take(store, 1, answers);
        impostor_say(impostor, error);
        TURN_UNTIL(answers->count == i);
    }
    return store;
}

static void an_error_of_one_key_takes_redis_away_from_nobody(void **state)
{
    static const char *const errors[] = {
        "-ERR invalid expire time in 'set' command script: 1f, on @user_script:21.\r\n",
        "-ERR user_script:30: attempt to compare nil with number script: 1f\r\n",
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        struct impostor impostor;
        struct answers answers = {0};
        struct answers next = {0};
        struct store *store = store_that_was_told(&impostor, errors[i], &answers);

        assert_int_equal(answers.by_status[TAKE_BROKEN], BREAKER_FAILURES);
        assert_true(store_is_ready(store));
        assert_false(store_health(store).breakers_open > 0);
        asker_take(store, 2, &next);
        impostor_say(&impostor, "*5\r\n:0\r\n:9\r\n:1\r\n:0\r\n:1\r\n");
        TURN_UNTIL(next.count == 1);
        assert_int_equal(next.last.status, TAKE_DONE);
        store_free(store);
        impostor_close(&impostor);
    }
}

static void a_probe_that_is_lost_is_followed_by_another(void **state)
{
    struct impostor impostor;
    struct answers answers = {0};
    (void)state;
    struct store *store = store_that_was_told(&impostor, "-OOM command not allowed\r\n", &answers);

    TURN_UNTIL(asker_scripts(&impostor) == BREAKER_FAILURES + 1);
    assert_int_equal(shutdown(impostor.connections[0], SHUT_RDWR), 0);
    TURN_UNTIL(impostor_accept(&impostor));
    asker_say_loaded(&impostor);
    TURN_UNTIL(store_health(store).links_connected > 0);
    const bool is_ready_unprobed = store_is_ready(store);
    TURN_UNTIL(asker_scripts(&impostor) == 1);
    impostor_say(&impostor, "*5\r\n:0\r\n:9\r\n:1\r\n:0\r\n:1\r\n");
    TURN_UNTIL(store_is_ready(store));

    assert_false(is_ready_unprobed);
    store_free(store);
    impostor_close(&impostor);
}

/* It has not been charged. It is charged later, in the right place. */
static void another_place_takes_redis_away_from_nobody(void **state)
{
    static const char *const errors[] = {
        "-MOVED 3999 127.0.0.1:6381\r\n",
        "-ASK 3999 127.0.0.1:6381\r\n",
        "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
        "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        struct impostor impostor;
        struct answers answers = {0};
        struct store *store = store_that_was_told(&impostor, errors[i], &answers);

        assert_int_equal(answers.by_status[TAKE_REFUSED], BREAKER_FAILURES);
        assert_true(store_is_ready(store));
        store_free(store);
        impostor_close(&impostor);
    }
}

static void the_log_names_the_server_that_refuses(void **state)
{
    struct captured captured;
    struct impostor impostor;
    struct answers answers = {0};
    char wanted[256];
    (void)state;
    log_set_level(LOG_WARN);

    capture_begin(&captured);
    struct store *store = store_that_was_told(&impostor, "-OOM command not allowed\r\n", &answers);
    (void)snprintf(wanted, sizeof(wanted),
                   "\"event\":\"redis refused a decision\",\"redis\":\"%s\",\"reason\":\"OOM ",
                   impostor.url + strlen("redis://"));
    const int told = capture_end(&captured, wanted);

    log_set_level(LOG_ERROR);
    assert_int_equal(told, 1);
    store_free(store);
    impostor_close(&impostor);
}

static void an_error_of_redis_as_a_whole_opens_the_breaker(void **state)
{
    static const char *const errors[] = {
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-BUSY Redis is busy running a script.\r\n",
        "-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
        "-MASTERDOWN Link with MASTER is down\r\n",
        "-MISCONF Redis is configured to save RDB snapshots\r\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        struct impostor impostor;
        struct answers answers = {0};
        struct store *store = store_that_was_told(&impostor, errors[i], &answers);

        assert_int_equal(answers.by_status[TAKE_REFUSED], BREAKER_FAILURES);
        assert_true(store_health(store).breakers_open > 0);
        store_free(store);
        impostor_close(&impostor);
    }
}

/* Otherwise each call could get the reply of the call before, as long as there is one reply too
 * many. */
static void after_what_is_no_decision_no_reply_of_that_connection_counts(void **state)
{
    struct impostor impostor;
    struct answers first = {0};
    struct answers second = {0};
    (void)state;
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);

    asker_take(store, 1, &first);
    asker_take(store, 2, &second);
    impostor_say(&impostor, "*1\r\n:1\r\n*5\r\n:0\r\n:9\r\n:1\r\n:0\r\n:1\r\n");
    TURN_UNTIL(first.count == 1 && second.count == 1);

    assert_int_equal(first.last.status, TAKE_BROKEN);
    assert_int_equal(second.last.status, TAKE_LATE);
    TURN_UNTIL(impostor_accept(&impostor));
    store_free(store);
    impostor_close(&impostor);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replies_that_no_limit_can_give_are_not_accepted),
        TEST(a_take_before_the_connection_is_down_at_once),
        TEST(a_hung_redis_is_late_then_left_alone_then_asked_again),
        TEST(a_probe_that_is_lost_is_followed_by_another),
        TEST(a_restarted_redis_is_ready_again_without_any_take),
        TEST(an_error_of_redis_as_a_whole_is_a_refusal),
        TEST(the_breaker_stays_open_until_redis_takes_writes_again),
        TEST(another_place_takes_redis_away_from_nobody),
        TEST(an_error_of_one_key_takes_redis_away_from_nobody),
        TEST(the_log_names_the_server_that_refuses),
        TEST(an_error_of_redis_as_a_whole_opens_the_breaker),
        TEST(after_what_is_no_decision_no_reply_of_that_connection_counts),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
