/* SPDX-License-Identifier: MIT */
#include "journal/record.h"

#include "base/arena.h"
#include "base/document.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct record denied = {
    .time_us = INT64_C(1795270335042999),
    .subject = {"alice \"a\"", 9},
    .route = {"/api/*", 6},
    .role = {"default", 7},
    .cost = 3,
    .reason = "Rate limit exceeded",
    .remaining = 2,
    .policy_version = 4,
    .mode = "enforce",
};

static const char denied_json[] =
    "{\"id\":\"7-1\",\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.042Z\","
    "\"user_id\":\"alice \\\"a\\\"\",\"route\":\"/api/*\",\"route_key\":\"/api/*\","
    "\"role\":\"default\",\"cost\":3,\"allowed\":false,\"reason\":\"Rate limit "
    "exceeded\",\"remaining\":2,\"policy_version\":4,"
    "\"mode\":\"enforce\",\"degraded\":false}";

static struct text write(const struct record *record, struct text id, struct arena *arena)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, arena, 16);
    writer_init(&writer, &buffer);
    record_write(record, id, &writer);
    return buffer_text(&buffer);
}

static bool read(struct text json, struct arena *arena, struct record *record)
{
    struct error error;
    json_t *entry = document_parse(json, &error);
    bool is_record = record_read(entry, arena, record);

    assert_non_null(entry);
    json_decref(entry);
    return is_record;
}

static void assert_text(struct text text, struct text expected)
{
    assert_int_equal(text.length, expected.length);
    assert_memory_equal(text.at, expected.at, expected.length);
}

static void an_entry_has_every_member(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_string_equal(text_copy(&arena, write(&denied, TEXT("7-1"), &arena)).at, denied_json);
    arena_close(&arena);
}

static void an_address_is_shown_as_ip(void **state)
{
    struct arena arena = {0};
    struct record record = denied;
    struct record again;

    (void)state;
    record.subject = TEXT("192.0.2.1");
    record.subject_is_ip = true;

    struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"ip\":\"192.0.2.1\""));
    assert_null(strstr(json.at, "user_id"));
    assert_true(read(json, &arena, &again));
    assert_true(again.subject_is_ip);
    assert_text(again.subject, record.subject);
    arena_close(&arena);
}

static void what_is_stored_has_the_route_once(void **state)
{
    struct arena arena = {0};

    (void)state;
    struct text json = text_copy(&arena, write(&denied, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"route\":\"/api/*\",\"role\""));
    arena_close(&arena);
}

static void what_is_unknown_is_null(void **state)
{
    struct arena arena = {0};
    struct record record = denied;
    struct record again;

    (void)state;
    record.allowed = true;
    record.reason = NULL;
    record.remaining = -1;

    struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"reason\":null,\"remaining\":null"));
    assert_true(read(json, &arena, &again));
    assert_null(again.reason);
    assert_int_equal(again.remaining, -1);
    arena_close(&arena);
}

static void what_was_written_is_read_back_in_milliseconds(void **state)
{
    struct arena arena = {0};
    struct record again;

    (void)state;
    assert_true(read(write(&denied, TEXT("7-1"), &arena), &arena, &again));

    assert_int_equal(again.time_us, INT64_C(1795270335042000));
    assert_text(again.subject, denied.subject);
    assert_false(again.subject_is_ip);
    assert_text(again.route, denied.route);
    assert_text(again.role, denied.role);
    assert_int_equal(again.cost, 3);
    assert_false(again.allowed);
    assert_string_equal(again.reason, denied.reason);
    assert_int_equal(again.remaining, 2);
    assert_int_equal(again.policy_version, 4);
    assert_string_equal(again.mode, "enforce");
    assert_false(again.degraded);
    arena_close(&arena);
}

static void what_is_no_entry_is_not_read(void **state)
{
    static const char *const strangers[] = {
        "[]",
        "{}",
        "{\"id\":\"1-1\"}",
        /* The time has no milliseconds. */
        "{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01Z\",\"user_id\":\"a\",\"route\":\"r\","
        "\"cost\":1,\"allowed\":true,\"policy_version\":1,\"mode\":\"enforce\",\"degraded\":false}",
        "{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01.xyzZ\",\"user_id\":\"a\",\"route\":\"r\","
        "\"cost\":1,\"allowed\":true,\"policy_version\":1,\"mode\":\"enforce\",\"degraded\":false}",
        /* The cost is not a number. */
        "{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01.000Z\",\"user_id\":\"a\",\"route\":\"r\","
        "\"cost\":\"1\",\"allowed\":true,\"policy_version\":1,\"mode\":\"enforce\","
        "\"degraded\":false}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++) {
        struct arena arena = {0};
        struct record record;

        assert_false(read(text_of(strangers[i]), &arena, &record));
        arena_close(&arena);
    }
}

static void members_of_a_newer_version_are_passed_over(void **state)
{
    struct arena arena = {0};
    struct record record;

    (void)state;
    assert_true(read(TEXT("{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01.500Z\","
                          "\"user_id\":\"a\",\"route\":\"r\",\"cost\":1,\"allowed\":true,"
                          "\"policy_version\":1,\"mode\":\"enforce\",\"degraded\":false,"
                          "\"colour\":\"blue\"}"),
                     &arena, &record));
    assert_int_equal(record.time_us, 1500000);
    arena_close(&arena);
}

static void a_filter_takes_what_matches_all_of_it(void **state)
{
    const struct record_filter any = {.limit = 1};
    struct record_filter filter = any;

    (void)state;
    assert_true(record_filter_takes(&any, &denied));

    filter.allowed = RECORD_DENIED;
    filter.route_key = TEXT("/api/*");
    filter.user_id = TEXT("alice \"a\"");
    assert_true(record_filter_takes(&filter, &denied));

    filter.allowed = RECORD_ALLOWED;
    assert_false(record_filter_takes(&filter, &denied));
    filter.allowed = RECORD_DENIED;
    filter.route_key = TEXT("/api");
    assert_false(record_filter_takes(&filter, &denied));
    filter.route_key = TEXT("/api/*");
    filter.user_id = TEXT("bob");
    assert_false(record_filter_takes(&filter, &denied));
}

static void an_address_is_no_user(void **state)
{
    const struct record_filter filter = {.limit = 1, .user_id = TEXT("192.0.2.1")};
    struct record record = denied;

    (void)state;
    record.subject = TEXT("192.0.2.1");
    assert_true(record_filter_takes(&filter, &record));
    record.subject_is_ip = true;
    assert_false(record_filter_takes(&filter, &record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_has_every_member),
        cmocka_unit_test(an_address_is_shown_as_ip),
        cmocka_unit_test(what_is_stored_has_the_route_once),
        cmocka_unit_test(what_is_unknown_is_null),
        cmocka_unit_test(what_was_written_is_read_back_in_milliseconds),
        cmocka_unit_test(what_is_no_entry_is_not_read),
        cmocka_unit_test(members_of_a_newer_version_are_passed_over),
        cmocka_unit_test(a_filter_takes_what_matches_all_of_it),
        cmocka_unit_test(an_address_is_no_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
