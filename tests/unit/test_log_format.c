/* SPDX-License-Identifier: MIT
 *
 * Lines for people, on a terminal of the test's own. */
#include "base/log.h"
#include "support/cmocka.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#define LINE_BYTES 1100

/* Where standard error goes, and where it is read. */
struct screen {
    int shown;
    int written;
    int real_stderr;
};

static void screen_open(struct screen *screen)
{
    struct termios mode;

    screen->shown = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    assert_true(screen->shown >= 0);
    assert_int_equal(grantpt(screen->shown), 0);
    assert_int_equal(unlockpt(screen->shown), 0);
    screen->written = open(ptsname(screen->shown), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(screen->written >= 0);
    assert_int_equal(tcgetattr(screen->written, &mode), 0);
    cfmakeraw(&mode);
    assert_int_equal(tcsetattr(screen->written, TCSANOW, &mode), 0);
    screen->real_stderr = dup(STDERR_FILENO);
    assert_int_equal(dup2(screen->written, STDERR_FILENO), STDERR_FILENO);
}

static void screen_open_pipe(struct screen *screen)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    *screen = (struct screen){ends[0], ends[1], dup(STDERR_FILENO)};
    assert_int_equal(dup2(screen->written, STDERR_FILENO), STDERR_FILENO);
}

static void screen_close(struct screen *screen)
{
    log_set_format(LOG_FORMAT_JSON);
    assert_int_equal(dup2(screen->real_stderr, STDERR_FILENO), STDERR_FILENO);
    (void)close(screen->real_stderr);
    (void)close(screen->written);
    (void)close(screen->shown);
}

/* What has been written since the last call. */
static const char *screen_text(const struct screen *screen)
{
    static char text[4 * LINE_BYTES];
    size_t length = 0;
    ssize_t count;

    while ((count = read(screen->shown, text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)count;
    text[length] = '\0';
    return text;
}

/* The same without the time, "14:12:15", which it is held to be. */
static const char *screen_line(const struct screen *screen)
{
    static const char form[] = "00:00:00 ";
    const char *line = screen_text(screen);

    assert_true(strlen(line) > strlen(form));
    for (size_t i = 0; i < strlen(form); i++) {
        if (form[i] == '0')
            assert_in_range(line[i], '0', '9');
        else
            assert_int_equal(line[i], form[i]);
    }
    return line + strlen(form);
}

static void a_terminal_is_shown_text(void **state)
{
    (void)state;
    struct screen screen;
    screen_open(&screen);

    log_set_format(LOG_FORMAT_AUTO);
    log_write(LOG_WARN, "redis link lost", LOG_STRING("reason", "refused"),
              LOG_INTEGER("wait_ms", -50), LOG_STRING("host", NULL));

    assert_string_equal(screen_line(&screen),
                        "warn  redis link lost  reason=refused  wait_ms=-50  host=null\n");
    screen_close(&screen);
}

static void a_pipe_gets_json(void **state)
{
    (void)state;
    struct screen screen;
    screen_open_pipe(&screen);

    log_set_format(LOG_FORMAT_AUTO);
    log_write(LOG_ERROR, "lost", LOG_NONE);

    assert_int_equal(screen_text(&screen)[0], '{');
    screen_close(&screen);
}

static void a_format_that_is_set_holds_wherever_lines_go(void **state)
{
    (void)state;
    struct screen screen;
    screen_open(&screen);

    log_set_format(LOG_FORMAT_JSON);
    log_write(LOG_ERROR, "lost", LOG_NONE);
    assert_int_equal(screen_text(&screen)[0], '{');
    screen_close(&screen);

    screen_open_pipe(&screen);
    log_set_format(LOG_FORMAT_TEXT);
    log_write(LOG_ERROR, "lost", LOG_NONE);
    assert_string_equal(screen_line(&screen), "error lost\n");
    screen_close(&screen);
}

static void a_value_stays_within_its_field_and_moves_no_cursor(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *written;
    } rows[] = {
        {"plain/text:1", "plain/text:1"},
        {"", "\"\""},
        {"null", "\"null\""},
        {"two words", "\"two words\""},
        {"a level=error", "\"a level=error\""},
        {"a=b", "\"a=b\""},
        {"a\"b", "\"a\\\"b\""},
        {"a\\b", "\"a\\\\b\""},
        {"a\n12:00:00 error forged", "\"a\\n12:00:00 error forged\""},
        {"a\r\t\b", "\"a\\r\\t\\b\""},
        {"\x1b[2J\x7f", "\"\\u001b[2J\\u007f\""},
        {"\xc2\x9b"
         "2J",
         "\"\\u009b2J\""},
        {"\xe2\x80\xae"
         "evil",
         "\"\\u202eevil\""},
        {"\xe2\x80\xa8", "\"\\u2028\""},
        {"\xff\x9b", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"caf\xc3\xa9", "\"caf\xc3\xa9\""},
    };
    struct screen screen;
    screen_open(&screen);
    log_set_format(LOG_FORMAT_TEXT);

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char expected[LINE_BYTES];
        log_write(LOG_INFO, "shown", LOG_STRING("name", rows[i].value),
                  LOG_TEXT("again", text_of(rows[i].value)));
        (void)snprintf(expected, sizeof(expected), "info  shown  name=%s  again=%s\n",
                       rows[i].written, rows[i].written);
        assert_string_equal(screen_line(&screen), expected);
    }
    screen_close(&screen);
}

static void a_long_line_of_text_is_cut_at_a_field(void **state)
{
    (void)state;
    char filler[1024];
    memset(filler, 'x', sizeof(filler));
    struct screen screen;
    screen_open_pipe(&screen);
    log_set_format(LOG_FORMAT_TEXT);
    log_write(LOG_INFO, "fit", LOG_STRING("filler", "x"));
    const size_t room = 1024 - strlen(screen_text(&screen)) + 1;

    filler[room] = '\0';
    log_write(LOG_INFO, "fit", LOG_STRING("filler", filler));
    assert_int_equal(strlen(screen_text(&screen)), 1024);

    filler[room] = 'x';
    filler[room + 1] = '\0';
    log_write(LOG_INFO, "fit", LOG_INTEGER("first", 1), LOG_STRING("filler", filler),
              LOG_INTEGER("last", 2));
    assert_string_equal(screen_line(&screen), "info  fit  first=1\n");
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_is_shown_text),
        cmocka_unit_test(a_pipe_gets_json),
        cmocka_unit_test(a_format_that_is_set_holds_wherever_lines_go),
        cmocka_unit_test(a_value_stays_within_its_field_and_moves_no_cursor),
        cmocka_unit_test(a_long_line_of_text_is_cut_at_a_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
