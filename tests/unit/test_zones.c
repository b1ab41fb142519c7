/* SPDX-License-Identifier: MIT
 *
 * A directory of zones that somebody has tampered with. */
#include "zones.h"

#include "support/cmocka.h"
#include "support/scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#define UTC_FILE    "/usr/share/zoneinfo/Etc/UTC"
#define WHOLE_BYTES 114 /* of it */
#define PATH_BYTES  256

/* The first part of the file's name is a directory. */
static void path_make(const char *directory, const char *name, char path[static PATH_BYTES])
{
    (void)snprintf(path, PATH_BYTES, "%s/%s", directory, name);
    *strrchr(path, '/') = '\0';
    (void)mkdir(path, 0700);
    (void)snprintf(path, PATH_BYTES, "%s/%s", directory, name);
}

static void file_make(const char *directory, const char *name, const char *target)
{
    char path[PATH_BYTES];

    path_make(directory, name, path);
    assert_int_equal(symlink(target, path), 0);
}

/* The first bytes of a whole file. */
static void file_cut(const char *directory, const char *name, size_t bytes)
{
    char path[PATH_BYTES];
    char content[WHOLE_BYTES];
    FILE *whole = fopen(UTC_FILE, "r");

    assert_non_null(whole);
    assert_int_equal(fread(content, 1, sizeof(content), whole), WHOLE_BYTES);
    assert_int_equal(fclose(whole), 0);
    path_make(directory, name, path);

    FILE *cut = fopen(path, "w");

    assert_non_null(cut);
    assert_int_equal(fwrite(content, 1, bytes, cut), bytes);
    assert_int_equal(fclose(cut), 0);
}

static void list_write(const char *directory, const char *lines)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/tzdata.zi", directory);

    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(lines, file) >= 0);
    for (int i = 0; i < 100000; i++)
        assert_true(fputs("Z No/File 0 - UTC\n", file) >= 0);
    assert_true(fputs("Z Good/Late 0 - UTC\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    (void)state;
    static char directory[SCRATCH_PATH_BYTES];

    scratch_directory("zones", directory);
    file_make(directory, "Good/One", UTC_FILE);
    file_make(directory, "Good/Two", UTC_FILE);
    file_make(directory, "Good/Late", UTC_FILE);
    file_make(directory, "Not/Listed", UTC_FILE);
    file_make(directory, "Not/File", "/etc");
    file_cut(directory, "Cut/Nowhere", WHOLE_BYTES);
    file_cut(directory, "Cut/Late", WHOLE_BYTES - 1);
    file_cut(directory, "Cut/Early", 44);
    list_write(directory, "# version 0\n"
                          "R d 1916 o - Jun 14 23s 1 S\n"
                          "Z Good/One 0 - UTC\r\n"
                          "L Good/One Good/Two\n"
                          "Z Not/File 0 - UTC\n"
                          "Z Cut/Nowhere 0 - UTC\n"
                          "Z Cut/Late 0 - UTC\n"
                          "Z Cut/Early 0 - UTC\n"
                          "Z ../../etc/passwd 0 - UTC\n"
                          "Z /etc/passwd 0 - UTC\n"
                          "L Good/One Good/../Not/Listed\n"
                          "Zone Not/Listed 0 - UTC\n"
                          "Z\n"
                          "L Good/One\n"
                          "\n");
    return setenv("TZDIR", directory, 1);
}

static int end(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

static void zones_and_their_other_names_are_found(void **state)
{
    (void)state;

    assert_non_null(zones_find(TEXT("Good/One")));
    assert_non_null(zones_find(TEXT("Good/Two")));
    assert_ptr_equal(zones_find(TEXT("Good/One")), zones_find(TEXT("Good/One")));
}

static void utc_needs_no_list(void **state)
{
    (void)state;

    assert_non_null(zones_find(TEXT("UTC")));
}

static void what_is_no_name_or_has_no_file_is_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {
        "No/File",     "Not/File",           "Not/Listed",    "../../etc/passwd",
        "/etc/passwd", "Good/../Not/Listed", "Europe/Berlin", "",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_null(zones_find(text_of(names[i])));
}

static void a_zone_whose_file_is_damaged_is_not_found(void **state)
{
    (void)state;

    assert_non_null(zones_find(TEXT("Cut/Nowhere")));
    assert_null(zones_find(TEXT("Cut/Late")));
    assert_null(zones_find(TEXT("Cut/Early")));
    assert_null(zones_find(TEXT("Cut/Early")));
}

static void the_rest_of_an_endless_list_is_not_read(void **state)
{
    (void)state;

    assert_null(zones_find(TEXT("Good/Late")));
}

static void the_nearest_name_is_one_of_the_list(void **state)
{
    (void)state;

    assert_string_equal(zones_nearest(TEXT("good/on")), "Good/One");
    assert_null(zones_nearest(TEXT("Europe/Berlin")));
    assert_null(zones_nearest(TEXT("Not/Listd")));
}

static void a_name_whose_file_is_damaged_is_not_the_nearest(void **state)
{
    (void)state;

    assert_string_equal(zones_nearest(TEXT("Cut/Nowhre")), "Cut/Nowhere");
    assert_null(zones_nearest(TEXT("Cut/Ealy")));
    assert_null(zones_nearest(TEXT("Cut/Early")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_and_their_other_names_are_found),
        cmocka_unit_test(utc_needs_no_list),
        cmocka_unit_test(what_is_no_name_or_has_no_file_is_not_found),
        cmocka_unit_test(a_zone_whose_file_is_damaged_is_not_found),
        cmocka_unit_test(the_rest_of_an_endless_list_is_not_read),
        cmocka_unit_test(the_nearest_name_is_one_of_the_list),
        cmocka_unit_test(a_name_whose_file_is_damaged_is_not_the_nearest),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
