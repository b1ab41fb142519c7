/* SPDX-License-Identifier: MIT */
#include "support/redis_fixture.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <inttypes.h>

#define MADE_AT  "# made at "
#define DAY_S    INT64_C(86400)
#define SECOND   INT64_C(1000000)
#define TIME_MAX 24 /* bytes of a number's digits */

/* A line that is read, and the place for its words. The words need less than twice the line's
 * bytes; "<n:0>" needs the most. */
struct reader {
    const char *at;
    char *out;
    int64_t shift_s;
};

/* Forms like "<s:N>". */
static const struct {
    const char *start;
    int64_t units; /* per second of the shift; 0: it is not a time */
    bool is_double;
} forms[] = {
    {"<s:", 1, false},
    {"<us:", SECOND, false},
    {"<t:", SECOND, true},
    {"<n:", 0, true},
};

static int64_t shift_of(const char *line);
static void read_command(struct reader *reader, struct redis_fixture_command *command);
static void read_word(struct reader *reader);
static bool read_number(struct reader *reader);
static void read_escape(struct reader *reader);
static void on_load(void *context, struct redis_fixture_command *command);

void redis_fixture_visit(const char *path, void *context, redis_fixture_visit_fn *visit)
{
    char *text = scratch_read(path);
    char *rest = text;

    assert_non_null(text);
    char *words = memory_new(2 * strlen(text) + TIME_MAX, 1);
    const int64_t shift_s = shift_of(strsep(&rest, "\n"));
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        struct reader reader = {line, words, shift_s};
        struct redis_fixture_command command = {0};

        read_command(&reader, &command);
        if (command.count > 0)
            visit(context, &command);
    }
    free(words);
    free(text);
}

void redis_fixture_load(struct redis_server *server, const char *path)
{
    redis_fixture_visit(path, server, on_load);
}

/* Whole days, rounded down. It may be negative, if the clock was ahead. */
static int64_t shift_of(const char *line)
{
    assert_int_equal(strncmp(line, MADE_AT, strlen(MADE_AT)), 0);
    const int64_t age_s = clock_wall_us() / SECOND - strtoll(line + strlen(MADE_AT), NULL, 10);

    return (age_s - (age_s % DAY_S + DAY_S) % DAY_S);
}

static void read_command(struct reader *reader, struct redis_fixture_command *command)
{
    while (*reader->at != '\0') {
        assert_in_range(command->count, 0, REDIS_FIXTURE_WORDS_MAX - 1);
        const char *word = reader->out;
        read_word(reader);
        command->words[command->count] = word;
        command->lengths[command->count++] = (size_t)(reader->out - word);
        *reader->out++ = '\0';
        if (*reader->at == ' ')
            reader->at++;
    }
}

static void read_word(struct reader *reader)
{
    const char end = *reader->at == '"' ? '"' : ' ';

    if (end == '"')
        reader->at++;
    while (*reader->at != end && *reader->at != '\0') {
        if (*reader->at == '\\')
            read_escape(reader);
        else if (!read_number(reader))
            *reader->out++ = *reader->at++;
    }
    if (end == '"')
        assert_int_equal(*reader->at++, '"');
}

/* False when there is no number here. */
static bool read_number(struct reader *reader)
{
    size_t form = 0;
    char *end = NULL;

    while (form < ARRAY_COUNT(forms) &&
           strncmp(reader->at, forms[form].start, strlen(forms[form].start)) != 0)
        form++;
    if (form == ARRAY_COUNT(forms))
        return false;
    int64_t number = strtoll(reader->at + strlen(forms[form].start), &end, 10);
    assert_int_equal(*end, '>');
    reader->at = end + 1;
    number += reader->shift_s * forms[form].units;
    if (forms[form].is_double) {
        const double bytes = (double)number; /* as in memory: Sluice is little-endian */
        memcpy(reader->out, &bytes, sizeof(bytes));
        reader->out += sizeof(bytes);
    } else {
        reader->out += snprintf(reader->out, TIME_MAX, "%" PRId64, number);
    }
    return true;
}

static void read_escape(struct reader *reader)
{
    static const char escapes[] = "\"\"\\\\n\nr\rt\t"; /* each character, then its meaning */
    const char escape = reader->at[1];

    if (escape == 'x') {
        const char digits[] = {reader->at[2], reader->at[3], '\0'};
        *reader->out++ = (char)strtol(digits, NULL, 16);
        reader->at += 4;
        return;
    }
    for (const char *pair = escapes; *pair != '\0'; pair += 2) {
        if (*pair == escape) {
            *reader->out++ = pair[1];
            reader->at += 2;
            return;
        }
    }
    fail_msg("unknown escape: %.8s", reader->at);
}

static void on_load(void *context, struct redis_fixture_command *command)
{
    redis_server_command_words(context, command->count, command->words, command->lengths);
}
