/* SPDX-License-Identifier: MIT
 *
 * How streams end when their owners do not end them, plain and over TLS. The owner is always told
 * once. */
#include "support/cmocka.h"
#include "support/wait.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include "serving.h"

#define TURNS 200

/* Streams of which all but one may be full; see answers.h. */
#define LARGE_STREAMS 8
#define LARGE_BYTES   ((size_t)9 * 1024 * 1024)
#define PAGE_BYTES    ((size_t)1024 * 1024)

static bool is_tls;

static int set_up(void **state)
{
    static struct serving serving;

    serving_open(&serving, &(struct serving_options){.is_tls = is_tls});
    *state = &serving;
    return 0;
}

/* A server that ends whoever is silent for a second. */
static int set_up_impatient(void **state)
{
    static struct serving serving;

    serving_open(&serving, &(struct serving_options){.is_tls = is_tls, .idle_timeout_s = 1});
    *state = &serving;
    return 0;
}

static int set_up_small(void **state)
{
    static struct serving serving;

    serving_open(&serving, &(struct serving_options){.is_tls = is_tls, .connections_max = 2});
    *state = &serving;
    return 0;
}

static int set_up_large(void **state)
{
    static struct serving serving;

    serving_open(&serving,
                 &(struct serving_options){.is_tls = is_tls, .stream_bytes = LARGE_BYTES});
    *state = &serving;
    return 0;
}

static int tear_down(void **state)
{
    serving_close(*state);
    return 0;
}

static void a_client_that_goes_away_is_noticed_while_its_stream_is_quiet(void **state)
{
    struct serving *serving = *state;
    struct reader idle;
    struct reader first;
    struct reader second;
    const struct owner *owner;
    const struct owner *older;

    (void)reader_follow(&idle, serving, GET_TEXT);
    owner = reader_follow(&first, serving, GET_STREAM);
    older = reader_follow(&second, serving, GET_STREAM_1_0);
    assert_true(request_stream_write(older->request, TEXT("one\n")));
    WAIT_FOR (SERVING_SECONDS, reader_has(&second, "one\n"))
        reader_turn(&second);
    assert_int_equal(http_server_streams(serving->server), 2);

    reader_close(&first);
    serving_wait_told(serving, owner);
    assert_int_equal(older->told, 0);
    reader_close(&second);
    serving_wait_told(serving, older);

    serving_wait_left(serving, 1);
    assert_int_equal(http_server_counts(serving->server).slow_readers, 0);
    reader_close(&idle);
}

static void a_client_that_is_reset_is_noticed_while_its_stream_is_quiet(void **state)
{
    const struct linger now = {.l_onoff = 1};
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    assert_int_equal(setsockopt(reader.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    reader_close(&reader);

    serving_wait_told(serving, owner);
    serving_wait_left(serving, 0);
}

/* Packets to its socket are dropped before anything acknowledges them. */
static void a_client_that_lost_its_network_is_noticed_when_something_is_written(void **state)
{
    struct sock_filter drop_all = {.code = BPF_RET | BPF_K};
    const struct sock_fprog filter = {.len = 1, .filter = &drop_all};
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    assert_int_equal(setsockopt(reader.fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)),
                     0);
    assert_true(request_stream_write(owner->request, TEXT("one\n")));

    serving_wait_told(serving, owner);
    serving_wait_left(serving, 0);
    assert_int_equal(http_server_counts(serving->server).slow_readers, 0);
    reader_close(&reader);
}

static void a_client_that_goes_away_is_noticed_while_it_does_not_read(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    (void)serving_fill(serving, owner);
    assert_int_equal(shutdown(reader.fd, SHUT_WR), 0);

    serving_wait_told(serving, owner);
    serving_wait_left(serving, 0);
    reader_close(&reader);
}

/* Others come and are ended for their silence, one after the other. */
static void a_quiet_stream_outlives_the_idle_time_out(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    struct reader idle;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    for (int i = 0; i < 2; i++) {
        reader_open(&idle, serving, GET_TEXT);
        WAIT_FOR (SERVING_SECONDS, idle.is_closed)
            reader_turn(&idle);
        assert_true(reader_has(&idle, "\r\n\r\ntext"));
        reader_close(&idle);
    }

    assert_int_equal(owner->told, 0);
    assert_true(request_stream_write(owner->request, TEXT("one\n")));
    WAIT_FOR (SERVING_SECONDS, reader_has(&reader, "one\n"))
        reader_turn(&reader);
    reader_close(&reader);
    serving_wait_told(serving, owner);
}

static void a_client_that_never_reads_is_ended(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    (void)serving_fill(serving, owner);
    serving_wait_told(serving, owner);

    serving_wait_left(serving, 0);
    assert_int_equal(http_server_counts(serving->server).slow_readers, 1);
    reader_close(&reader);
}

static void of_streams_that_hold_too_much_together_the_first_is_ended(void **state)
{
    static const char page[PAGE_BYTES];
    struct serving *serving = *state;
    struct reader readers[LARGE_STREAMS];

    for (size_t i = 0; i < LARGE_STREAMS; i++)
        (void)reader_follow(&readers[i], serving, GET_STREAM);
    for (size_t i = 0; i < LARGE_STREAMS; i++) {
        for (size_t held = 0; held < LARGE_BYTES; held += PAGE_BYTES)
            assert_true(request_stream_write(serving->owners[i].request,
                                             (struct text){page, sizeof(page)}));
    }
    serving_wait_told(serving, &serving->owners[0]);

    assert_int_equal(http_server_streams(serving->server), LARGE_STREAMS - 1);
    assert_int_equal(http_server_counts(serving->server).answers_dropped, 1);
    for (size_t i = 0; i < LARGE_STREAMS; i++)
        reader_close(&readers[i]);
}

static void a_quiet_stream_gives_way_to_a_newcomer(void **state)
{
    struct serving *serving = *state;
    struct reader first;
    struct reader second;
    struct reader newcomer;
    const struct owner *owner = reader_follow(&first, serving, GET_STREAM);

    (void)reader_follow(&second, serving, GET_STREAM);
    reader_open(&newcomer, serving, GET_TEXT);
    WAIT_FOR (SERVING_SECONDS, reader_has(&newcomer, "\r\n\r\ntext"))
        reader_turn(&newcomer);

    assert_int_equal(owner->told, 1);
    assert_true(http_server_counts(serving->server).gave_way > 0);
    reader_close(&first);
    reader_close(&second);
    reader_close(&newcomer);
}

static void a_server_that_quiesces_ends_its_streams_in_order(void **state)
{
    struct serving *serving = *state;
    struct reader readers[3];
    struct owner *owners[3];

    for (size_t i = 0; i < 2; i++)
        owners[i] = reader_follow(&readers[i], serving, GET_STREAM);
    reader_open(&readers[2], serving, GET_LATER);
    WAIT_FOR (SERVING_SECONDS, serving->owner_count == 3)
        serving_turn(serving);
    owners[2] = &serving->owners[2];
    assert_int_equal(http_server_streams(serving->server), 2);
    assert_int_equal(http_server_busy(serving->server), 1);
    assert_true(request_stream_write(owners[1]->request, TEXT("last words\n")));

    http_server_quiesce(serving->server);
    assert_false(request_stream_write(owners[0]->request, TEXT("too late\n")));
    request_answer_stream(owners[2]->request, 200, "text/event-stream", SERVING_STREAM_BYTES);

    for (size_t i = 0; i < 3; i++) {
        WAIT_FOR (SERVING_SECONDS, readers[i].is_closed)
            reader_turn(&readers[i]);
        assert_true(reader_has_last_chunk(&readers[i]));
        reader_expect(&readers[i], i == 1 ? "last words\n" : "");
        serving_wait_told(serving, owners[i]);
        reader_close(&readers[i]);
    }
    serving_wait_left(serving, 0);
}

/* Nobody waits for a client that does not read. */
static void streams_never_count_as_busy(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    (void)serving_fill(serving, owner);
    http_server_quiesce(serving->server);
    for (size_t i = 0; i < TURNS; i++)
        serving_turn(serving);

    assert_int_equal(http_server_streams(serving->server), 1);
    assert_int_equal(http_server_busy(serving->server), 0);
    assert_int_equal(owner->told, 0);
    reader_close(&reader);
    serving_wait_told(serving, owner);
}

static void a_server_with_open_streams_can_be_stopped(void **state)
{
    struct serving *serving = *state;
    struct reader quiet;
    struct reader full;
    const struct owner *quiet_owner = reader_follow(&quiet, serving, GET_STREAM);
    const struct owner *full_owner = reader_follow(&full, serving, GET_STREAM);

    (void)serving_fill(serving, full_owner);
    serving_stop(serving);

    assert_int_equal(quiet_owner->told, 1);
    assert_int_equal(full_owner->told, 1);
    WAIT_FOR (SERVING_SECONDS, quiet.is_closed)
        reader_turn(&quiet);
    reader_close(&quiet);
    reader_close(&full);
}

#define TEST(name)           cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_IMPATIENT(name) cmocka_unit_test_setup_teardown(name, set_up_impatient, tear_down)
#define TEST_SMALL(name)     cmocka_unit_test_setup_teardown(name, set_up_small, tear_down)
#define TEST_LARGE(name)     cmocka_unit_test_setup_teardown(name, set_up_large, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_that_goes_away_is_noticed_while_its_stream_is_quiet),
        TEST(a_client_that_is_reset_is_noticed_while_its_stream_is_quiet),
        TEST(a_client_that_goes_away_is_noticed_while_it_does_not_read),
        TEST_IMPATIENT(a_client_that_lost_its_network_is_noticed_when_something_is_written),
        TEST_IMPATIENT(a_quiet_stream_outlives_the_idle_time_out),
        TEST_IMPATIENT(a_client_that_never_reads_is_ended),
        TEST_LARGE(of_streams_that_hold_too_much_together_the_first_is_ended),
        TEST_SMALL(a_quiet_stream_gives_way_to_a_newcomer),
        TEST(a_server_that_quiesces_ends_its_streams_in_order),
        TEST(streams_never_count_as_busy),
        TEST(a_server_with_open_streams_can_be_stopped),
    };
    int failed = cmocka_run_group_tests_name("plain", tests, NULL, NULL);

    is_tls = true;
    return failed + cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
