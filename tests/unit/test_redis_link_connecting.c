/* SPDX-License-Identifier: MIT
 *
 * How a link finds its Redis, and how it keeps trying. */
#include "link_case.h"

#include "base/clock.h"
#include "base/log.h"
#include "support/cmocka.h"
#include "support/redis_group.h"

static void becomes_ready_by_path_address_and_name(void **state)
{
    const char *port = strrchr(redis_server_tcp_url(server), ':');
    char by_name[64];
    (void)snprintf(by_name, sizeof(by_name), "redis://localhost%s", port);
    const char *const urls[] = {redis_server_unix_url(server), redis_server_tcp_url(server),
                                by_name};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        struct redis_link *link = link_begin(urls[i]);
        const bool early = redis_link_is_ready(link);

        TURN_UNTIL(redis_link_is_ready(link));

        assert_false(early);
        redis_link_free(link);
    }
}

static void a_right_password_and_a_database_are_used(void **state)
{
    struct redis_server *locked = redis_server_start("se@cret");
    struct link_answers answers = {0};
    char url[256];
    (void)state;
    (void)snprintf(url, sizeof(url), "%s/7", redis_server_tcp_url(locked));

    struct redis_link *link = link_open(url);
    assert_true(link_call(link, "INCR", "elsewhere", PATIENT_US, &answers));
    TURN_UNTIL(answers.replied == 1);

    assert_int_equal(redis_server_command(locked, "EXISTS elsewhere")->integer, 0);
    redis_link_free(link);
    redis_server_stop(locked);
}

static void a_refused_password_never_becomes_ready_and_is_tried_again(void **state)
{
    char url[256];
    struct link_answers answers = {0};
    (void)state;
    (void)snprintf(url, sizeof(url), "unix://nobody:wrong@%s",
                   redis_server_unix_url(server) + strlen("unix://"));
    const long long before = link_connections();
    struct redis_link *link = link_begin(url);
    bool was_ready = false;

    TURN_UNTIL((was_ready |= redis_link_is_ready(link)) || link_connections() >= before + 5);

    assert_false(was_ready);
    assert_false(link_call(link, "INCR", "counter", PATIENT_US, &answers));
    redis_link_free(link);
}

static void waits_longer_after_each_failure(void **state)
{
    struct impostor impostor;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *link = link_begin(impostor.url);
    const int64_t begin_us = clock_monotonic_us();

    /* Each attempt is refused at once, so only the waits take time. With growing waits 11 attempts
     * last 4 s or so, with constant ones 0.3 s. */
    TURN_UNTIL(impostor_rebuff(&impostor, "-ERR go away\r\n") == 12);

    assert_true(clock_monotonic_us() - begin_us > 600 * 1000);
    redis_link_free(link);
    impostor_close(&impostor);
}

/* Before all have come twice, each has been lost at least once. */
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
        links[i] = link_begin(impostor.url);

    TURN_UNTIL(impostor_rebuff(&impostor, "-ERR many are called\r\n") == 2 * ARRAY_COUNT(links));

    const uint64_t seconds = (uint64_t)((clock_monotonic_us() - begin_us) / SECOND_US);
    log_set_level(LOG_ERROR);
    assert_in_range(log_lines(LOG_WARN) - lines, 1, 1 + seconds);
    for (size_t i = 0; i < ARRAY_COUNT(links); i++)
        redis_link_free(links[i]);
    impostor_close(&impostor);
}

/* hiredis itself would end the process by an assertion. */
static void a_server_that_speaks_first_is_left(void **state)
{
    struct impostor impostor;
    (void)state;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *link = link_begin(impostor.url);

    TURN_UNTIL(impostor_rebuff(&impostor, "+OK hello\r\n") == 6);

    redis_link_free(link);
    impostor_close(&impostor);
}

static bool becomes_ready_after(const char *words)
{
    struct impostor impostor;
    impostor_open(&impostor);
    impostor_listen(&impostor);
    struct redis_link *link = link_begin(impostor.url);

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

static void being_killed_again_and_again_is_survived(void **state)
{
    struct redis_link *link = link_open(redis_server_tcp_url(server));
    struct link_answers answers = {0};
    (void)state;

    for (size_t i = 0; i < 50; i++) {
        assert_true(link_call(link, "INCR", "counter", PATIENT_US, &answers));
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
    struct redis_link *link = link_begin(impostor.url);

    for (size_t i = 0; i < 2; i++)
        TURN_UNTIL((was_ready |= redis_link_is_ready(link)) || impostor_accept(&impostor));

    assert_false(was_ready);
    redis_link_free(link);
    impostor_close(&impostor);
}

static void what_is_no_redis_is_left(void **state)
{
    /* Nonsense, one answer too many, a refusal, half an answer, and none. */
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
        struct redis_link *link = link_begin(impostor.url);

        /* The second connection shows that the link gave up the first. */
        TURN_UNTIL(impostor_rebuff(&impostor, words[i]) == 2);

        redis_link_free(link);
        impostor_close(&impostor);
    }
}

static void may_be_freed_while_a_name_is_looked_up(void **state)
{
    struct redis_link *link = link_begin("redis://no-such-host.invalid");
    (void)state;

    for (int i = 0; i < 10; i++)
        link_turn();
    const bool ready = redis_link_is_ready(link);
    redis_link_free(link);
    /* The resolver frees its memory in a later turn. */
    TURN_UNTIL(event_base_get_num_events(link_base, EVENT_BASE_COUNT_ADDED) == 0);
    link_turn();

    assert_false(ready);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, link_new_base, link_free_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_links_complain_like_one), /* first: other complaints could share its place */
        TEST(becomes_ready_by_path_address_and_name),
        TEST(a_right_password_and_a_database_are_used),
        TEST(a_refused_password_never_becomes_ready_and_is_tried_again),
        TEST(waits_longer_after_each_failure),
        TEST(a_server_that_speaks_first_is_left),
        TEST(scripts_need_not_be_loaded),
        TEST(being_killed_again_and_again_is_survived),
        TEST(a_server_that_accepts_and_never_answers_is_given_up),
        TEST(what_is_no_redis_is_left),
        TEST(may_be_freed_while_a_name_is_looked_up),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
