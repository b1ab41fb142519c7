/* SPDX-License-Identifier: MIT
 *
 * What few checks say in the log, and charges. */
#include "record_case.h"

/* Each member that few checks have, in its place. */
static void an_entry_says_what_the_check_said(void **state)
{
    static const struct limit_override overrides[] = {
        {{"org/tokens", 10}, LIMIT_COST_MAX},
        {{"pool", 4}, 0},
    };
    struct arena arena = {0};
    struct record record = record_several();
    struct record again;

    (void)state;
    record.overrides = overrides;
    record.override_count = ARRAY_COUNT(overrides);
    record.is_low = true;
    record.is_partial = true;
    record.granted = 0;

    const struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_non_null(strstr(
        json.at, "\"costs\":{\"images\":0,\"tokens\":9007199254740991},"
                 "\"limit_overrides\":{\"org/tokens\":9007199254740991,\"pool\":0},"
                 "\"priority\":\"low\",\"allowed\":false,\"granted\":0,"
                 "\"reason\":\"Rate limit exceeded\",\"denied_by\":[\"org-tokens\",\"pool\"],"));
    assert_true(record_is_read(json, &arena, &again));
    assert_true(again.is_low && again.is_partial && !again.is_charge);
    assert_int_equal(again.granted, 0);
    assert_int_equal(again.override_count, 2);
    assert_text(again.overrides[0].limit, TEXT("org/tokens"));
    assert_int_equal(again.overrides[0].quota, LIMIT_COST_MAX);
    assert_text(record_written(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

static void a_charge_may_have_given_back(void **state)
{
    static const struct measured measures[] = {
        {{"images", 6}, -LIMIT_COST_MAX},
        {{"tokens", 6}, 7},
    };
    struct arena arena = {0};
    struct record record = record_denied;
    struct record again;

    (void)state;
    record.allowed = true;
    record.is_charge = true;
    record.costs = (struct costs){-3, ARRAY_COUNT(measures), measures};

    const struct text json = text_copy(&arena, record_written(&record, text_of(NULL), &arena));

    assert_non_null(strstr(json.at, "\"cost\":-3,\"costs\":{\"images\":-9007199254740991,"
                                    "\"tokens\":7},\"charge\":true,\"allowed\":true,"));
    assert_true(record_is_read(json, &arena, &again));
    assert_true(again.is_charge);
    assert_int_equal(again.costs.requests, -3);
    assert_int_equal(again.costs.at[0].cost, -LIMIT_COST_MAX);
    assert_text(record_written(&again, text_of(NULL), &arena), json);
    arena_close(&arena);
}

/* Another version may have written it. */
static void what_is_plain_may_be_said(void **state)
{
    struct arena arena = {0};
    struct record record;

    (void)state;
    assert_true(record_is_read(
        TEXT(RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":{},\"charge\":false,"
                          "\"priority\":\"normal\",\"granted\":null")),
        &arena, &record));
    assert_int_equal(record.override_count, 0);
    assert_false(record.is_charge || record.is_low || record.is_partial);
    arena_close(&arena);
}

static void terms_that_are_none_make_no_entry(void **state)
{
    static const char *const strangers[] = {
        RECORD_ENTRY("\"user_id\":\"a\",\"charge\":1"),
        RECORD_ENTRY("\"user_id\":\"a\",\"charge\":true,\"costs\":{\"tokens\":-9007199254740992}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"charge\":true,\"costs\":{\"tokens\":9007199254740992}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":[1]"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"pool\":-1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"pool\":9007199254740992}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"pool\":\"1\"}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"\":1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"po\\\"ol\":1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":"
                     "{\"a23456789012345678901234567890123\":1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"limit_overrides\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,"
                     "\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1}"),
        RECORD_ENTRY("\"user_id\":\"a\",\"priority\":1"),
        RECORD_ENTRY("\"user_id\":\"a\",\"granted\":-1"),
        RECORD_ENTRY("\"user_id\":\"a\",\"granted\":9007199254740992"),
        RECORD_ENTRY("\"user_id\":\"a\",\"granted\":\"1\""),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++)
        assert_is_no_entry(strangers[i]);
}

static void a_charge_is_neither_allowed_nor_denied(void **state)
{
    const struct record_filter any = {.limit = 1};
    const struct record_filter allowed = {.limit = 1, .allowed = RECORD_ALLOWED};
    const struct record_filter not_allowed = {.limit = 1, .allowed = RECORD_DENIED};
    const struct record_filter charges = {.limit = 1, .kind = RECORD_CHARGE};
    const struct record_filter decisions = {.limit = 1, .kind = RECORD_DECISION};
    struct record record = record_denied;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_says_what_the_check_said),
        cmocka_unit_test(a_charge_may_have_given_back),
        cmocka_unit_test(what_is_plain_may_be_said),
        cmocka_unit_test(terms_that_are_none_make_no_entry),
        cmocka_unit_test(a_charge_is_neither_allowed_nor_denied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
