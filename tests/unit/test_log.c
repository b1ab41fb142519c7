/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WRITERS 4
#define LINES   200

static int pipe_ends[2];
static int real_stderr;

/* Standard error goes into a pipe, so that each line can be read back. */
static int capture_begin(void **state)
{
    (void)state;
    real_stderr = dup(STDERR_FILENO);
    return pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0 &&
                   fcntl(pipe_ends[1], F_SETPIPE_SZ, 1024 * 1024) > 0 &&
                   dup2(pipe_ends[1], STDERR_FILENO) >= 0
               ? 0
               : -1;
}

static int capture_end(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    log_set_level(LOG_INFO);
    return 0;
}

/* What was written since the last call, NUL-terminated; the caller frees it. */
static char *captured(void)
{
    size_t length = 0;
    size_t size = 1024 * 1024;
    char *text = malloc(size);
    ssize_t count;

    assert_non_null(text);
    while ((count = read(pipe_ends[0], text + length, size - 1 - length)) > 0)
        length += (size_t)count;
    text[length] = '\0';
    return text;
}

static json_t *captured_line(void)
{
    char *text = captured();
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(line);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
    return line;
}

static void a_line_is_one_json_object(void **state)
{
    (void)state;

    log_write(LOG_WARN, "redis link lost", LOG_STRING("reason", "a \"quoted\"\nline"),
              LOG_INTEGER("wait_ms", -50), LOG_STRING("host", NULL));

    json_t *line = captured_line();
    const char *time;
    const char *reason;
    json_int_t wait_ms;
    assert_int_equal(json_unpack(line, "{s:s,s:s,s:I,s:n}", "time", &time, "reason", &reason,
                                 "wait_ms", &wait_ms, "host"),
                     0);
    assert_int_equal(strlen(time), strlen("2026-11-21T14:12:15.042Z"));
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(line, "event")), "redis link lost");
    assert_string_equal(reason, "a \"quoted\"\nline");
    assert_int_equal(wait_ms, -50);
    json_decref(line);
}

static void a_line_does_nothing_to_the_terminal_that_shows_it(void **state)
{
    (void)state;

    log_write(LOG_INFO, "shown", LOG_STRING("name", "a\x1b\x7f\xc2\x9b\xe2\x80\xae"));

    char *text = captured();
    assert_non_null(strstr(text, "\"a\\u001b\\u007f\\u009b\\u202e\""));
    free(text);
}

static void a_line_may_have_no_fields(void **state)
{
    (void)state;

    log_write(LOG_INFO, "drained", LOG_NONE);

    json_t *line = captured_line();
    assert_int_equal(json_object_size(line), 3);
    json_decref(line);
}

static void lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    char *text;

    log_write(LOG_DEBUG, "hidden", LOG_NONE);
    text = captured();
    assert_string_equal(text, "");
    free(text);

    log_set_level(LOG_DEBUG);
    log_write(LOG_DEBUG, "shown", LOG_NONE);
    json_decref(captured_line());

    log_set_level(LOG_ERROR);
    log_write(LOG_WARN, "hidden", LOG_NONE);
    text = captured();
    assert_string_equal(text, "");
    free(text);
}

static void lines_are_counted_by_level_when_they_are_written(void **state)
{
    (void)state;
    const uint64_t debug = log_lines(LOG_DEBUG);
    const uint64_t warn = log_lines(LOG_WARN);
    const uint64_t error = log_lines(LOG_ERROR);

    log_write(LOG_DEBUG, "hidden", LOG_NONE);
    log_write(LOG_WARN, "shown", LOG_NONE);
    log_write(LOG_WARN, "shown", LOG_NONE);

    assert_int_equal(log_lines(LOG_DEBUG), debug);
    assert_int_equal(log_lines(LOG_WARN), warn + 2);
    assert_int_equal(log_lines(LOG_ERROR), error);
}

static void a_long_line_is_cut_at_a_field(void **state)
{
    (void)state;
    char *filler = malloc(5001);
    assert_non_null(filler);
    memset(filler, '"', 5000);
    filler[5000] = '\0';

    log_write(LOG_ERROR, "long", LOG_INTEGER("first", 1), LOG_STRING("filler", filler),
              LOG_INTEGER("last", 2));

    json_t *line = captured_line();
    assert_non_null(json_object_get(line, "first"));
    assert_null(json_object_get(line, "filler"));
    assert_null(json_object_get(line, "last"));
    json_decref(line);
    free(filler);
}

static void a_line_of_exactly_one_kilobyte_is_whole(void **state)
{
    (void)state;
    char filler[1024];
    memset(filler, 'x', sizeof(filler));
    log_write(LOG_ERROR, "fit", LOG_STRING("filler", ""));
    char *text = captured();
    size_t room = 1024 - strlen(text);
    free(text);

    filler[room] = '\0';
    log_write(LOG_ERROR, "fit", LOG_STRING("filler", filler));
    text = captured();
    assert_int_equal(strlen(text), 1024);
    free(text);

    filler[room] = 'x';
    filler[room + 1] = '\0';
    log_write(LOG_ERROR, "fit", LOG_STRING("filler", filler));
    json_t *line = captured_line();
    assert_int_equal(json_object_size(line), 3);
    json_decref(line);
}

static void *write_lines(void *name)
{
    for (int i = 0; i < LINES; i++)
        log_write(LOG_INFO, name, LOG_INTEGER("i", i));
    return NULL;
}

static void lines_of_different_threads_do_not_mix(void **state)
{
    (void)state;
    static char names[WRITERS][8] = {"first", "second", "third", "fourth"};
    pthread_t threads[WRITERS];

    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);

    char *text = captured();
    char *rest = text;
    size_t lines = 0;
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
        json_t *value = json_loads(line, 0, NULL);
        assert_non_null(value);
        json_decref(value);
        lines++;
    }
    assert_int_equal(lines, WRITERS * LINES);
    free(text);
}

/* From now on standard error is a file that can grow by so many bytes, as on a full disk. */
static FILE *begin_disk(void)
{
    FILE *disk = tmpfile();

    assert_non_null(disk);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_true(dup2(fileno(disk), STDERR_FILENO) >= 0);
    return disk;
}

static void leave_room(FILE *disk, rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur =
        bytes == RLIM_INFINITY ? limit.rlim_max : (rlim_t)lseek(fileno(disk), 0, SEEK_END) + bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_that_was_torn_swallows_no_other(void **state)
{
    (void)state;
    char line[2 * 1024];
    FILE *disk = begin_disk();

    leave_room(disk, 20);
    log_write(LOG_INFO, "torn", LOG_NONE);
    leave_room(disk, RLIM_INFINITY);
    log_write(LOG_INFO, "whole", LOG_NONE);
    log_write(LOG_INFO, "next", LOG_NONE);

    rewind(disk);
    assert_non_null(fgets(line, sizeof(line), disk));
    assert_int_equal(strlen(line), 21);
    assert_non_null(fgets(line, sizeof(line), disk));
    assert_non_null(strstr(line, "\"event\":\"whole\"}\n"));
    assert_int_equal(line[0], '{');
    assert_non_null(fgets(line, sizeof(line), disk));
    assert_int_equal(line[0], '{');
    assert_null(fgets(line, sizeof(line), disk));
    (void)fclose(disk);
}

static void a_report_of_drops_that_cannot_be_written_is_not_counted(void **state)
{
    (void)state;
    FILE *disk = begin_disk();
    const uint64_t warn = log_lines(LOG_WARN);
    const uint64_t info = log_lines(LOG_INFO);
    const uint64_t dropped = log_lines_dropped();

    leave_room(disk, 0);
    log_start();
    for (int i = 0; i < 3; i++)
        log_write(LOG_INFO, "lost", LOG_NONE);
    log_end();
    leave_room(disk, RLIM_INFINITY);

    assert_int_equal(log_lines(LOG_INFO), info + 3);
    assert_int_equal(log_lines_dropped(), dropped + 3);
    assert_int_equal(log_lines(LOG_WARN), warn);
    (void)fclose(disk);
}

static void the_words_follow_the_levels(void **state)
{
    (void)state;

    assert_string_equal(log_level_words[LOG_DEBUG], "debug");
    assert_string_equal(log_level_words[LOG_INFO], "info");
    assert_string_equal(log_level_words[LOG_WARN], "warn");
    assert_string_equal(log_level_words[LOG_ERROR], "error");
    assert_null(log_level_words[LOG_ERROR + 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_one_json_object, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(a_line_does_nothing_to_the_terminal_that_shows_it,
                                        capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(a_line_may_have_no_fields, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(lines_below_the_level_are_dropped, capture_begin,
                                        capture_end),
        cmocka_unit_test_setup_teardown(lines_are_counted_by_level_when_they_are_written,
                                        capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_at_a_field, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(a_line_of_exactly_one_kilobyte_is_whole, capture_begin,
                                        capture_end),
        cmocka_unit_test_setup_teardown(lines_of_different_threads_do_not_mix, capture_begin,
                                        capture_end),
        cmocka_unit_test_setup_teardown(a_line_that_was_torn_swallows_no_other, capture_begin,
                                        capture_end),
        cmocka_unit_test_setup_teardown(a_report_of_drops_that_cannot_be_written_is_not_counted,
                                        capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(the_words_follow_the_levels, capture_begin, capture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
