/* SPDX-License-Identifier: MIT
 *
 * The log while its thread runs, on pipes that are read late or never. */
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PIPE_BYTES   8192 /* with only one page, poll() would report no room once a line is in it */
#define WRITERS      4
#define LINES        2000 /* per writer; more than the pipe and the spool hold */
#define READ_MS      60000
#define OUTPUT_BYTES ((size_t)4 * 1024 * 1024)

static int pipe_ends[2];
static int real_stderr;

/* Makes a pipe with these flags, which all who share it have. Nothing reads it yet. */
static int begin_on(int flags)
{
    real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    return pipe2(pipe_ends, O_CLOEXEC | flags) == 0 &&
                   fcntl(pipe_ends[1], F_SETPIPE_SZ, PIPE_BYTES) == PIPE_BYTES &&
                   dup2(pipe_ends[1], STDERR_FILENO) >= 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR
               ? 0
               : -1;
}

static int begin(void **state)
{
    (void)state;
    return begin_on(0);
}

static int begin_nonblocking(void **state)
{
    (void)state;
    return begin_on(O_NONBLOCK);
}

static int end(void **state)
{
    (void)state;
    log_end();
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

static void fill_pipe(void)
{
    static const char spaces[PIPE_BYTES];

    assert_int_equal(write(pipe_ends[1], spaces, sizeof spaces), sizeof spaces);
}

static void empty_pipe(void)
{
    char bytes[PIPE_BYTES];

    assert_int_equal(read(pipe_ends[0], bytes, sizeof bytes), sizeof bytes);
}

static json_t *next_line(char **rest)
{
    char *line = strsep(rest, "\n");
    json_t *value = *rest == NULL ? NULL : json_loads(line, 0, NULL);

    assert_true(*rest == NULL || value != NULL);
    return value;
}

static const char *string_of(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static int64_t integer_of(const json_t *line, const char *name)
{
    return json_integer_value(json_object_get(line, name));
}

static bool tells_of_drops(const json_t *line)
{
    return strcmp(string_of(line, "event"), "log lines were dropped") == 0;
}

/* The lines of `text`, plus those that it reports as missing. */
static uint64_t count_lines(const char *text)
{
    char *copy = strdup(text);
    char *rest = copy;
    uint64_t count = 0;

    for (json_t *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
        count += tells_of_drops(line) ? (uint64_t)integer_of(line, "count") : 1;
        json_decref(line);
    }
    free(copy);
    return count;
}

/* Reads until so many lines were read or reported as missing. The caller frees the text. */
static char *read_lines(uint64_t count)
{
    struct pollfd readable = {.fd = pipe_ends[0], .events = POLLIN};
    char *text = calloc(1, OUTPUT_BYTES);
    size_t length = 0;

    assert_non_null(text);
    do {
        assert_int_equal(poll(&readable, 1, READ_MS), 1);
        ssize_t got = read(pipe_ends[0], text + length, OUTPUT_BYTES - 1 - length);
        assert_true(got > 0);
        length += (size_t)got;
        text[length] = '\0';
    } while (text[length - 1] != '\n' || count_lines(text) < count);
    assert_int_equal(count_lines(text), count);
    return text;
}

static void *write_lines(void *name)
{
    for (int i = 0; i < LINES; i++)
        log_write(LOG_INFO, name, LOG_INTEGER("i", i));
    return NULL;
}

static void what_is_logged_comes_out_in_its_order_before_the_end(void **state)
{
    (void)state;
    char text[PIPE_BYTES + 1] = "";
    log_write(LOG_INFO, "before", LOG_NONE);
    log_start();
    log_write(LOG_INFO, "while", LOG_INTEGER("i", 1));
    log_write(LOG_INFO, "while", LOG_INTEGER("i", 2));

    log_end();
    log_write(LOG_INFO, "after", LOG_NONE);

    static const char *const events[] = {"before", "while", "while", "after"};
    char *rest = text;
    assert_true(read(pipe_ends[0], text, PIPE_BYTES) > 0);
    for (size_t i = 0; i < ARRAY_COUNT(events); i++) {
        json_t *line = next_line(&rest);
        assert_string_equal(string_of(line, "event"), events[i]);
        json_decref(line);
    }
    assert_string_equal(rest, "");
}

/* A line reports missing lines in the place where they would be. */
static void nobody_who_logs_waits_and_what_is_missing_is_told_in_its_place(void **state)
{
    (void)state;
    uint64_t dropped = log_lines_dropped();
    fill_pipe();
    log_start();

    for (int i = 0; i < LINES; i++)
        log_write(LOG_INFO, "counted", LOG_INTEGER("i", i));
    dropped = log_lines_dropped() - dropped;
    assert_in_range(dropped, 1, LINES - 1);

    empty_pipe();
    char *text = read_lines(LINES);
    char *rest = text;
    int64_t next = 0;
    for (json_t *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
        if (tells_of_drops(line))
            next += integer_of(line, "count");
        else
            assert_int_equal(integer_of(line, "i"), next++);
        json_decref(line);
    }
    free(text);
}

static void many_threads_that_log_do_not_wait_either(void **state)
{
    (void)state;
    static char names[WRITERS][8] = {"first", "second", "third", "fourth"};
    pthread_t threads[WRITERS];
    uint64_t dropped = log_lines_dropped();
    fill_pipe();
    log_start();

    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);

    dropped = log_lines_dropped() - dropped;
    assert_in_range(dropped, 1, WRITERS * LINES - 1);
    empty_pipe();
    free(read_lines((uint64_t)WRITERS * LINES));
}

static void the_end_does_not_wait_for_a_reader_who_never_comes(void **state)
{
    (void)state;
    char text[PIPE_BYTES + 1] = "";
    fill_pipe();
    log_start();
    log_write(LOG_INFO, "stuck", LOG_NONE);

    log_end();
    log_end();
    log_write(LOG_INFO, "last", LOG_NONE);

    empty_pipe();
    log_end();
    assert_true(read(pipe_ends[0], text, PIPE_BYTES) > 0);
    assert_non_null(strstr(text, "stuck"));
    assert_non_null(strstr(text, "last"));
}

static void without_the_thread_a_line_that_finds_no_room_is_dropped_and_told_of_later(void **state)
{
    (void)state;
    const uint64_t dropped = log_lines_dropped();
    fill_pipe();

    log_write(LOG_INFO, "no room", LOG_NONE);
    log_write(LOG_INFO, "no room", LOG_NONE);

    assert_int_equal(log_lines_dropped(), dropped + 2);
    empty_pipe();
    log_start();
    log_write(LOG_INFO, "some", LOG_NONE);
    char *text = read_lines(3);
    assert_null(strstr(text, "no room"));
    assert_true(strstr(text, "log lines were dropped") < strstr(text, "some"));
    free(text);
}

static void who_shares_the_descriptor_may_have_made_it_nonblocking(void **state)
{
    (void)state;
    const uint64_t dropped = log_lines_dropped();
    fill_pipe();
    log_start();

    log_write(LOG_INFO, "first", LOG_NONE);
    log_write(LOG_INFO, "second", LOG_NONE);

    empty_pipe();
    char *text = read_lines(2);
    assert_non_null(strstr(text, "first"));
    assert_non_null(strstr(text, "second"));
    assert_int_equal(log_lines_dropped(), dropped);
    free(text);
}

static void a_reader_who_is_gone_costs_the_lines_and_nothing_else(void **state)
{
    (void)state;
    const uint64_t dropped = log_lines_dropped();
    close(pipe_ends[0]);
    pipe_ends[0] = -1;

    log_write(LOG_INFO, "before", LOG_NONE);
    log_start();
    log_write(LOG_INFO, "while", LOG_NONE);
    log_end();
    log_write(LOG_INFO, "after", LOG_NONE);

    assert_int_equal(log_lines_dropped(), dropped + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_logged_comes_out_in_its_order_before_the_end, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            nobody_who_logs_waits_and_what_is_missing_is_told_in_its_place, begin, end),
        cmocka_unit_test_setup_teardown(many_threads_that_log_do_not_wait_either, begin, end),
        cmocka_unit_test_setup_teardown(the_end_does_not_wait_for_a_reader_who_never_comes, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            without_the_thread_a_line_that_finds_no_room_is_dropped_and_told_of_later, begin, end),
        cmocka_unit_test_setup_teardown(who_shares_the_descriptor_may_have_made_it_nonblocking,
                                        begin_nonblocking, end),
        cmocka_unit_test_setup_teardown(a_reader_who_is_gone_costs_the_lines_and_nothing_else,
                                        begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
