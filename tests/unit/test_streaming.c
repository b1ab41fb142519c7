/* SPDX-License-Identifier: MIT
 *
 * What is written to a stream is what its client reads, plain and over TLS. */
#include "support/cmocka.h"
#include "support/wait.h"

#include "serving.h"

#define READERS 4
#define PIECES  5000

static bool is_tls;

static int set_up(void **state)
{
    static struct serving serving;

    serving_open(&serving, &(struct serving_options){.is_tls = is_tls});
    *state = &serving;
    return 0;
}

static int tear_down(void **state)
{
    serving_close(*state);
    return 0;
}

static void pieces_arrive_whole_and_in_order(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    assert_true(request_stream_write(owner->request, TEXT("one\n")));
    WAIT_FOR (SERVING_SECONDS, reader_has(&reader, "one\n"))
        reader_turn(&reader);
    assert_true(request_stream_write(owner->request, TEXT("two\n")));
    assert_true(request_stream_write(owner->request, TEXT("three\n")));
    WAIT_FOR (SERVING_SECONDS, reader_has(&reader, "three\n"))
        reader_turn(&reader);
    request_stream_end(owner->request);
    WAIT_FOR (SERVING_SECONDS, reader.is_closed)
        reader_turn(&reader);

    assert_true(reader_has(&reader, "HTTP/1.1 200 OK\r\n"));
    assert_true(reader_has(&reader, "\r\nContent-Type: text/event-stream\r\n"));
    assert_true(reader_has(&reader, "\r\nConnection: close\r\n"));
    assert_true(reader_has_last_chunk(&reader));
    reader_expect(&reader, "one\ntwo\nthree\n");
    serving_wait_told(serving, owner);
    serving_wait_left(serving, 0);
    reader_close(&reader);
}

static void in_http_1_0_the_end_of_the_connection_is_the_end_of_the_stream(void **state)
{
    struct serving *serving = *state;
    struct reader idle;
    struct reader reader;
    const struct owner *owner;

    (void)reader_follow(&idle, serving, GET_TEXT);
    owner = reader_follow(&reader, serving, GET_STREAM_1_0);
    assert_true(request_stream_write(owner->request, TEXT("one\n")));
    WAIT_FOR (SERVING_SECONDS, reader_has(&reader, "one\n"))
        reader_turn(&reader);
    assert_false(reader.is_closed);
    request_stream_end(owner->request);
    WAIT_FOR (SERVING_SECONDS, reader.is_closed)
        reader_turn(&reader);

    assert_false(reader_has(&reader, "Transfer-Encoding"));
    assert_false(reader_has(&reader, "Content-Length"));
    reader_expect(&reader, "one\n");
    serving_wait_told(serving, owner);
    serving_wait_left(serving, 1);
    reader_close(&reader);
    reader_close(&idle);
}

static void a_stream_can_be_written_before_it_has_begun(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    struct owner *owner = &serving->owners[0];

    reader_open(&reader, serving, GET_LATER);
    WAIT_FOR (SERVING_SECONDS, owner->request)
        serving_turn(serving);
    request_answer_stream(owner->request, 200, "text/event-stream", SERVING_STREAM_BYTES);
    assert_true(request_stream_write(owner->request, TEXT("one\n")));
    request_stream_end(owner->request);
    WAIT_FOR (SERVING_SECONDS, reader.is_closed)
        reader_turn(&reader);

    reader_expect(&reader, "one\n");
    assert_true(reader_has_last_chunk(&reader));
    serving_wait_told(serving, owner);
    reader_close(&reader);
}

static void head_gets_the_fields_alone(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, "HEAD /stream HTTP/1.1");

    serving_wait_told(serving, owner);
    WAIT_FOR (SERVING_SECONDS, reader.is_closed)
        reader_turn(&reader);

    assert_true(reader_has(&reader, "\r\nContent-Type: text/event-stream\r\n"));
    assert_string_equal(strstr(reader.text, "\r\n\r\n"), "\r\n\r\n");
    serving_wait_left(serving, 0);
    reader_close(&reader);
}

static void what_does_not_fit_is_refused_until_the_client_has_read(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);
    size_t written = serving_fill(serving, owner);

    assert_true(written * OWNER_PIECE_BYTES >= SERVING_STREAM_BYTES - OWNER_PIECE_BYTES);
    for (int i = 0; i < PIECES; i++) {
        WAIT_FOR (SERVING_SECONDS, owner_write(owner, written))
            reader_turn(&reader);
        written++;
    }
    request_stream_end(owner->request);
    WAIT_FOR (SERVING_SECONDS, reader.is_closed)
        reader_turn(&reader);

    reader_expect_numbered(&reader, written);
    assert_true(reader_has_last_chunk(&reader));
    serving_wait_told(serving, owner);
    reader_close(&reader);
}

static void thousands_of_pieces_reach_several_clients(void **state)
{
    struct serving *serving = *state;
    struct reader readers[READERS];
    struct owner *owners[READERS];
    size_t written[READERS] = {0};
    size_t done = 0;

    for (size_t i = 0; i < READERS; i++)
        owners[i] = reader_follow(&readers[i], serving, i % 2 ? GET_STREAM : GET_STREAM_1_0);
    WAIT_FOR (SERVING_SECONDS, done == READERS) {
        done = 0;
        for (size_t i = 0; i < READERS; i++) {
            while (written[i] < PIECES && owner_write(owners[i], written[i]))
                written[i]++;
            reader_turn(&readers[i]);
            done += written[i] == PIECES;
        }
    }
    for (size_t i = 0; i < READERS; i++) {
        request_stream_end(owners[i]->request);
        WAIT_FOR (SERVING_SECONDS, readers[i].is_closed)
            reader_turn(&readers[i]);
        reader_expect_numbered(&readers[i], PIECES);
        serving_wait_told(serving, owners[i]);
        reader_close(&readers[i]);
    }
    serving_wait_left(serving, 0);
}

static void what_a_client_sends_during_its_stream_changes_nothing(void **state)
{
    struct serving *serving = *state;
    struct reader reader;
    const struct owner *owner = reader_follow(&reader, serving, GET_STREAM);

    reader_send(&reader, GET_TEXT "\r\nHost: localhost\r\n\r\n");
    reader_turn(&reader);
    assert_int_equal(owner->told, 0);
    assert_true(request_stream_write(owner->request, TEXT("one\n")));
    WAIT_FOR (SERVING_SECONDS, reader_has(&reader, "one\n"))
        reader_turn(&reader);

    reader_close(&reader);
    serving_wait_told(serving, owner);
    serving_wait_left(serving, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pieces_arrive_whole_and_in_order),
        TEST(in_http_1_0_the_end_of_the_connection_is_the_end_of_the_stream),
        TEST(a_stream_can_be_written_before_it_has_begun),
        TEST(head_gets_the_fields_alone),
        TEST(what_does_not_fit_is_refused_until_the_client_has_read),
        TEST(thousands_of_pieces_reach_several_clients),
        TEST(what_a_client_sends_during_its_stream_changes_nothing),
    };
    int failed = cmocka_run_group_tests_name("plain", tests, NULL, NULL);

    is_tls = true;
    return failed + cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
