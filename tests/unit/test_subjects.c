/* SPDX-License-Identifier: MIT */
#include "limit/subjects.h"

#include "limit/by.h"
#include "limit/subjects_read.h"
#include "limit/word.h"
#include "reading.h"
#include "support/cmocka.h"

#include <sodium.h>

#define LISTED_BYTES 512

static struct form form;

static void open_form(const char *json)
{
    reading_begin(&form, json, "");
}

static bool read_subjects(const char *json, struct subjects *subjects)
{
    open_form(json);
    bool good = subjects_read(&form, &arena, subjects);

    form_close(&form);
    return good;
}

static size_t list(char listed[], size_t used, const struct subject *subject)
{
    return used + (size_t)snprintf(listed + used, LISTED_BYTES - used, "%s%.*s=%.*s",
                                   used > 0 ? " " : "", TEXT_PRINTF(subject->name),
                                   TEXT_PRINTF(subject->value));
}

/* "name=value name=value", by name. */
static void assert_subjects(const char *json, const char *expected)
{
    struct subjects subjects = {0};
    char listed[LISTED_BYTES] = "";
    size_t used = 0;

    if (!read_subjects(json, &subjects))
        fail_msg("%s: %s", json, faults.at[0].detail);
    assert_int_equal(faults.count, 0);
    for (size_t i = 0; i < subjects.count; i++)
        used = list(listed, used, &subjects.at[i]);
    assert_string_equal(listed, expected);
}

static void assert_order(const char *json, const char *expected)
{
    struct subjects subjects = {0};
    const struct subject *subject;
    char listed[LISTED_BYTES] = "";
    size_t used = 0;

    assert_true(read_subjects(json, &subjects));
    for (size_t i = 0; (subject = subjects_in_order(&subjects, i)) != NULL; i++)
        used = list(listed, used, subject);
    assert_string_equal(listed, expected);
    assert_ptr_equal(subjects_first(&subjects), subjects_in_order(&subjects, 0));
    assert_null(subjects_in_order(&subjects, subjects.count + 1));
}

static void assert_fault(const char *json, const char *pointer, const char *detail)
{
    struct subjects subjects = {0};

    if (read_subjects(json, &subjects))
        fail_msg("%s was accepted", json);
    reading_expect_fault(pointer, detail);
    assert_int_equal(subjects.count, 0);
}

static void values_are_taken_as_given(void **state)
{
    (void)state;

    assert_subjects("{\"user_id\":\"u 1 {x}\"}", "user=u 1 {x}");
    assert_subjects("{\"user_id\":\"192.0.2.1\",\"ip\":null}", "user=192.0.2.1");
    assert_subjects("{\"subjects\":{\"org\":\"acme\",\"model_2\":\"m\"}}", "model_2=m org=acme");
}

static void user_id_and_ip_are_short_for_subjects(void **state)
{
    (void)state;

    assert_subjects("{\"subjects\":{\"user\":\"ada\"}}", "user=ada");
    assert_subjects("{\"user_id\":\"ada\",\"ip\":\"192.0.2.1\"}", "ip=192.0.2.1 user=ada");
    assert_subjects("{\"user_id\":\"ada\",\"subjects\":{\"org\":\"acme\",\"ip\":\"192.0.2.1\"}}",
                    "ip=192.0.2.1 org=acme user=ada");
}

static void addresses_become_canonical(void **state)
{
    (void)state;

    assert_subjects("{\"ip\":\"192.0.2.1\"}", "ip=192.0.2.1");
    assert_subjects("{\"ip\":\"::ffff:192.0.2.1\"}", "ip=192.0.2.1");
    assert_subjects("{\"ip\":\"::FFFF:C000:0201\"}", "ip=192.0.2.1");
    assert_subjects("{\"ip\":\"64:ff9b::192.0.2.1\"}", "ip=192.0.2.1");
    assert_subjects("{\"ip\":\"64:ff9b:1:2::c000:201\"}", "ip=192.0.2.1");
    assert_subjects("{\"ip\":\"2001:DB8:0:0:1:2:3:4\"}", "ip=2001:db8::/64");
    assert_subjects("{\"subjects\":{\"ip\":\"2001:db8::ffff\"}}", "ip=2001:db8::/64");
    assert_subjects("{\"ip\":\"2001:db8:0:1::\"}", "ip=2001:db8:0:1::/64");
    assert_subjects("{\"ip\":\"::1\"}", "ip=::/64");
    assert_subjects("{\"ip\":\"ffff:ffff:ffff:ffff:1::\"}", "ip=ffff:ffff:ffff:ffff::/64");
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    const char *detail = "must be one IPv4 or IPv6 address, without a port or a prefix";

    assert_fault("{\"ip\":\"192.0.2\"}", "/ip", detail);
    assert_fault("{\"ip\":\"192.0.2.256\"}", "/ip", detail);
    assert_fault("{\"ip\":\"192.0.2.1 \"}", "/ip", detail);
    assert_fault("{\"ip\":\"192.0.2.1:80\"}", "/ip", detail);
    assert_fault("{\"ip\":\"[::1]\"}", "/ip", detail);
    assert_fault("{\"ip\":\"fe80::1%eth0\"}", "/ip", detail);
    assert_fault("{\"ip\":\"2001:db8::/64\"}", "/ip", detail);
    assert_fault("{\"ip\":\"example.com\"}", "/ip", detail);
    assert_fault("{\"ip\":\"0000000000000000000000000000000000000000000000000001\"}", "/ip",
                 detail);
    assert_fault("{\"ip\":\"\"}", "/ip", "must be a text of 1 to 256 bytes");
    assert_fault("{\"subjects\":{\"ip\":\"localhost\"}}", "/subjects/ip", detail);
}

static void some_subject_is_given_and_none_twice(void **state)
{
    (void)state;

    assert_fault("{}", "", "must have `user_id`, `ip` or `subjects`");
    assert_fault("{\"subjects\":{}}", "/subjects", "must have 1 to 8 subjects");
    assert_fault("{\"subjects\":{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\",\"d\":\"1\",\"e\":\"1\","
                 "\"f\":\"1\",\"g\":\"1\",\"h\":\"1\",\"i\":\"1\"}}",
                 "/subjects", "must have 1 to 8 subjects");
    assert_fault("{\"user_id\":\"u\",\"subjects\":{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\","
                 "\"d\":\"1\",\"e\":\"1\",\"f\":\"1\",\"g\":\"1\",\"h\":\"1\"}}",
                 "/subjects/h", "must be one of at most 8 subjects");
    assert_fault("{\"user_id\":\"a\",\"subjects\":{\"user\":\"a\"}}", "/subjects/user",
                 "must not be given twice: `user_id` is short for it");
    assert_fault("{\"ip\":\"::1\",\"subjects\":{\"ip\":\"::1\"}}", "/subjects/ip",
                 "must not be given twice: `ip` is short for it");
}

static void names_and_values_have_rules(void **state)
{
    (void)state;
    const char *name = "must have another name: it must be 1 to 32 of a-z, 0-9 and _, and begin "
                       "with a letter";

    assert_fault("{\"subjects\":{\"Org\":\"acme\"}}", "/subjects/Org", name);
    assert_fault("{\"subjects\":{\"\":\"acme\"}}", "/subjects/", name);
    assert_fault("{\"subjects\":{\"2\":\"acme\"}}", "/subjects/2", name);
    assert_fault("{\"subjects\":{\"a/b\":\"acme\"}}", "/subjects/a~1b", name);
    assert_fault("{\"subjects\":{\"org\":\"\"}}", "/subjects/org",
                 "must be a text of 1 to 256 bytes");
    assert_fault("{\"subjects\":{\"org\":7}}", "/subjects/org", "must be a text of 1 to 256 bytes");
    assert_fault("{\"subjects\":[\"acme\"]}", "/subjects", "must be an object");
    assert_fault("{\"user_id\":\"\"}", "/user_id", "must be a text of 1 to 256 bytes");
    assert_fault("{\"user_id\":7}", "/user_id", "must be a text of 1 to 256 bytes");
}

static void the_order_is_user_then_others_by_name_then_ip(void **state)
{
    (void)state;

    assert_order("{\"subjects\":{\"zone\":\"z\",\"ip\":\"192.0.2.1\",\"user\":\"u\","
                 "\"app\":\"a\"}}",
                 "user=u app=a zone=z ip=192.0.2.1");
    assert_order("{\"ip\":\"192.0.2.1\"}", "ip=192.0.2.1");
    assert_order("{\"subjects\":{\"org\":\"acme\"}}", "org=acme");
}

static void one_subject_names_a_policy(void **state)
{
    (void)state;
    struct subject subject = {0};

    open_form("{\"subject\":{\"org\":\"acme\"}}");
    assert_true(subject_read_one(&form, &arena, &subject));
    assert_true(text_equal(subject.name, TEXT("org")));
    assert_true(text_equal(subject.value, TEXT("acme")));
    open_form("{\"user_id\":\"ada\"}");
    assert_true(subject_read_one(&form, &arena, &subject));
    assert_true(text_equal(subject.name, TEXT("user")));
    open_form("{}");
    subject = (struct subject){0};
    assert_true(subject_read_one(&form, &arena, &subject));
    assert_true(text_is_absent(subject.name));
    open_form("{\"subject\":{\"org\":\"acme\",\"team\":\"t\"}}");
    assert_false(subject_read_one(&form, &arena, &subject));
    open_form("{\"user_id\":\"ada\",\"subject\":{\"org\":\"acme\"}}");
    assert_false(subject_read_one(&form, &arena, &subject));
    assert_true(text_is_absent(subject.name));
}

static bool same_digest(const struct digest_key *key, const char *app_a, struct subjects a,
                        const char *app_b, struct subjects b)
{
    const struct text usual = {0};
    struct digest left = subjects_digest(key, text_of(app_a), &a, usual);
    struct digest right = subjects_digest(key, text_of(app_b), &b, usual);

    return memcmp(&left, &right, sizeof(left)) == 0;
}

static void different_subjects_have_different_digests(void **state)
{
    (void)state;
    struct digest_key key = {.bytes = {1}};
    const struct subject a[] = {{TEXT("user"), TEXT("a")}};
    const struct subject ba[] = {{TEXT("user"), TEXT("ba")}};
    const struct subject address[] = {{TEXT("ip"), TEXT("a")}};
    const struct subject two[] = {{TEXT("user"), TEXT("a")}, {TEXT("ip"), TEXT("a")}};
    const struct subjects one = {1, a};

    assert_true(same_digest(&key, "app", one, "app", one));
    assert_false(same_digest(&key, "app", one, "ppa", one));
    assert_false(same_digest(&key, "ab", one, "a", (struct subjects){1, ba}));
    assert_false(same_digest(&key, "app", one, "app", (struct subjects){1, address}));
    assert_false(same_digest(&key, "app", one, "app", (struct subjects){2, two}));
}

static void another_use_has_another_digest(void **state)
{
    (void)state;
    const struct digest_key key = {.bytes = {1}};
    const struct subject a[] = {{TEXT("user"), TEXT("a")}};
    const struct subjects one = {1, a};
    const struct subjects none = {0};
    const struct digest digests[] = {
        subjects_digest(&key, TEXT("app"), &one, (struct text){0}),
        subjects_digest(&key, TEXT("app"), &one, TEXT("candidate")),
        subjects_digest(&key, TEXT("app"), &none, (struct text){0}),
        subjects_digest(&key, TEXT("app"), &none, TEXT("candidate")),
    };

    for (size_t i = 0; i < ARRAY_COUNT(digests); i++) {
        for (size_t other = 0; other < i; other++)
            assert_memory_not_equal(&digests[i], &digests[other], sizeof(digests[i]));
    }
}

static void as_many_of_the_longest_as_may_be_have_a_digest(void **state)
{
    (void)state;
    char name[WORD_BYTES_MAX];
    char value[SUBJECT_VALUE_BYTES_MAX];
    struct subject all[BY_MAX];
    struct digest_key key = {.bytes = {1}};

    memset(name, 'n', sizeof(name));
    memset(value, 'v', sizeof(value));
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        all[i] = (struct subject){{name, sizeof(name)}, {value, sizeof(value)}};
    assert_true(same_digest(&key, "app", (struct subjects){ARRAY_COUNT(all), all}, "app",
                            (struct subjects){ARRAY_COUNT(all), all}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken_as_given),
        cmocka_unit_test(user_id_and_ip_are_short_for_subjects),
        cmocka_unit_test(addresses_become_canonical),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(some_subject_is_given_and_none_twice),
        cmocka_unit_test(names_and_values_have_rules),
        cmocka_unit_test(the_order_is_user_then_others_by_name_then_ip),
        cmocka_unit_test(one_subject_names_a_policy),
        cmocka_unit_test(different_subjects_have_different_digests),
        cmocka_unit_test(another_use_has_another_digest),
        cmocka_unit_test(as_many_of_the_longest_as_may_be_have_a_digest),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, reading_end);
}
