/* SPDX-License-Identifier: MIT
 *
 * The mark is read key by key, so the catalogue may be replaced in between. */
#include "fuzz/replies.h"

#include "catalogue/catalogue_backend.h"
#include "support/cmocka.h"

#include <sodium.h>

#define NONE     "*2\r\n$-1\r\n:0\r\n"
#define IDENTITY "*2\r\n$48\r\ngggggggggggggggggggggggggggggggggggggggggggggggg\r\n:1\r\n"
#define ANOTHER  "*2\r\n$48\r\nhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh\r\n:1\r\n"
#define PEPPER   "*2\r\n$32\r\npppppppppppppppppppppppppppppppp\r\n:1\r\n"
#define REVISION "*2\r\n$1\r\n7\r\n:1\r\n"
#define LIST     "*5\r\n:7\r\n:1000\r\n:1\r\n:1\r\n:4000000000000000\r\n"
#define EMPTY    "*5\r\n:0\r\n:0\r\n:0\r\n:1\r\n:4000000000000000\r\n"

/* In the order of reading; the identity comes first and last. */
#define CONTENTS PEPPER REVISION LIST LIST NONE
#define NOTHING  NONE NONE EMPTY EMPTY NONE

static enum catalogue_status mark_read(const char *replies, struct catalogue_mark *mark,
                                       struct error *error)
{
    struct catalogue_backend *backend = catalogue_redis_new(NULL);

    replies_begin(text_of(replies));
    const enum catalogue_status status = backend->operations->mark_read(backend, 0, mark, error);
    replies_end();
    backend->operations->free(backend);
    return status;
}

static void a_catalogue_that_stays_is_read_once(void **state)
{
    struct catalogue_mark mark;
    struct error error = {0};
    (void)state;

    assert_int_equal(mark_read(IDENTITY CONTENTS IDENTITY, &mark, &error), CATALOGUE_OK);

    assert_true(mark.has_identity && mark.has_pepper);
    assert_int_equal(mark.progress.newest, 7);
    assert_int_equal(mark.progress.written, 7);
    assert_int_equal(mark.progress.age_us, 1000);
    assert_false(mark.has_lost_list || mark.lacks_write);
}

/* Half of it would look like an older copy of the same catalogue, and its apps would be given up.
 * All of it is an empty one, and they are put back. */
static void a_catalogue_that_is_lost_while_it_is_read_is_read_again(void **state)
{
    struct catalogue_mark mark;
    struct error error = {0};
    (void)state;

    assert_int_equal(mark_read(IDENTITY CONTENTS NONE NONE NOTHING NONE, &mark, &error),
                     CATALOGUE_OK);

    assert_false(mark.has_identity || mark.has_pepper);
    assert_int_equal(mark.progress.newest, 0);
    assert_int_equal(mark.progress.age_us, 0);
}

static void a_catalogue_that_is_replaced_again_and_again_is_not_judged(void **state)
{
    struct catalogue_mark mark;
    struct error error = {0};
    (void)state;

    assert_int_equal(
        mark_read(IDENTITY CONTENTS ANOTHER IDENTITY CONTENTS ANOTHER IDENTITY CONTENTS ANOTHER,
                  &mark, &error),
        CATALOGUE_UNAVAILABLE);

    assert_non_null(strstr(error.message, "again and again"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_catalogue_that_stays_is_read_once),
        cmocka_unit_test(a_catalogue_that_is_lost_while_it_is_read_is_read_again),
        cmocka_unit_test(a_catalogue_that_is_replaced_again_and_again_is_not_judged),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
