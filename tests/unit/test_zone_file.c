/* SPDX-License-Identifier: MIT */
#include "zone_file.h"

#include "support/cmocka.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(n) "\0\0\0" n
#define HEADER(version, ut, standard, leaps, times, types, names)                                  \
    "TZif" version "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" COUNT(ut) COUNT(standard) COUNT(leaps)         \
        COUNT(times) COUNT(types) COUNT(names)
#define BLOCK(version) HEADER(version, "\2", "\2", "\1", "\2", "\2", "\7")
#define INDEXES        "\1\0"
#define TYPES          "\0\0\16\20\1\0\377\377\361\360\0\4" /* AAA at +1 h, BB at -1 h */
#define NAMES          "AAA\0BB\0"
#define FLAGS          "\0\0\0\0"
#define FIRST                                                                                      \
    BLOCK("2")                                                                                     \
    "\200\0\0\0\0\0\0\7" INDEXES TYPES NAMES "\0\0\0\1\0\0\0\1" FLAGS
#define SECOND                                                                                     \
    BLOCK("2")                                                                                     \
    "\377\377\377\377\200\0\0\0\0\0\0\1\0\0\0\0" INDEXES TYPES NAMES                               \
    "\0\0\0\0\0\0\0\1\0\0\0\1" FLAGS
#define FOOTER "\nAAA-1\n"

#define HEADER_BYTES  44
#define SECOND_AT     ((size_t)(sizeof(FIRST) - 1))
#define FOOTER_AT     (SECOND_AT + sizeof(SECOND) - 1)
#define TIMES_BYTES   16 /* in the second block */
#define INDEXES_AT    (SECOND_AT + HEADER_BYTES + TIMES_BYTES)
#define TYPES_AT      (INDEXES_AT + sizeof(INDEXES) - 1)
#define NAMES_END     (TYPES_AT + sizeof(TYPES) - 1 + sizeof(NAMES) - 1)
#define OF_COUNT(i)   (20 + 4 * (size_t)(i) + 3) /* in a header, the lowest byte */
#define SOUND_LITERAL FIRST SECOND FOOTER

static const struct text sound = {SOUND_LITERAL, sizeof(SOUND_LITERAL) - 1};

static void whole_files_of_any_version_are_sound(void **state)
{
    (void)state;
    const struct text only_what_must_be =
        TEXT(HEADER("\0", "\0", "\0", "\0", "\0", "\1", "\1") "\0\0\0\0\0\0\0");
    const struct text without_a_rule =
        TEXT(HEADER("4", "\0", "\1", "\0", "\0", "\1", "\1") "\0\0\0\0\0\0\0\0" HEADER(
            "4", "\1", "\0", "\0", "\0", "\1", "\1") "\0\0\0\0\0\0\0\0\n\n");

    assert_true(zone_file_is_sound(sound));
    assert_true(zone_file_is_sound(only_what_must_be));
    assert_true(zone_file_is_sound(without_a_rule));
}

/* Each piece is alone in memory, so a sanitizer sees any read past its end. */
static void a_file_that_is_cut_anywhere_is_not_sound(void **state)
{
    (void)state;

    for (size_t length = 0; length < sound.length; length++) {
        char *piece = malloc(length + 1); /* never none */

        memcpy(piece + 1, sound.at, length);

        const bool is_sound = zone_file_is_sound((struct text){piece + 1, length});

        free(piece);
        if (is_sound)
            fail_msg("cut to %zu bytes", length);
    }
}

static void a_file_with_more_than_it_says_is_not_sound(void **state)
{
    (void)state;

    assert_false(zone_file_is_sound(TEXT(SOUND_LITERAL "\n")));
    assert_false(zone_file_is_sound(TEXT(SOUND_LITERAL SOUND_LITERAL)));
}

static void a_file_with_one_wrong_byte_is_not_sound(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at;
        char byte;
    } cases[] = {
        {"the first block's magic", 0, 't'},
        {"the second block's magic", SECOND_AT, 't'},
        {"the version", 4, '1'},
        {"the version of one block", SECOND_AT + 4, '3'},
        {"the first block has fewer flags of UT than types", OF_COUNT(0), 1},
        {"the second block has", SECOND_AT + OF_COUNT(0), 1},
        {"fewer flags of standard time than types", SECOND_AT + OF_COUNT(1), 1},
        {"more leap seconds", SECOND_AT + OF_COUNT(2), 2},
        {"more than any file has", SECOND_AT + OF_COUNT(2) - 3, '\377'},
        {"more times", SECOND_AT + OF_COUNT(3), 3},
        {"more than any file has", SECOND_AT + OF_COUNT(3) - 3, '\377'},
        {"more types", SECOND_AT + OF_COUNT(4), 3},
        {"no types", SECOND_AT + OF_COUNT(4), 0},
        {"more bytes of names", SECOND_AT + OF_COUNT(5), 8},
        {"no names", SECOND_AT + OF_COUNT(5), 0},
        {"the first block's times do not ascend", HEADER_BYTES, '\177'},
        {"nor do those of the second", SECOND_AT + HEADER_BYTES + 8, '\200'},
        {"an index past the types", INDEXES_AT, 2},
        {"an index past the types, the highest", INDEXES_AT + 1, '\377'},
        {"a clock that is too far from UTC", TYPES_AT + 1, 2},
        {"one that is a lifetime away", TYPES_AT + 6, '\200'},
        {"daylight saving time is neither yes nor no", TYPES_AT + 4, 2},
        {"a name past the names", TYPES_AT + 11, 7},
        {"the last name does not end", NAMES_END - 1, 'B'},
        {"the rule does not begin", FOOTER_AT, ' '},
        {"the rule has a line's end", FOOTER_AT + 2, '\n'},
        {"the rule has a NUL", FOOTER_AT + 2, '\0'},
        {"the rule does not end", FOOTER_AT + sizeof(FOOTER) - 2, ' '},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char content[sizeof(SOUND_LITERAL)];

        memcpy(content, sound.at, sound.length);
        content[cases[i].at] = cases[i].byte;
        if (zone_file_is_sound((struct text){content, sound.length}))
            fail_msg("%s", cases[i].what);
    }
}

static void file_write(const char *path, struct text content, off_t bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.at, content.length), content.length);
    assert_int_equal(ftruncate(fd, bytes), 0);
    assert_int_equal(close(fd), 0);
}

static void assert_refused(const char *path, const char *reason)
{
    struct error error = {0};

    assert_false(zone_file_check(path, &error));
    assert_string_equal(error.message, reason);
}

static void what_is_no_sound_file_is_refused_with_the_reason(void **state)
{
    (void)state;
    char directory[SCRATCH_PATH_BYTES];
    char path[SCRATCH_PATH_BYTES + 8];
    struct error error = {0};

    scratch_directory("zone_file", directory);
    (void)snprintf(path, sizeof(path), "%s/file", directory);

    assert_refused(path, "No such file or directory");
    file_write(path, sound, (off_t)sound.length);
    assert_true(zone_file_check(path, &error));
    file_write(path, sound, (off_t)sound.length - 1);
    assert_refused(path, "not a whole TZif file");
    file_write(path, sound, ZONE_FILE_BYTES_MAX);
    assert_refused(path, "not a whole TZif file");
    file_write(path, sound, ZONE_FILE_BYTES_MAX + 1);
    assert_refused(path, "longer than 1048576 bytes");
    file_write(path, sound, 0);
    assert_refused(path, "not a whole TZif file");

    scratch_remove();
}

static void a_pipe_or_a_device_is_refused_at_once(void **state)
{
    (void)state;
    char directory[SCRATCH_PATH_BYTES];
    char path[SCRATCH_PATH_BYTES + 8];

    scratch_directory("zone_file", directory);
    (void)snprintf(path, sizeof(path), "%s/pipe", directory);
    assert_int_equal(mkfifo(path, 0600), 0);

    assert_refused(path, "not a regular file");
    assert_refused(directory, "not a regular file");
    assert_refused("/dev/zero", "not a regular file");

    scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_files_of_any_version_are_sound),
        cmocka_unit_test(a_file_that_is_cut_anywhere_is_not_sound),
        cmocka_unit_test(a_file_with_more_than_it_says_is_not_sound),
        cmocka_unit_test(a_file_with_one_wrong_byte_is_not_sound),
        cmocka_unit_test(what_is_no_sound_file_is_refused_with_the_reason),
        cmocka_unit_test(a_pipe_or_a_device_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
