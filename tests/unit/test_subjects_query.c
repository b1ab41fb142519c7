/* SPDX-License-Identifier: MIT
 *
 * The subjects that a query asks for. */
#include "base/arena.h"
#include "base/document.h"
#include "base/error.h"
#include "limit/subjects_read.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct faults faults;
static json_t *query;
static struct subjects subjects;

static int end(void **state)
{
    (void)state;
    json_decref(query);
    query = NULL;
    arena_close(&arena);
    return 0;
}

/* Reads the query, given as an object, and closes it. */
static bool read(const char *json)
{
    struct error error;
    struct form form;

    json_decref(query);
    query = document_parse(text_of(json), &error);
    assert_non_null(query);
    faults = (struct faults){0};
    subjects = (struct subjects){0};
    assert_true(form_open(&form, query, NULL, &faults));
    form.kind = FORM_TEXTUAL;
    const bool is_read = subjects_read_query(&form, &arena, &subjects);

    form_close(&form);
    return is_read;
}

static void assert_subject(size_t place, const char *name, const char *value)
{
    assert_true(place < subjects.count);
    assert_true(text_equal(subjects.at[place].name, text_of(name)));
    assert_true(text_equal(subjects.at[place].value, text_of(value)));
}

static void assert_fault(const char *json, const char *name, const char *detail)
{
    (void)read(json);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, name);
    assert_string_equal(faults.at[0].detail, detail);
}

static void a_query_may_ask_for_none(void **state)
{
    (void)state;
    assert_true(read("{}"));
    assert_int_equal(subjects.count, 0);
    assert_int_equal(faults.count, 0);
}

static void each_is_asked_for_by_its_name(void **state)
{
    (void)state;
    assert_true(read("{\"user_id\":\"ada\",\"subject.team\":\"x y\",\"subject.org\":\"acme\"}"));
    assert_int_equal(faults.count, 0);
    assert_int_equal(subjects.count, 3);
    assert_subject(0, "org", "acme");
    assert_subject(1, "team", "x y");
    assert_subject(2, "user", "ada");
}

static void the_user_has_two_names_but_one_at_a_time(void **state)
{
    (void)state;
    assert_true(read("{\"subject.user\":\"ada\"}"));
    assert_subject(0, "user", "ada");
    assert_fault("{\"subject.user\":\"ada\",\"user_id\":\"ada\"}", "subject.user",
                 "must not be given twice: `user_id` is short for it");
}

static void an_address_is_asked_for_by_its_site(void **state)
{
    static const char *const others[] = {"localhost", "192.0.2.1/32", "2001:db8::/48", "/64"};

    (void)state;
    assert_true(read("{\"subject.ip\":\"2001:DB8::1\"}"));
    assert_subject(0, "ip", "2001:db8::/64");
    assert_true(read("{\"subject.ip\":\"2001:db8::/64\"}"));
    assert_subject(0, "ip", "2001:db8::/64");
    assert_true(read("{\"subject.ip\":\"::ffff:192.0.2.1\"}"));
    assert_subject(0, "ip", "192.0.2.1");
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        char json[80];

        (void)snprintf(json, sizeof(json), "{\"subject.ip\":\"%s\"}", others[i]);
        assert_fault(json, "subject.ip", "must be one IPv4 or IPv6 address, without a port");
    }
}

static void what_is_behind_the_point_must_be_a_word(void **state)
{
    static const char *const names[] = {"subject.", "subject.Org", "subject.org.x", "subject.1",
                                        "subject.abcdefghijklmnopqrstuvwxyz0123456"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char json[80];

        (void)snprintf(json, sizeof(json), "{\"%s\":\"acme\"}", names[i]);
        assert_fault(json, names[i],
                     "must name a subject behind the point: it must be 1 to 32 of a-z, 0-9 and _, "
                     "and begin with a letter");
    }
}

static void another_argument_stays_unknown(void **state)
{
    static const char *const names[] = {"subject", "subjects.org", "Subject.org", "ip", "org"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char json[80];

        (void)snprintf(json, sizeof(json), "{\"%s\":\"acme\"}", names[i]);
        assert_true(read(json));
        assert_int_equal(subjects.count, 0);
        assert_int_equal(faults.count, 1);
        assert_true(faults.at[0].is_unknown);
        assert_string_equal(faults.at[0].pointer, names[i]);
    }
}

static void a_value_is_not_empty_and_not_too_long(void **state)
{
    char json[320];

    (void)state;
    assert_fault("{\"subject.org\":\"\"}", "subject.org", "must be a text of 1 to 256 bytes");
    (void)snprintf(json, sizeof(json), "{\"subject.org\":\"%0257d\"}", 1);
    assert_fault(json, "subject.org", "must be a text of 1 to 256 bytes");
    (void)snprintf(json, sizeof(json), "{\"subject.org\":\"%0256d\"}", 1);
    assert_true(read(json));
    assert_int_equal(subjects.at[0].value.length, 256);
}

/* A query may have many more arguments than a form remembers. */
static void more_than_eight_are_refused_however_many(void **state)
{
    char json[1600] = "{\"user_id\":\"ada\"";
    size_t length = strlen(json);

    (void)state;
    for (int i = 0; i < 60; i++) {
        length += (size_t)snprintf(json + length, sizeof(json) - length, ",\"subject.s%d\":\"%s\"",
                                   i, i % 2 == 0 ? "x" : "");
    }
    (void)snprintf(json + length, sizeof(json) - length, "}");
    assert_false(read(json));

    assert_true(read("{\"subject.a\":\"1\",\"subject.b\":\"1\",\"subject.c\":\"1\",\"subject.d\":"
                     "\"1\",\"subject.e\":\"1\",\"subject.f\":\"1\",\"subject.g\":\"1\","
                     "\"subject.h\":\"1\"}"));
    assert_int_equal(subjects.count, 8);
    assert_fault("{\"subject.a\":\"1\",\"subject.b\":\"1\",\"subject.c\":\"1\",\"subject.d\":"
                 "\"1\",\"subject.e\":\"1\",\"subject.f\":\"1\",\"subject.g\":\"1\","
                 "\"subject.h\":\"1\",\"subject.i\":\"1\"}",
                 "subject.i", "must be one of at most 8 subjects");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_query_may_ask_for_none, end),
        cmocka_unit_test_teardown(each_is_asked_for_by_its_name, end),
        cmocka_unit_test_teardown(the_user_has_two_names_but_one_at_a_time, end),
        cmocka_unit_test_teardown(an_address_is_asked_for_by_its_site, end),
        cmocka_unit_test_teardown(what_is_behind_the_point_must_be_a_word, end),
        cmocka_unit_test_teardown(another_argument_stays_unknown, end),
        cmocka_unit_test_teardown(a_value_is_not_empty_and_not_too_long, end),
        cmocka_unit_test_teardown(more_than_eight_are_refused_however_many, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
