/* SPDX-License-Identifier: MIT */
#include "base/log_limit.h"

#include "base/duration.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LINES_MAX   3
#define NOW_US      INT64_C(1000000)
#define WRITERS     4
#define LINES       5000 /* per writer */
#define OUTPUT_SIZE ((size_t)64 * 1024)

static const struct log_limit_kind kind = {"more of them", "app_id", LINES_MAX, LOG_WARN};

static int pipe_ends[2];
static int real_stderr;
static struct log_limit *limit;

static int begin(void **state)
{
    (void)state;
    limit = log_limit_new(&kind);
    real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    return pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0 && dup2(pipe_ends[1], STDERR_FILENO) >= 0
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    log_limit_free(limit);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

/* The count in the lines about the subject since the last call; -1: there is no such line. All
 * lines must be of `kind`. */
static int64_t told_of(const char *subject)
{
    static char text[OUTPUT_SIZE];
    ssize_t length = read(pipe_ends[0], text, sizeof text - 1);
    char *rest = text;
    int64_t count = -1;

    text[length > 0 ? length : 0] = '\0';
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
        json_t *fields = json_loads(line, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(fields, "event")), kind.event);
        assert_string_equal(json_string_value(json_object_get(fields, "level")), "warn");
        if (strcmp(json_string_value(json_object_get(fields, kind.subject)), subject) == 0)
            count = json_integer_value(json_object_get(fields, "count"));
        json_decref(fields);
    }
    return count;
}

static int admitted(const char *subject, int tries, int64_t now_us)
{
    int count = 0;

    for (int i = 0; i < tries; i++)
        count += log_limit_admits(limit, subject, now_us);
    return count;
}

static void the_first_lines_of_each_subject_are_written(void **state)
{
    (void)state;

    assert_int_equal(admitted("a", 10, NOW_US), LINES_MAX);
    assert_int_equal(admitted("b", 2, NOW_US), 2);
    assert_int_equal(told_of("a"), -1);
}

static void the_others_are_told_when_the_minute_is_over_and_once(void **state)
{
    (void)state;
    (void)admitted("a", 10, NOW_US);
    (void)admitted("b", 2, NOW_US + MINUTE_US - 1);

    log_limit_turn(limit, NOW_US + MINUTE_US - 1);
    assert_int_equal(told_of("a"), -1);
    log_limit_turn(limit, NOW_US + MINUTE_US);
    assert_int_equal(told_of("a"), 10 - LINES_MAX);
    log_limit_turn(limit, NOW_US + 3 * MINUTE_US);
    assert_int_equal(told_of("a"), -1);
}

static void a_subject_whose_lines_were_all_written_has_no_summary(void **state)
{
    (void)state;
    (void)admitted("a", LINES_MAX, NOW_US);

    log_limit_turn(limit, NOW_US + MINUTE_US);

    assert_int_equal(told_of("a"), -1);
}

static void the_next_line_tells_of_a_minute_that_nobody_asked_about(void **state)
{
    (void)state;
    (void)admitted("a", 10, NOW_US);

    assert_int_equal(admitted("b", 1, NOW_US + 2 * MINUTE_US), 1);

    assert_int_equal(told_of("a"), 10 - LINES_MAX);
    assert_int_equal(admitted("a", 10, NOW_US + 2 * MINUTE_US), LINES_MAX);
}

static void subjects_beyond_the_table_share_the_lines_of_one(void **state)
{
    (void)state;
    char subject[16];
    for (int i = 0; i < LOG_LIMIT_SUBJECTS_MAX; i++) {
        (void)snprintf(subject, sizeof subject, "%d", i);
        assert_true(log_limit_admits(limit, subject, NOW_US));
    }

    assert_int_equal(admitted("one more", 5, NOW_US), LINES_MAX);
    assert_int_equal(admitted("another", 2, NOW_US), 0);

    log_limit_turn(limit, NOW_US + MINUTE_US);
    assert_int_equal(told_of("others"), 7 - LINES_MAX);
    assert_int_equal(admitted("another", 1, NOW_US + MINUTE_US), 1);
}

static void a_subject_that_is_too_long_is_cut_and_known_again(void **state)
{
    (void)state;
    char subject[2 * LOG_LIMIT_SUBJECT_BYTES];
    memset(subject, 'x', sizeof subject);
    subject[sizeof subject - 1] = '\0';

    assert_int_equal(admitted(subject, 10, NOW_US), LINES_MAX);

    subject[LOG_LIMIT_SUBJECT_BYTES - 1] = '\0';
    log_limit_turn(limit, NOW_US + MINUTE_US);
    assert_int_equal(told_of(subject), 10 - LINES_MAX);
}

static void the_end_tells_of_what_is_left(void **state)
{
    (void)state;
    (void)admitted("a", 10, NOW_US);

    log_limit_free(limit);
    limit = NULL;

    assert_int_equal(told_of("a"), 10 - LINES_MAX);
}

static void *write_lines(void *context)
{
    int *count = context;

    *count = admitted("a", LINES, NOW_US);
    return NULL;
}

static void threads_share_what_a_subject_may(void **state)
{
    (void)state;
    pthread_t threads[WRITERS];
    int counts[WRITERS];
    int sum = 0;

    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &counts[i]), 0);
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        sum += counts[i];
    }

    assert_int_equal(sum, LINES_MAX);
    log_limit_turn(limit, NOW_US + MINUTE_US);
    assert_int_equal(told_of("a"), WRITERS * LINES - LINES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_lines_of_each_subject_are_written, begin, end),
        cmocka_unit_test_setup_teardown(the_others_are_told_when_the_minute_is_over_and_once, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_subject_whose_lines_were_all_written_has_no_summary,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_next_line_tells_of_a_minute_that_nobody_asked_about,
                                        begin, end),
        cmocka_unit_test_setup_teardown(subjects_beyond_the_table_share_the_lines_of_one, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_subject_that_is_too_long_is_cut_and_known_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_end_tells_of_what_is_left, begin, end),
        cmocka_unit_test_setup_teardown(threads_share_what_a_subject_may, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
