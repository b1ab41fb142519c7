/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "http/problem.h"
#include "http/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_transport.h"

static int releases[2];

static void note_release(void *object)
{
    int *place = object;

    *place = releases[0] + releases[1] + 1;
}

static void request_joins_repeated_headers_in_order(void **state)
{
    const struct fake_pair headers[] = {
        {"X-Forwarded-For", "1.1.1.1"}, {"Other", "x"}, {"x-forwarded-for", "2.2.2.2"}, {0}};
    struct fake_exchange exchange;
    struct text joined;

    (void)state;
    fake_begin(&exchange, headers, NULL);

    joined = request_header(&exchange.request, "X-Forwarded-For");

    assert_true(text_equal(joined, TEXT("1.1.1.1, 2.2.2.2")));
    assert_true(text_is_absent(request_header(&exchange.request, "Nope")));
    assert_true(text_equal(request_header(&exchange.request, "other"), TEXT("x")));
    request_close(&exchange.request);
}

static void request_query_is_an_object_of_strings(void **state)
{
    const struct fake_pair arguments[] = {{"limit", "5"}, {"flag", NULL}, {0}};
    struct fake_exchange exchange;
    struct faults faults = {0};
    const json_t *query;

    (void)state;
    fake_begin(&exchange, NULL, arguments);

    query = request_query(&exchange.request, &faults);

    assert_true(request_has_query(&exchange.request));
    assert_int_equal(faults.count, 0);
    assert_string_equal(json_string_value(json_object_get(query, "limit")), "5");
    assert_string_equal(json_string_value(json_object_get(query, "flag")), "");
    request_close(&exchange.request);
}

static void request_query_names_what_is_repeated_or_not_utf8(void **state)
{
    const struct fake_pair repeated[] = {{"limit", "5"}, {"limit", "5"}, {0}};
    const struct fake_pair broken[] = {{"limit", "\xff"}, {0}};
    struct fake_exchange exchange;
    struct faults faults = {0};

    (void)state;
    fake_begin(&exchange, NULL, repeated);
    request_query(&exchange.request, &faults);
    assert_int_equal(faults.count, 1);
    assert_true(faults.at[0].is_parameter);
    assert_string_equal(faults.at[0].pointer, "limit");
    request_close(&exchange.request);

    fake_begin(&exchange, NULL, broken);
    request_query(&exchange.request, &faults);
    assert_int_equal(faults.count, 2);
    assert_string_equal(faults.at[1].pointer, "limit");
    request_close(&exchange.request);
}

static void request_releases_in_reverse_order_when_it_ends(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    fake_begin(&exchange, NULL, NULL);
    request_on_close(&exchange.request, &releases[0], note_release);
    request_on_close(&exchange.request, &releases[1], note_release);

    request_close(&exchange.request);

    assert_int_equal(releases[1], 1);
    assert_int_equal(releases[0], 2);
}

static void what_is_kept_until_the_end_outlives_the_answer(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    releases[0] = releases[1] = 0;
    fake_begin(&exchange, NULL, NULL);
    request_on_end(&exchange.request, &releases[0], note_release);
    request_on_close(&exchange.request, &releases[1], note_release);

    request_release(&exchange.request);
    const bool was_kept = releases[1] != 0 && releases[0] == 0;
    request_close(&exchange.request);

    assert_true(was_kept);
    assert_true(releases[0] > releases[1]);
}

static void request_answered_later_is_resumed_once(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    fake_begin(&exchange, NULL, NULL);
    request_set_phase(&exchange.request, REQUEST_WAITING);

    request_answer_json(&exchange.request, 200, TEXT("{}"));

    assert_int_equal(exchange.resumed, 1);
    assert_int_equal(exchange.request.phase, REQUEST_ANSWERED);
    request_close(&exchange.request);
}

static void a_stream_begins_at_once_or_later(void **state)
{
    struct fake_exchange now;
    struct fake_exchange later;

    (void)state;
    fake_begin(&now, NULL, NULL);
    fake_begin(&later, NULL, NULL);
    request_set_phase(&later.request, REQUEST_WAITING);

    request_answer_stream(&now.request, 200, "text/event-stream", 64);
    request_answer_stream(&later.request, 200, "text/event-stream", 64);

    assert_int_equal(now.request.phase, REQUEST_STREAMING);
    assert_int_equal(now.resumed, 0);
    assert_int_equal(later.request.phase, REQUEST_STREAMING);
    assert_int_equal(later.resumed, 1);
    request_close(&now.request);
    request_close(&later.request);
}

static void what_is_written_to_a_stream_wakes_its_transport(void **state)
{
    struct fake_exchange exchange;
    char read[16];

    (void)state;
    fake_begin(&exchange, NULL, NULL);
    request_answer_stream(&exchange.request, 200, "text/event-stream", 8);

    assert_true(request_stream_write(&exchange.request, TEXT("one")));
    assert_true(request_stream_write(&exchange.request, TEXT("two")));
    assert_false(request_stream_write(&exchange.request, TEXT("three")));

    assert_int_equal(exchange.woken, 2);
    assert_int_equal(stream_read(exchange.request.response.stream, read, sizeof(read)), 6);
    assert_memory_equal(read, "onetwo", 6);
    assert_true(request_stream_write(&exchange.request, TEXT("three")));
    request_close(&exchange.request);
}

static void a_stream_that_has_ended_takes_nothing_more(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    fake_begin(&exchange, NULL, NULL);
    request_answer_stream(&exchange.request, 200, "text/event-stream", 64);

    request_stream_end(&exchange.request);
    request_stream_end(&exchange.request);

    assert_int_equal(exchange.request.phase, REQUEST_ANSWERED);
    assert_int_equal(exchange.woken, 1);
    assert_false(request_stream_write(&exchange.request, TEXT("one")));
    assert_int_equal(exchange.woken, 1);
    request_close(&exchange.request);
}

static void problem_carries_type_title_status_and_detail(void **state)
{
    static const char expected[] =
        "{\"type\":\"urn:sluice:problem:no-key\",\"title\":\"API key required\",\"status\":401,"
        "\"detail\":\"Send it.\"}\n";
    struct fake_exchange exchange;
    const struct response *response = &exchange.request.response;

    (void)state;
    fake_begin(&exchange, NULL, NULL);

    problem_answer(&exchange.request, PROBLEM_NO_KEY, "Send %s.", "it");

    assert_int_equal(response->status, 401);
    assert_string_equal(response->content_type, "application/problem+json");
    assert_true(text_equal(response->body, text_of(expected)));
    assert_int_equal(response->field_count, 1);
    assert_string_equal(response->fields[0].name, "WWW-Authenticate");
    assert_int_equal(exchange.resumed, 0);
    request_close(&exchange.request);
}

static void problem_lists_each_fault_with_its_pointer(void **state)
{
    static const char expected[] =
        "{\"type\":\"urn:sluice:problem:invalid\",\"title\":\"Validation failed\",\"status\":422,"
        "\"detail\":\"/a must be 1\",\"errors\":[{\"pointer\":\"/a\",\"detail\":\"must be 1\"},"
        "{\"pointer\":\"\",\"detail\":\"must be an object\"}]}\n";
    struct fake_exchange exchange;
    struct faults faults = {0};

    (void)state;
    fake_begin(&exchange, NULL, NULL);
    faults_add(&faults, "", "a", "must be %d", 1);
    faults_add(&faults, "", NULL, "must be an object");

    problem_answer_faults(&exchange.request, &faults);

    assert_int_equal(exchange.request.response.status, 422);
    assert_true(text_equal(exchange.request.response.body, text_of(expected)));
    request_close(&exchange.request);
}

static void problem_lists_each_fault_of_a_query_with_its_parameter(void **state)
{
    static const char expected[] =
        "{\"type\":\"urn:sluice:problem:invalid\",\"title\":\"Validation failed\",\"status\":422,"
        "\"detail\":\"The query parameter a must be 1\",\"errors\":["
        "{\"parameter\":\"a\",\"detail\":\"must be 1\"},"
        "{\"parameter\":\"\",\"detail\":\"has no name\"}]}\n";
    struct fake_exchange exchange;
    struct faults faults = {0};

    (void)state;
    fake_begin(&exchange, NULL, NULL);
    faults_add(&faults, NULL, "a", "must be %d", 1);
    faults_add(&faults, NULL, "", "has no name");

    problem_answer_faults(&exchange.request, &faults);

    assert_true(text_equal(exchange.request.response.body, text_of(expected)));
    request_close(&exchange.request);
}

static void problem_rows_are_complete_and_different(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_row *row = problem_row((enum problem)i);

        assert_in_range(row->status, 400, 503);
        assert_non_null(row->title);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(row->type, problem_row((enum problem)j)->type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_joins_repeated_headers_in_order),
        cmocka_unit_test(request_query_is_an_object_of_strings),
        cmocka_unit_test(request_query_names_what_is_repeated_or_not_utf8),
        cmocka_unit_test(request_releases_in_reverse_order_when_it_ends),
        cmocka_unit_test(what_is_kept_until_the_end_outlives_the_answer),
        cmocka_unit_test(request_answered_later_is_resumed_once),
        cmocka_unit_test(a_stream_begins_at_once_or_later),
        cmocka_unit_test(what_is_written_to_a_stream_wakes_its_transport),
        cmocka_unit_test(a_stream_that_has_ended_takes_nothing_more),
        cmocka_unit_test(problem_carries_type_title_status_and_detail),
        cmocka_unit_test(problem_lists_each_fault_with_its_pointer),
        cmocka_unit_test(problem_lists_each_fault_of_a_query_with_its_parameter),
        cmocka_unit_test(problem_rows_are_complete_and_different),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
