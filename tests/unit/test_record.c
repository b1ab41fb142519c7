/* SPDX-License-Identifier: MIT */
#include "journal/record.h"

#include "base/arena.h"
#include "base/document.h"
#include "limit/policy.h"
#include "limit/word.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct subject alice[] = {{{"user", 4}, {"alice \"a\"", 9}}};

static const struct record denied = {
    .time_us = INT64_C(1795270335042999),
    .subjects = {1, alice},
    .route = {"/api/*", 6},
    .role = {"default", 7},
    .costs = {.requests = 3},
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

/* An entry but for its subject. */
#define ENTRY(members)                                                                             \
    "{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01.500Z\",\"route\":\"r\",\"cost\":1,"           \
    "\"allowed\":true,\"policy_version\":1,\"mode\":\"enforce\",\"degraded\":false," members "}"

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
    record.subjects.at = &(struct subject){TEXT("ip"), TEXT("192.0.2.1")};

    struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"ip\":\"192.0.2.1\""));
    assert_null(strstr(json.at, "user_id"));
    assert_true(read(json, &arena, &again));
    assert_int_equal(again.subjects.count, 1);
    assert_text(subjects_ip(&again.subjects), TEXT("192.0.2.1"));
    arena_close(&arena);
}

/* So that versions of before read it. */
static void a_plain_entry_is_stored_as_ever(void **state)
{
    struct arena arena = {0};
    struct record record = denied;

    (void)state;
    record.subjects.at = &(struct subject){TEXT("ip"), TEXT("192.0.2.1")};
    record.candidate = (struct record_candidate){.is_there = true, .allowed = true, .remaining = 5};

    const struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_string_equal(json.at,
                        "{\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.042Z\","
                        "\"ip\":\"192.0.2.1\",\"route\":\"/api/*\",\"role\":\"default\",\"cost\":3,"
                        "\"allowed\":false,\"reason\":\"Rate limit exceeded\",\"remaining\":2,"
                        "\"policy_version\":4,\"mode\":\"enforce\",\"degraded\":false,"
                        "\"candidate\":{\"allowed\":true,\"reason\":null,\"remaining\":5}}");
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
    assert_int_equal(again.subjects.count, 1);
    assert_text(subjects_user(&again.subjects), alice[0].value);
    assert_text(again.route, denied.route);
    assert_text(again.role, denied.role);
    assert_int_equal(again.costs.requests, 3);
    assert_false(again.allowed);
    assert_string_equal(again.reason, denied.reason);
    assert_int_equal(again.remaining, 2);
    assert_int_equal(again.policy_version, 4);
    assert_string_equal(again.mode, "enforce");
    assert_false(again.degraded);
    arena_close(&arena);
}

/* One that has all that an entry can have. */
static struct record several(void)
{
    static const struct subject subjects[] = {
        {{"ip", 2}, {"2001:db8::/64", 13}},
        {{"org", 3}, {"acme", 4}},
        {{"user", 4}, {"ada", 3}},
    };
    static const struct measured measures[] = {{{"images", 6}, 0}, {{"tokens", 6}, LIMIT_COST_MAX}};
    static const struct text names[] = {{"org-tokens", 10}, {"pool", 4}};
    struct record record = denied;

    record.subjects = (struct subjects){ARRAY_COUNT(subjects), subjects};
    record.costs = (struct costs){3, ARRAY_COUNT(measures), measures};
    record.denied_by = (struct record_limits){ARRAY_COUNT(names), names};
    return record;
}

static void an_entry_has_all_subjects_measures_and_who_denied(void **state)
{
    struct arena arena = {0};
    const struct record record = several();
    struct record again;

    (void)state;
    const struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_string_equal(
        json.at,
        "{\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.042Z\",\"user_id\":\"ada\","
        "\"ip\":\"2001:db8::/64\",\"subjects\":{\"ip\":\"2001:db8::/64\",\"org\":\"acme\","
        "\"user\":\"ada\"},\"route\":\"/api/*\",\"role\":\"default\",\"cost\":3,"
        "\"costs\":{\"images\":0,\"tokens\":9007199254740991},\"allowed\":false,"
        "\"reason\":\"Rate limit exceeded\",\"denied_by\":[\"org-tokens\",\"pool\"],"
        "\"remaining\":2,\"policy_version\":4,\"mode\":\"enforce\",\"degraded\":false}");
    assert_true(read(json, &arena, &again));
    assert_text(write(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

static void a_user_and_an_address_need_no_list(void **state)
{
    struct arena arena = {0};
    struct record record = several();
    struct record again;
    const struct subject both[] = {record.subjects.at[0], record.subjects.at[2]};

    (void)state;
    record.subjects = (struct subjects){2, both};

    const struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"user_id\":\"ada\",\"ip\":\"2001:db8::/64\",\"route\""));
    assert_true(read(json, &arena, &again));
    assert_int_equal(again.subjects.count, 2);
    assert_text(write(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

/* Each member that few checks have, in its place. */
static void an_entry_says_what_the_check_said(void **state)
{
    static const struct limit_override overrides[] = {
        {{"org/tokens", 10}, LIMIT_COST_MAX},
        {{"pool", 4}, 0},
    };
    struct arena arena = {0};
    struct record record = several();
    struct record again;

    (void)state;
    record.overrides = overrides;
    record.override_count = ARRAY_COUNT(overrides);
    record.is_low = true;
    record.is_partial = true;
    record.granted = 0;

    const struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_non_null(strstr(
        json.at, "\"costs\":{\"images\":0,\"tokens\":9007199254740991},"
                 "\"limit_overrides\":{\"org/tokens\":9007199254740991,\"pool\":0},"
                 "\"priority\":\"low\",\"allowed\":false,\"granted\":0,"
                 "\"reason\":\"Rate limit exceeded\",\"denied_by\":[\"org-tokens\",\"pool\"],"));
    assert_true(read(json, &arena, &again));
    assert_true(again.is_low && again.is_partial && !again.is_charge);
    assert_int_equal(again.granted, 0);
    assert_int_equal(again.override_count, 2);
    assert_text(again.overrides[0].limit, TEXT("org/tokens"));
    assert_int_equal(again.overrides[0].quota, LIMIT_COST_MAX);
    assert_text(write(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

static void a_charge_may_have_given_back(void **state)
{
    static const struct measured measures[] = {
        {{"images", 6}, -LIMIT_COST_MAX},
        {{"tokens", 6}, 7},
    };
    struct arena arena = {0};
    struct record record = denied;
    struct record again;

    (void)state;
    record.allowed = true;
    record.is_charge = true;
    record.costs = (struct costs){-3, ARRAY_COUNT(measures), measures};

    const struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"cost\":-3,\"costs\":{\"images\":-9007199254740991,"
                                    "\"tokens\":7},\"charge\":true,\"allowed\":true,"));
    assert_true(read(json, &arena, &again));
    assert_true(again.is_charge);
    assert_int_equal(again.costs.requests, -3);
    assert_int_equal(again.costs.at[0].cost, -LIMIT_COST_MAX);
    assert_text(write(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

/* Another version may have written it. */
static void what_is_plain_may_be_said(void **state)
{
    struct arena arena = {0};
    struct record record;

    (void)state;
    assert_true(read(TEXT(ENTRY("\"user_id\":\"a\",\"limit_overrides\":{},\"charge\":false,"
                                "\"priority\":\"normal\",\"granted\":null")),
                     &arena, &record));
    assert_int_equal(record.override_count, 0);
    assert_false(record.is_charge || record.is_low || record.is_partial);
    arena_close(&arena);
}

/* docs/budgets.md counts on it. */
static void the_largest_entry_is_bounded(void **state)
{
    static char names[SUBJECTS_MAX][WORD_BYTES_MAX];
    static char bytes[SUBJECT_VALUE_BYTES_MAX];
    struct subject subjects[SUBJECTS_MAX];
    struct measured measures[COSTS_MAX];
    struct text limits[LIMITS_MAX];
    struct limit_override overrides[LIMITS_MAX];
    struct arena arena = {0};
    struct record record = denied;
    struct record again;

    (void)state;
    memset(names, 'a', sizeof names);
    memset(bytes, '\1', sizeof bytes); /* each becomes six bytes */
    for (size_t i = 0; i < SUBJECTS_MAX; i++) {
        names[i][1] = (char)('a' + i);
        subjects[i] = (struct subject){{names[i], WORD_BYTES_MAX}, {bytes, sizeof bytes}};
        measures[i] = (struct measured){{names[i], WORD_BYTES_MAX}, -LIMIT_COST_MAX};
        limits[i] = (struct text){names[i], LIMIT_NAME_BYTES_MAX};
        overrides[i] = (struct limit_override){text_copy(&arena, limits[i]), LIMIT_COST_MAX};
    }
    memcpy(names[SUBJECTS_MAX - 1], "user", 4);
    subjects[SUBJECTS_MAX - 1].name.length = 4;
    record.subjects = (struct subjects){SUBJECTS_MAX, subjects};
    record.route = (struct text){bytes, POLICY_ROUTE_BYTES_MAX};
    record.role = (struct text){bytes, POLICY_ROLE_BYTES_MAX};
    record.costs = (struct costs){-LIMIT_COST_MAX, COSTS_MAX, measures};
    record.overrides = overrides;
    record.override_count = LIMITS_MAX;
    record.is_low = true;
    record.is_partial = true;
    record.granted = LIMIT_COST_MAX;
    record.is_charge = true;
    record.denied_by = (struct record_limits){LIMITS_MAX, limits};
    record.candidate = (struct record_candidate){.is_there = true, .reason = record.reason};

    const struct text json = text_copy(&arena, write(&record, text_of(NULL), &arena));

    assert_in_range(json.length, 17 * 1000, 18 * 1000);
    assert_true(read(json, &arena, &again));
    assert_text(write(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

static void subjects_are_read_in_the_order_of_their_names(void **state)
{
    struct arena arena = {0};
    struct record record;

    (void)state;
    assert_true(
        read(TEXT(ENTRY("\"subjects\":{\"z\":\"1\",\"a\":\"2\",\"m\":\"3\"}")), &arena, &record));
    assert_int_equal(record.subjects.count, 3);
    assert_text(record.subjects.at[0].name, TEXT("a"));
    assert_text(record.subjects.at[1].name, TEXT("m"));
    assert_text(record.subjects.at[2].value, TEXT("1"));
    arena_close(&arena);
}

static void parts_that_are_none_make_no_entry(void **state)
{
    static const char *const strangers[] = {
        ENTRY("\"user\":\"a\""),
        ENTRY("\"subjects\":{}"),
        ENTRY("\"subjects\":[\"a\"]"),
        ENTRY("\"subjects\":{\"o\\\"g\":\"a\"}"),
        ENTRY("\"subjects\":{\"org\":1}"),
        ENTRY("\"subjects\":{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\",\"e\":\"\","
              "\"f\":\"\",\"g\":\"\",\"h\":\"\",\"i\":\"\"}"),
        ENTRY("\"user_id\":\"a\",\"costs\":{\"tokens\":-1}"),
        ENTRY("\"user_id\":\"a\",\"costs\":{\"to\\\"ns\":1}"),
        ENTRY("\"user_id\":\"a\",\"costs\":{\"requests\":1}"),
        ENTRY("\"user_id\":\"a\",\"costs\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,"
              "\"f\":1,\"g\":1,\"h\":1,\"i\":1}"),
        ENTRY("\"user_id\":\"a\",\"charge\":1"),
        ENTRY("\"user_id\":\"a\",\"charge\":true,\"costs\":{\"tokens\":-9007199254740992}"),
        ENTRY("\"user_id\":\"a\",\"charge\":true,\"costs\":{\"tokens\":9007199254740992}"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":[1]"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"pool\":-1}"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"pool\":9007199254740992}"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"pool\":\"1\"}"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"\":1}"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"po\\\"ol\":1}"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":"
              "{\"a23456789012345678901234567890123\":1}"),
        ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,"
              "\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1}"),
        ENTRY("\"user_id\":\"a\",\"priority\":1"),
        ENTRY("\"user_id\":\"a\",\"granted\":-1"),
        ENTRY("\"user_id\":\"a\",\"granted\":9007199254740992"),
        ENTRY("\"user_id\":\"a\",\"granted\":\"1\""),
        ENTRY("\"user_id\":\"a\",\"denied_by\":[1]"),
        ENTRY("\"user_id\":\"a\",\"denied_by\":[\"a234567890123456789012345678901234\"]"),
        ENTRY("\"user_id\":\"a\",\"denied_by\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
              "\"8\",\"9\"]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++) {
        struct arena arena = {0};
        struct record record;

        assert_false(read(text_of(strangers[i]), &arena, &record));
        arena_close(&arena);
    }
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
    filter.subjects = (struct subjects){1, alice};
    assert_true(record_filter_takes(&filter, &denied));

    filter.allowed = RECORD_ALLOWED;
    assert_false(record_filter_takes(&filter, &denied));
    filter.allowed = RECORD_DENIED;
    filter.route_key = TEXT("/api");
    assert_false(record_filter_takes(&filter, &denied));
    filter.route_key = TEXT("/api/*");
    filter.subjects.at = &(struct subject){TEXT("user"), TEXT("bob")};
    assert_false(record_filter_takes(&filter, &denied));
}

static void a_charge_is_neither_allowed_nor_denied(void **state)
{
    const struct record_filter any = {.limit = 1};
    const struct record_filter allowed = {.limit = 1, .allowed = RECORD_ALLOWED};
    const struct record_filter not_allowed = {.limit = 1, .allowed = RECORD_DENIED};
    const struct record_filter charges = {.limit = 1, .kind = RECORD_CHARGE};
    const struct record_filter decisions = {.limit = 1, .kind = RECORD_DECISION};
    struct record record = denied;

    (void)state;
    assert_true(record_filter_takes(&decisions, &record));
    assert_false(record_filter_takes(&charges, &record));

    record.is_charge = true;
    record.allowed = true;
    assert_true(record_filter_takes(&any, &record));
    assert_true(record_filter_takes(&charges, &record));
    assert_false(record_filter_takes(&decisions, &record));
    assert_false(record_filter_takes(&allowed, &record));
    assert_false(record_filter_takes(&not_allowed, &record));
}

static void an_address_is_no_user(void **state)
{
    const struct subject user = {TEXT("user"), TEXT("192.0.2.1")};
    const struct subject ip = {TEXT("ip"), TEXT("192.0.2.1")};
    const struct record_filter filter = {.limit = 1, .subjects = {1, &user}};
    struct record record = denied;

    (void)state;
    record.subjects.at = &user;
    assert_true(record_filter_takes(&filter, &record));
    record.subjects.at = &ip;
    assert_false(record_filter_takes(&filter, &record));
}

static void a_filter_takes_what_has_all_its_subjects(void **state)
{
    const struct subject asked[] = {{TEXT("org"), TEXT("acme")}, {TEXT("user"), TEXT("ada")}};
    const struct record_filter filter = {.limit = 1, .subjects = {2, asked}};
    struct record record = several();

    (void)state;
    assert_true(record_filter_takes(&filter, &record));
    record.subjects.at = &record.subjects.at[2]; /* the user alone */
    record.subjects.count = 1;
    assert_false(record_filter_takes(&filter, &record));
    assert_false(record_filter_takes(&filter, &denied));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_has_every_member),
        cmocka_unit_test(an_address_is_shown_as_ip),
        cmocka_unit_test(a_plain_entry_is_stored_as_ever),
        cmocka_unit_test(what_is_stored_has_the_route_once),
        cmocka_unit_test(what_is_unknown_is_null),
        cmocka_unit_test(what_was_written_is_read_back_in_milliseconds),
        cmocka_unit_test(an_entry_has_all_subjects_measures_and_who_denied),
        cmocka_unit_test(a_user_and_an_address_need_no_list),
        cmocka_unit_test(an_entry_says_what_the_check_said),
        cmocka_unit_test(a_charge_may_have_given_back),
        cmocka_unit_test(what_is_plain_may_be_said),
        cmocka_unit_test(the_largest_entry_is_bounded),
        cmocka_unit_test(subjects_are_read_in_the_order_of_their_names),
        cmocka_unit_test(parts_that_are_none_make_no_entry),
        cmocka_unit_test(what_is_no_entry_is_not_read),
        cmocka_unit_test(members_of_a_newer_version_are_passed_over),
        cmocka_unit_test(a_filter_takes_what_matches_all_of_it),
        cmocka_unit_test(a_charge_is_neither_allowed_nor_denied),
        cmocka_unit_test(an_address_is_no_user),
        cmocka_unit_test(a_filter_takes_what_has_all_its_subjects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
