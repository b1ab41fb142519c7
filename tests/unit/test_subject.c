/* SPDX-License-Identifier: MIT */
#include "limit/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/document.h"

#include <sodium.h>

static struct arena arena;
static struct faults faults;
static struct sole_subject subject;

static bool read_subject(const char *json)
{
    struct error error = {0};
    struct form form;
    json_t *body = document_parse(text_of(json), &error);

    assert_non_null(body);
    faults = (struct faults){0};
    subject = (struct sole_subject){0};
    assert_true(form_open(&form, body, "", &faults));
    bool good = subject_read(&form, &arena, &subject);
    form_close(&form);
    subject.name = text_copy(&arena, subject.name); /* the name outlives the body */
    json_decref(body);
    return good;
}

static void assert_subject(const char *json, enum subject_kind kind, const char *name)
{
    if (!read_subject(json))
        fail_msg("%s: %s", json, faults.at[0].detail);
    assert_int_equal(faults.count, 0);
    assert_int_equal(subject.kind, kind);
    if (!text_equal(subject.name, text_of(name)))
        fail_msg("%s: %.*s", json, TEXT_PRINTF(subject.name));
}

static void assert_fault(const char *json, const char *pointer, const char *detail)
{
    if (read_subject(json))
        fail_msg("%s was accepted", json);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, pointer);
    assert_string_equal(faults.at[0].detail, detail);
}

static void a_user_is_taken_as_given(void **state)
{
    (void)state;

    assert_subject("{\"user_id\":\"u 1 {x}\"}", SUBJECT_USER, "u 1 {x}");
    assert_subject("{\"user_id\":\"192.0.2.1\",\"ip\":null}", SUBJECT_USER, "192.0.2.1");
}

static void addresses_become_canonical(void **state)
{
    (void)state;

    assert_subject("{\"ip\":\"192.0.2.1\"}", SUBJECT_IP, "192.0.2.1");
    assert_subject("{\"ip\":\"::ffff:192.0.2.1\"}", SUBJECT_IP, "192.0.2.1");
    assert_subject("{\"ip\":\"::FFFF:C000:0201\"}", SUBJECT_IP, "192.0.2.1");
    assert_subject("{\"ip\":\"64:ff9b::192.0.2.1\"}", SUBJECT_IP, "192.0.2.1");
    assert_subject("{\"ip\":\"64:ff9b:1:2::c000:201\"}", SUBJECT_IP, "192.0.2.1");
    assert_subject("{\"ip\":\"2001:DB8:0:0:1:2:3:4\"}", SUBJECT_IP, "2001:db8::/64");
    assert_subject("{\"ip\":\"2001:db8::ffff\"}", SUBJECT_IP, "2001:db8::/64");
    assert_subject("{\"ip\":\"2001:db8:0:1::\"}", SUBJECT_IP, "2001:db8:0:1::/64");
    assert_subject("{\"ip\":\"::1\"}", SUBJECT_IP, "::/64");
    assert_subject("{\"ip\":\"ffff:ffff:ffff:ffff:1::\"}", SUBJECT_IP, "ffff:ffff:ffff:ffff::/64");
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
}

static void exactly_one_subject_is_given(void **state)
{
    (void)state;

    assert_fault("{}", "", "must have `user_id` or `ip`");
    assert_fault("{\"user_id\":\"a\",\"ip\":\"::1\"}", "/ip", "must be absent beside `user_id`");
    assert_fault("{\"user_id\":\"\"}", "/user_id", "must be a text of 1 to 256 bytes");
    assert_fault("{\"user_id\":7}", "/user_id", "must be a text of 1 to 256 bytes");
}

static bool same_digest(const struct digest_key *key, const char *app_a, struct sole_subject a,
                        const char *app_b, struct sole_subject b)
{
    struct digest left = subject_digest(key, text_of(app_a), &a);
    struct digest right = subject_digest(key, text_of(app_b), &b);

    return memcmp(&left, &right, sizeof(left)) == 0;
}

static void different_subjects_have_different_digests(void **state)
{
    (void)state;
    struct digest_key key = {.bytes = {1}};
    struct sole_subject a = {SUBJECT_USER, TEXT("a")};
    struct sole_subject ba = {SUBJECT_USER, TEXT("ba")};
    struct sole_subject address = {SUBJECT_IP, TEXT("192.0.2.1")};
    struct sole_subject user_named_so = {SUBJECT_USER, TEXT("192.0.2.1")};

    assert_true(same_digest(&key, "app", a, "app", a));
    assert_false(same_digest(&key, "app", a, "ppa", a));
    assert_false(same_digest(&key, "ab", a, "a", ba));
    assert_false(same_digest(&key, "app", address, "app", user_named_so));
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_taken_as_given),
        cmocka_unit_test(addresses_become_canonical),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(exactly_one_subject_is_given),
        cmocka_unit_test(different_subjects_have_different_digests),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, end);
}
