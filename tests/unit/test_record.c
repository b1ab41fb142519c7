/* SPDX-License-Identifier: MIT */
#include "record_case.h"

#include "base/duration.h"
#include "limit/policy.h"
#include "limit/word.h"

static const char denied_json[] =
    "{\"id\":\"7-1\",\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.042Z\","
    "\"time_us\":1795270335042999,\"user_id\":\"alice \\\"a\\\"\","
    "\"route\":\"/api/*\",\"route_key\":\"/api/*\","
    "\"role\":\"default\",\"cost\":3,\"allowed\":false,\"reason\":\"Rate limit "
    "exceeded\",\"remaining\":2,\"policy_version\":4,"
    "\"mode\":\"enforce\",\"degraded\":false}";

/* An entry but for its subject. */
#define ENTRY(members)                                                                             \
    "{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01.500Z\",\"route\":\"r\",\"cost\":1,"           \
    "\"allowed\":true,\"policy_version\":1,\"mode\":\"enforce\",\"degraded\":false," members "}"

static void an_entry_has_every_member(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_string_equal(text_copy(&arena, record_written(&record_denied, TEXT("7-1"), &arena)).at,
                        denied_json);
    arena_close(&arena);
}

static void an_address_is_shown_as_ip(void **state)
{
    struct arena arena = {0};
    struct record record = record_denied;
    struct record again;

    (void)state;
    record.subjects.at = &(struct subject){TEXT("ip"), TEXT("192.0.2.1")};

    struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"ip\":\"192.0.2.1\""));
    assert_null(strstr(json.at, "user_id"));
    assert_true(record_is_read(json, &arena, &again));
    assert_int_equal(again.subjects.count, 1);
    assert_text(subjects_ip(&again.subjects), TEXT("192.0.2.1"));
    arena_close(&arena);
}

/* What versions of before read is there as ever. */
static void a_plain_entry_is_stored_as_ever(void **state)
{
    struct arena arena = {0};
    struct record record = record_denied;

    (void)state;
    record.subjects.at = &(struct subject){TEXT("ip"), TEXT("192.0.2.1")};
    record.candidate = (struct record_candidate){.is_there = true, .allowed = true, .remaining = 5};

    const struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_string_equal(json.at,
                        "{\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.042Z\","
                        "\"time_us\":1795270335042999,"
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
    struct text json = text_copy(&arena, record_written(&record_denied, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"route\":\"/api/*\",\"role\""));
    arena_close(&arena);
}

static void what_is_unknown_is_null(void **state)
{
    struct arena arena = {0};
    struct record record = record_denied;
    struct record again;

    (void)state;
    record.allowed = true;
    record.reason = NULL;
    record.remaining = -1;

    struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"reason\":null,\"remaining\":null"));
    assert_true(record_is_read(json, &arena, &again));
    assert_null(again.reason);
    assert_int_equal(again.remaining, -1);
    arena_close(&arena);
}

static void what_was_written_is_read_back(void **state)
{
    struct arena arena = {0};
    struct record again;

    (void)state;
    assert_true(
        record_is_read(record_written(&record_denied, TEXT("7-1"), &arena), &arena, &again));

    assert_int_equal(again.time_us, record_denied.time_us);
    assert_int_equal(again.subjects.count, 1);
    assert_text(subjects_user(&again.subjects), subjects_user(&record_denied.subjects));
    assert_text(again.route, record_denied.route);
    assert_text(again.role, record_denied.role);
    assert_int_equal(again.costs.requests, 3);
    assert_false(again.allowed);
    assert_string_equal(again.reason, record_denied.reason);
    assert_int_equal(again.remaining, 2);
    assert_int_equal(again.policy_version, 4);
    assert_string_equal(again.mode, "enforce");
    assert_false(again.degraded);
    arena_close(&arena);
}

static void an_entry_has_all_subjects_measures_and_who_denied(void **state)
{
    struct arena arena = {0};
    const struct record record = record_several();
    struct record again;

    (void)state;
    const struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_string_equal(
        json.at, "{\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.042Z\","
                 "\"time_us\":1795270335042999,\"user_id\":\"ada\","
                 "\"ip\":\"2001:db8::/64\",\"subjects\":{\"ip\":\"2001:db8::/64\",\"org\":\"acme\","
                 "\"user\":\"ada\"},\"route\":\"/api/*\",\"role\":\"default\",\"cost\":3,"
                 "\"costs\":{\"images\":0,\"tokens\":9007199254740991},\"allowed\":false,"
                 "\"reason\":\"Rate limit exceeded\",\"denied_by\":[\"org-tokens\",\"pool\"],"
                 "\"remaining\":2,\"policy_version\":4,\"mode\":\"enforce\",\"degraded\":false}");
    assert_true(record_is_read(json, &arena, &again));
    assert_text(record_written(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

static void a_user_and_an_address_need_no_list(void **state)
{
    struct arena arena = {0};
    struct record record = record_several();
    struct record again;
    const struct subject both[] = {record.subjects.at[0], record.subjects.at[2]};

    (void)state;
    record.subjects = (struct subjects){2, both};

    const struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"user_id\":\"ada\",\"ip\":\"2001:db8::/64\",\"route\""));
    assert_true(record_is_read(json, &arena, &again));
    assert_int_equal(again.subjects.count, 2);
    assert_text(record_written(&again, text_of(NULL), &arena), json);
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
    struct record record = record_denied;
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

    const struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_in_range(json.length, 17 * 1000, 18 * 1000);
    assert_true(record_is_read(json, &arena, &again));
    assert_text(record_written(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

static void subjects_are_read_in_the_order_of_their_names(void **state)
{
    struct arena arena = {0};
    struct record record;

    (void)state;
    assert_true(record_is_read(
        TEXT(RECORD_ENTRY("\"subjects\":{\"z\":\"1\",\"a\":\"2\",\"m\":\"3\"}")), &arena, &record));
    assert_int_equal(record.subjects.count, 3);
    assert_text(record.subjects.at[0].name, TEXT("a"));
    assert_text(record.subjects.at[1].name, TEXT("m"));
    assert_text(record.subjects.at[2].value, TEXT("1"));
    arena_close(&arena);
}

static void parts_that_are_none_make_no_entry(void **state)
{
    static const char *const strangers[] = {
        RECORD_ENTRY("\"user\":\"a\""),
        RECORD_ENTRY("\"subjects\":{}"),
        RECORD_ENTRY("\"subjects\":[\"a\"]"),
        RECORD_ENTRY("\"subjects\":{\"o\\\"g\":\"a\"}"),
        RECORD_ENTRY("\"subjects\":{\"org\":1}"),
        RECORD_ENTRY("\"subjects\":{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\",\"e\":\"\","
                     "\"f\":\"\",\"g\":\"\",\"h\":\"\",\"i\":\"\"}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"costs\":{\"tokens\":-1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"costs\":{\"to\\\"ns\":1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"costs\":{\"requests\":1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"costs\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,"
                     "\"f\":1,\"g\":1,\"h\":1,\"i\":1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":\"1500000\""),
        RECORD_ENTRY("\"user_id\":\"a\",\"denied_by\":[1]"),
        RECORD_ENTRY("\"user_id\":\"a\",\"denied_by\":[\"a234567890123456789012345678901234\"]"),
        RECORD_ENTRY("\"user_id\":\"a\",\"denied_by\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
                     "\"8\",\"9\"]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++)
        assert_is_no_entry(strangers[i]);
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
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++)
        assert_is_no_entry(strangers[i]);
}

/* Each is a plain entry but for its times. */
static void times_that_nobody_has_written_make_no_entry(void **state)
{
    static const struct {
        int64_t seconds;
        const char *time;
    } cases[] = {
        {9223372036853, "2999-01-01T00:00:00.000Z"}, /* the year 294247 */
        {LIMIT_TIME_US_MAX / SECOND_US + 1, "2255-06-05T23:47:35.000Z"},
        {-5, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:02.500Z"},
        {1, "xxxxxxxxxxxxxxxxxxxx500Z"},
        {1, "1970-01-01T00:00:01.+50Z"},
        {1, "1970-01-01T00:00:01.-50Z"},
        {1, "1970-01-01T00:00:01.500+"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char entry[300];

        (void)snprintf(entry, sizeof(entry),
                       "{\"timestamp\":%lld,\"time\":\"%s\",\"user_id\":\"a\",\"route\":\"r\","
                       "\"cost\":1,\"allowed\":true,\"policy_version\":1,\"mode\":\"enforce\","
                       "\"degraded\":false}",
                       (long long)cases[i].seconds, cases[i].time);
        assert_is_no_entry(entry);
    }
}

static void members_of_a_newer_version_are_passed_over(void **state)
{
    struct arena arena = {0};
    struct record record;

    (void)state;
    assert_true(record_is_read(TEXT("{\"timestamp\":1,\"time\":\"1970-01-01T00:00:01.500Z\","
                                    "\"user_id\":\"a\",\"route\":\"r\",\"cost\":1,\"allowed\":true,"
                                    "\"policy_version\":1,\"mode\":\"enforce\",\"degraded\":false,"
                                    "\"colour\":\"blue\"}"),
                               &arena, &record));
    assert_int_equal(record.time_us, 1500000);
    arena_close(&arena);
}

/* What the entry says, and what is read: the time_us that is not of the entry's millisecond says
 * nothing, and an entry of a version before has none. */
static void microseconds_count_if_they_are_of_the_entrys_millisecond(void **state)
{
    static const struct {
        const char *entry;
        int64_t time_us;
        bool is_rounded;
    } cases[] = {
        {RECORD_ENTRY("\"user_id\":\"a\""), 1500000, true},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":null"), 1500000, true},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":1500000"), 1500000, false},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":1500001"), 1500001, false},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":1500999"), 1500999, false},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":1501000"), 1500000, true},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":1499999"), 1500000, true},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":0"), 1500000, true},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":-9223372036854775808"), 1500000, true},
        {RECORD_ENTRY("\"user_id\":\"a\",\"time_us\":9223372036854775807"), 1500000, true},
    };
    struct arena arena = {0};
    struct record record;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_true(record_is_read(text_of(cases[i].entry), &arena, &record));
        assert_int_equal(record.time_us, cases[i].time_us);
        assert_int_equal(record.time_is_rounded, cases[i].is_rounded);
    }
    arena_close(&arena);
}

static void a_filter_takes_what_matches_all_of_it(void **state)
{
    const struct record_filter any = {.limit = 1};
    struct record_filter filter = any;

    (void)state;
    assert_true(record_filter_takes(&any, &record_denied));

    filter.allowed = RECORD_DENIED;
    filter.route_key = TEXT("/api/*");
    filter.subjects = record_denied.subjects;
    assert_true(record_filter_takes(&filter, &record_denied));

    filter.allowed = RECORD_ALLOWED;
    assert_false(record_filter_takes(&filter, &record_denied));
    filter.allowed = RECORD_DENIED;
    filter.route_key = TEXT("/api");
    assert_false(record_filter_takes(&filter, &record_denied));
    filter.route_key = TEXT("/api/*");
    filter.subjects.at = &(struct subject){TEXT("user"), TEXT("bob")};
    assert_false(record_filter_takes(&filter, &record_denied));
}

static void an_address_is_no_user(void **state)
{
    const struct subject user = {TEXT("user"), TEXT("192.0.2.1")};
    const struct subject ip = {TEXT("ip"), TEXT("192.0.2.1")};
    const struct record_filter filter = {.limit = 1, .subjects = {1, &user}};
    struct record record = record_denied;

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
    struct record record = record_several();

    (void)state;
    assert_true(record_filter_takes(&filter, &record));
    record.subjects.at = &record.subjects.at[2]; /* the user alone */
    record.subjects.count = 1;
    assert_false(record_filter_takes(&filter, &record));
    assert_false(record_filter_takes(&filter, &record_denied));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_has_every_member),
        cmocka_unit_test(an_address_is_shown_as_ip),
        cmocka_unit_test(a_plain_entry_is_stored_as_ever),
        cmocka_unit_test(what_is_stored_has_the_route_once),
        cmocka_unit_test(what_is_unknown_is_null),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(microseconds_count_if_they_are_of_the_entrys_millisecond),
        cmocka_unit_test(an_entry_has_all_subjects_measures_and_who_denied),
        cmocka_unit_test(a_user_and_an_address_need_no_list),
        cmocka_unit_test(the_largest_entry_is_bounded),
        cmocka_unit_test(subjects_are_read_in_the_order_of_their_names),
        cmocka_unit_test(parts_that_are_none_make_no_entry),
        cmocka_unit_test(what_is_no_entry_is_not_read),
        cmocka_unit_test(times_that_nobody_has_written_make_no_entry),
        cmocka_unit_test(members_of_a_newer_version_are_passed_over),
        cmocka_unit_test(a_filter_takes_what_matches_all_of_it),
        cmocka_unit_test(an_address_is_no_user),
        cmocka_unit_test(a_filter_takes_what_has_all_its_subjects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
