/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "last_words.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void break_assertion(void)
{
    volatile int count = 0;

    ASSERT(count == 7);
}

static void log_and_break_assertion(void)
{
    log_start();
    log_write(LOG_INFO, "cause", LOG_NONE);
    break_assertion();
}

static void a_broken_invariant_is_logged_and_aborts(void **state)
{
    (void)state;
    char line[1025];

    last_words_read(break_assertion, line, sizeof(line));

    json_t *fields = json_loads(line, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(fields, "event")), "assertion failed");
    assert_string_equal(json_string_value(json_object_get(fields, "condition")), "count == 7");
    assert_string_equal(json_string_value(json_object_get(fields, "function")), "break_assertion");
    json_decref(fields);
}

static void what_was_logged_before_a_broken_invariant_is_not_lost(void **state)
{
    (void)state;
    char text[4096];

    last_words_read(log_and_break_assertion, text, sizeof(text));

    const char *cause = strstr(text, "\"event\":\"cause\"");
    const char *failure = strstr(text, "\"event\":\"assertion failed\"");
    assert_non_null(cause);
    assert_non_null(failure);
    assert_true(cause < failure);
}

static void a_broken_invariant_aborts_though_nobody_reads_the_log(void **state)
{
    (void)state;
    char page[4096] = "";
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], page, sizeof(page)) > 0)
        continue;
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);

    last_words_say(log_and_break_assertion, ends[1]);

    close(ends[0]);
    close(ends[1]);
}

static void a_kept_invariant_has_no_effect(void **state)
{
    (void)state;
    int count = 0;

    ASSERT(++count == 1);

    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_invariant_is_logged_and_aborts),
        cmocka_unit_test(what_was_logged_before_a_broken_invariant_is_not_lost),
        cmocka_unit_test(a_broken_invariant_aborts_though_nobody_reads_the_log),
        cmocka_unit_test(a_kept_invariant_has_no_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
