/* SPDX-License-Identifier: MIT */
#include "http/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct field {
    const char *name;
    const char *value;
};

static const char *fault_of(const struct field *fields, size_t count, struct framing *framing)
{
    framing_init(framing, true, 10);
    for (size_t i = 0; i < count; i++)
        framing_add_header(framing, text_of(fields[i].name), text_of(fields[i].value));
    return framing_fault(framing);
}

static void framing_takes_what_is_unambiguous(void **state)
{
    const struct field counted[] = {{"host", "a"}, {"CONTENT-LENGTH", "12"}};
    const struct field chunked[] = {{"Host", "a"}, {"Transfer-Encoding", "Chunked"}};
    struct framing framing;

    (void)state;
    assert_null(fault_of(counted, 2, &framing));
    assert_int_equal(framing.content_length, 12);
    assert_false(framing.is_chunked);

    assert_null(fault_of(chunked, 2, &framing));
    assert_true(framing.is_chunked);
}

static void framing_refuses_what_proxies_read_differently(void **state)
{
    static const struct {
        struct field fields[3];
        const char *fault;
    } cases[] = {
        {{{"X", "y"}, {"X", "y"}, {"X", "y"}}, "The Host field is missing."},
        {{{"Host", "a"}, {"Host", "a"}, {"X", "y"}}, "The Host field is repeated."},
        {{{"Host", "a"}, {"Content-Length", "1"}, {"Content-Length", "1"}},
         "The Content-Length field is repeated."},
        {{{"Host", "a"}, {"Content-Length ", "33"}, {"X", "y"}}, "A field has a malformed name."},
        {{{"Host", "a"}, {"X\tY", "33"}, {"X", "y"}}, "A field has a malformed name."},
        {{{"Host", "a"}, {"content-length33", ""}, {"X", "y"}}, "A field has a malformed name."},
        {{{"Host", "a"}, {"Transfer-Encodingx", ""}, {"X", "y"}}, "A field has a malformed name."},
        {{{"Host", "a"}, {"Content-Length", "+1"}, {"X", "y"}},
         "The Content-Length field is malformed."},
        {{{"Host", "a"}, {"Content-Length", "-1"}, {"X", "y"}},
         "The Content-Length field is malformed."},
        {{{"Host", "a"}, {"Content-Length", ""}, {"X", "y"}},
         "The Content-Length field is malformed."},
        {{{"Host", "a"}, {"Content-Length", "99999999999999999999"}, {"X", "y"}},
         "The Content-Length field is malformed."},
        {{{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}, {"X", "y"}},
         "The only Transfer-Encoding taken is chunked."},
        {{{"Host", "a"}, {"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}},
         "The Transfer-Encoding field is repeated."},
        {{{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Content-Length", "4"}},
         "Content-Length and Transfer-Encoding exclude each other."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct framing framing;

        assert_string_equal(fault_of(cases[i].fields, 3, &framing), cases[i].fault);
    }
}

static void framing_asks_for_host_only_from_http_1_1_on(void **state)
{
    struct framing framing;

    (void)state;
    framing_init(&framing, false, 10);

    assert_null(framing_fault(&framing));
}

static void framing_counts_what_the_connection_has_to_store(void **state)
{
    struct framing framing;

    (void)state;
    framing_init(&framing, true, 10);
    framing_add_header(&framing, TEXT("Host"), TEXT("a"));
    for (int i = 0; i < 65; i++)
        framing_add_header(&framing, TEXT("X-Some-Name"), TEXT("some value"));
    assert_false(framing_is_large(&framing));
    framing_add_header(&framing, TEXT("Cookie"), TEXT("a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b"));
    framing_add_header(&framing, TEXT("Cookie"), TEXT("a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b"));

    assert_true(framing_is_large(&framing));
    assert_null(framing_fault(&framing));

    framing_init(&framing, true, FRAMING_BYTES_MAX + 1);
    assert_true(framing_is_large(&framing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing_takes_what_is_unambiguous),
        cmocka_unit_test(framing_refuses_what_proxies_read_differently),
        cmocka_unit_test(framing_counts_what_the_connection_has_to_store),
        cmocka_unit_test(framing_asks_for_host_only_from_http_1_1_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
