/* SPDX-License-Identifier: MIT */
#include "journal/tally.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct record record_of(const char *route, const char *role, bool allowed)
{
    return (struct record){.route = text_of(route), .role = text_of(role), .allowed = allowed};
}

/* The pair's count of this outcome; 0 when the tally does not have the pair. */
static uint64_t count_of(const struct tally *tally, const char *route, const char *role,
                         enum tally_outcome outcome)
{
    struct tally_entry entry;
    size_t position = 0;

    while (tally_next(tally, &position, &entry)) {
        if (text_equal(entry.route, text_of(route)) && text_equal(entry.role, text_of(role)))
            return entry.counts[outcome];
    }
    return 0;
}

static void record_route(struct tally *tally, int number)
{
    char route[200];

    (void)snprintf(route, sizeof route, "/%0*d", 1 + number % 30, number);
    const struct record record = record_of(route, "default", true);
    tally_record(tally, &record);
}

static void an_empty_tally_has_nothing(void **state)
{
    struct tally tally = {0};
    struct tally_entry entry;
    size_t position = 0;

    (void)state;
    assert_false(tally_next(&tally, &position, &entry));
    tally_clear(&tally);
    tally_close(&tally);
}

static void every_outcome_is_counted_for_its_route_and_role(void **state)
{
    struct tally tally = {0};
    struct record record = record_of("/a", "default", true);

    (void)state;
    tally_record(&tally, &record);
    record.degraded = true;
    tally_record(&tally, &record);
    record.would_deny = true;
    tally_record(&tally, &record);
    record = record_of("/a", "default", false);
    record.candidate.is_there = true;
    tally_record(&tally, &record);
    record = record_of("/a", "premium", false);
    record.candidate = (struct record_candidate){.is_there = true, .allowed = true};
    tally_record(&tally, &record);

    assert_int_equal(tally.count, 2);
    assert_int_equal(count_of(&tally, "/a", "default", TALLY_ALLOWED), 3);
    assert_int_equal(count_of(&tally, "/a", "default", TALLY_DENIED), 1);
    assert_int_equal(count_of(&tally, "/a", "default", TALLY_SHADOW_DENIED), 1);
    assert_int_equal(count_of(&tally, "/a", "default", TALLY_CANDIDATE_DENIED), 1);
    assert_int_equal(count_of(&tally, "/a", "default", TALLY_DEGRADED), 2);
    assert_int_equal(count_of(&tally, "/a", "premium", TALLY_ALLOWED), 0);
    assert_int_equal(count_of(&tally, "/a", "premium", TALLY_DENIED), 1);
    assert_int_equal(count_of(&tally, "/a", "premium", TALLY_CANDIDATE_DENIED), 0);
    tally_close(&tally);
}

static void where_the_route_ends_and_the_role_begins_matters(void **state)
{
    const struct record left = record_of("/ab", "c", true);
    const struct record right = record_of("/a", "bc", true);
    struct tally tally = {0};

    (void)state;
    tally_record(&tally, &left);
    tally_record(&tally, &right);
    tally_record(&tally, &right);

    assert_int_equal(count_of(&tally, "/ab", "c", TALLY_ALLOWED), 1);
    assert_int_equal(count_of(&tally, "/a", "bc", TALLY_ALLOWED), 2);
    tally_close(&tally);
}

static void pairs_past_the_bound_are_counted_together(void **state)
{
    struct tally tally = {0};
    uint64_t total = 0;
    struct tally_entry entry;
    size_t position = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int number = 0; number < 3 * TALLY_PAIRS_MAX; number++)
            record_route(&tally, number);
    }

    assert_int_equal(tally.count, TALLY_PAIRS_MAX + 1);
    assert_int_equal(count_of(&tally, "(other)", "(other)", TALLY_ALLOWED), 4 * TALLY_PAIRS_MAX);
    while (tally_next(&tally, &position, &entry))
        total += entry.counts[TALLY_ALLOWED];
    assert_int_equal(total, 6 * TALLY_PAIRS_MAX);
    tally_close(&tally);
}

/* An app with the longest possible names needs no more memory, here and in Redis. */
static void pairs_with_long_names_are_fewer(void **state)
{
    struct tally tally = {0};
    struct arena arena = {0};
    struct buffer packed;
    char name[256];

    (void)state;
    memset(name, 'x', sizeof name);
    for (int number = 0; number < 2 * TALLY_PAIRS_MAX; number++) {
        struct record record = {.route = {name, sizeof name}, .role = {name, 64}, .allowed = true};

        (void)snprintf(name, sizeof name, "%04d", number);
        tally_record(&tally, &record);
    }
    buffer_init(&packed, &arena, 256);
    tally_write(&tally, &packed);

    const uint32_t kept = TALLY_BYTES_MAX / (sizeof name + 64 + TALLY_PAIR_BYTES);
    assert_int_equal(tally.count, kept + 1);
    assert_int_equal(count_of(&tally, "(other)", "(other)", TALLY_ALLOWED),
                     2 * TALLY_PAIRS_MAX - kept);
    assert_in_range(packed.length, 1, TALLY_BYTES_MAX);
    arena_close(&arena);
    tally_close(&tally);
}

/* "(other)" takes no pair's place, even if it comes first. */
static void merging_what_is_over_the_bound_keeps_all_pairs(void **state)
{
    struct tally from = {0};
    struct tally into = {0};

    (void)state;
    for (int number = 0; number < 3 * TALLY_PAIRS_MAX; number++)
        record_route(&from, number);

    tally_merge(&into, &from);
    tally_merge(&into, &from);

    assert_int_equal(into.count, TALLY_PAIRS_MAX + 1);
    assert_int_equal(count_of(&into, "(other)", "(other)", TALLY_ALLOWED), 4 * TALLY_PAIRS_MAX);
    tally_close(&from);
    tally_close(&into);
}

static void a_cleared_tally_begins_anew(void **state)
{
    struct tally tally = {0};

    (void)state;
    for (int number = 0; number < 3 * TALLY_PAIRS_MAX; number++)
        record_route(&tally, number);

    tally_clear(&tally);
    record_route(&tally, 499);

    assert_int_equal(tally.count, 1);
    assert_int_equal(count_of(&tally, "(other)", "(other)", TALLY_ALLOWED), 0);
    tally_close(&tally);
}

static void merging_adds_pair_by_pair(void **state)
{
    const struct record here = record_of("/a", "default", true);
    const struct record there = record_of("/b", "default", false);
    struct tally left = {0};
    struct tally right = {0};

    (void)state;
    tally_record(&left, &here);
    tally_record(&right, &here);
    tally_record(&right, &there);

    tally_merge(&left, &right);
    tally_merge(&left, &right);

    assert_int_equal(count_of(&left, "/a", "default", TALLY_ALLOWED), 3);
    assert_int_equal(count_of(&left, "/b", "default", TALLY_DENIED), 2);
    tally_close(&left);
    tally_close(&right);
}

static void what_was_packed_is_read_back(void **state)
{
    struct tally tally = {0};
    struct tally again = {0};
    struct tally_entry entry;
    struct arena arena = {0};
    struct buffer buffer;

    (void)state;
    for (int number = 0; number < 1000; number++)
        record_route(&tally, number % 7);
    buffer_init(&buffer, &arena, 16);
    tally_write(&tally, &buffer);
    struct text packed = buffer_text(&buffer);
    while (tally_read(&packed, &entry))
        tally_add(&again, &entry);

    assert_int_equal(packed.length, 0);
    assert_int_equal(again.count, 7);
    assert_int_equal(count_of(&again, "/0", "default", TALLY_ALLOWED), 143);
    assert_int_equal(count_of(&again, "/0000006", "default", TALLY_ALLOWED), 142);
    tally_close(&tally);
    tally_close(&again);
    arena_close(&arena);
}

static void what_is_cut_off_is_no_entry(void **state)
{
    const struct record record = record_of("/a", "default", true);
    struct tally tally = {0};
    struct tally_entry entry;
    struct arena arena = {0};
    struct buffer buffer;

    (void)state;
    tally_record(&tally, &record);
    buffer_init(&buffer, &arena, 16);
    tally_write(&tally, &buffer);

    for (size_t length = 0; length < buffer.length; length++) {
        struct text packed = {buffer.at, length};

        assert_false(tally_read(&packed, &entry));
    }
    tally_close(&tally);
    arena_close(&arena);
}

/* An integer without an end, a length past the end, a text that is too long, and counts without an
 * end. */
static void what_is_no_entry_is_refused(void **state)
{
    static const struct text strangers[] = {
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12},
        {"\x05/a", 3},
        {"\xc9\x01/aaaaaaaaaaaaaaaa", 19},
        {"\x01/\x01x\xff\xff\xff\xff\x0f\x01\x01", 11},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++) {
        struct text packed = strangers[i];
        struct tally_entry entry;

        assert_false(tally_read(&packed, &entry));
    }
}

/* Two routes, two roles, and one count more than this version knows. */
static void counts_of_a_later_version_are_passed_over(void **state)
{
    struct text packed = {"\x02/a\x01x\x06\x01\x02\x03\x04\x05\x06\x02/b\x01x\x01\x07", 19};
    struct tally_entry entry;

    (void)state;
    assert_true(tally_read(&packed, &entry));
    assert_int_equal(entry.counts[TALLY_DEGRADED], 5);
    assert_true(tally_read(&packed, &entry));
    assert_true(text_equal(entry.route, TEXT("/b")));
    assert_int_equal(entry.counts[TALLY_ALLOWED], 7);
    assert_int_equal(entry.counts[TALLY_DENIED], 0);
    assert_int_equal(packed.length, 0);
}

static uint64_t sum_of(const struct tally *tally, enum tally_sum which, struct text name)
{
    const struct sums *sums = &tally->sums[which];

    for (uint32_t i = 0; i < sums->count; i++) {
        if (text_equal((struct text){sums->at[i].name, sums->at[i].length}, name))
            return sums->at[i].value;
    }
    return 0;
}

/* Counts requests and tokens. */
static const struct limit both[] = {{.counts = NULL}, {.counts = "tokens"}};
static const struct rule rule_of_both = {.limit_count = 2, .limits = both};

static void a_measure_that_no_limit_counts_is_not_charged(void **state)
{
    static const struct rule tokens_only = {.limit_count = 1, .limits = &both[1]};
    static const struct measured costs[] = {{{"images", 6}, 9}, {{"tokens", 6}, 1500}};
    struct tally tally = {0};
    struct record record = record_of("/a", "default", true);

    (void)state;
    record.costs = (struct costs){1, 2, costs};
    record.charged = &tokens_only;
    tally_record(&tally, &record);

    assert_int_equal(sum_of(&tally, TALLY_COST, TEXT("tokens")), 1500);
    assert_int_equal(tally.sums[TALLY_COST].count, 1);
    tally_close(&tally);
}

static void what_was_charged_is_summed_by_measure(void **state)
{
    static const struct measured tokens = {{"tokens", 6}, 1500};
    struct tally tally = {0};
    struct record record = record_of("/a", "default", true);

    (void)state;
    record.costs = (struct costs){2, 1, &tokens};
    record.charged = &rule_of_both;
    tally_record(&tally, &record);
    record.is_partial = true;
    record.granted = 100;
    record.granted_of = TEXT("tokens");
    tally_record(&tally, &record);
    /* Denied, or allowed without counters: that charges nothing. */
    record.charged = NULL;
    tally_record(&tally, &record);

    assert_int_equal(sum_of(&tally, TALLY_COST, TEXT("requests")), 4);
    assert_int_equal(sum_of(&tally, TALLY_COST, TEXT("tokens")), 1600);
    tally_close(&tally);
}

static void denials_are_summed_by_the_limits_that_denied(void **state)
{
    static const struct text names[] = {{"pool", 4}, {"org", 3}};
    struct tally tally = {0};
    struct record record = record_of("/a", "default", false);

    (void)state;
    tally_record(&tally, &record); /* of a plain rule */
    record.denied_by = (struct record_limits){2, names};
    tally_record(&tally, &record);
    record.denied_by.count = 1;
    record.allowed = true;
    record.would_deny = true;
    tally_record(&tally, &record);
    /* No limit has denied, but the policy's on_store_error. */
    record = record_of("/a", "default", false);
    record.remaining = -1;
    tally_record(&tally, &record);

    assert_int_equal(sum_of(&tally, TALLY_DENIED_BY, TEXT("pool")), 2);
    assert_int_equal(sum_of(&tally, TALLY_DENIED_BY, TEXT("org")), 1);
    assert_int_equal(sum_of(&tally, TALLY_DENIED_BY, TEXT(TALLY_UNNAMED)), 1);
    tally_close(&tally);
}

static void sums_are_merged_packed_and_cleared_with_the_rest(void **state)
{
    struct arena arena = {0};
    struct buffer buffer;
    struct tally tally = {0};
    struct tally other = {0};
    struct record record = record_of("/a", "default", true);

    (void)state;
    record.costs.requests = 7;
    record.charged = &rule_of_both;
    tally_record(&tally, &record);
    tally_merge(&other, &tally);
    tally_merge(&other, &tally);
    assert_int_equal(sum_of(&other, TALLY_COST, TEXT("requests")), 14);
    buffer_init(&buffer, &arena, 16);
    tally_write_sums(&other, &buffer);
    assert_true(buffer.length <= TALLY_SUMS_BYTES);
    /* A later version may have more of them. */
    buffer_add(&buffer, TEXT("\x05later"));
    tally_clear(&other);
    assert_int_equal(sum_of(&other, TALLY_COST, TEXT("requests")), 0);
    tally_add_sums(&other, buffer_text(&buffer));

    assert_int_equal(sum_of(&other, TALLY_COST, TEXT("requests")), 14);
    tally_close(&tally);
    tally_close(&other);
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_tally_has_nothing),
        cmocka_unit_test(every_outcome_is_counted_for_its_route_and_role),
        cmocka_unit_test(where_the_route_ends_and_the_role_begins_matters),
        cmocka_unit_test(pairs_past_the_bound_are_counted_together),
        cmocka_unit_test(pairs_with_long_names_are_fewer),
        cmocka_unit_test(merging_what_is_over_the_bound_keeps_all_pairs),
        cmocka_unit_test(a_cleared_tally_begins_anew),
        cmocka_unit_test(merging_adds_pair_by_pair),
        cmocka_unit_test(what_was_packed_is_read_back),
        cmocka_unit_test(what_is_cut_off_is_no_entry),
        cmocka_unit_test(what_is_no_entry_is_refused),
        cmocka_unit_test(counts_of_a_later_version_are_passed_over),
        cmocka_unit_test(a_measure_that_no_limit_counts_is_not_charged),
        cmocka_unit_test(what_was_charged_is_summed_by_measure),
        cmocka_unit_test(denials_are_summed_by_the_limits_that_denied),
        cmocka_unit_test(sums_are_merged_packed_and_cleared_with_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
