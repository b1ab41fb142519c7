/* SPDX-License-Identifier: MIT
 *
 * A record comes back from the ring as it was added, and takes no more space than it needs. */
#include "journal/ring.h"

#include "base/arena.h"
#include "limit/word.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* As many as there may be of each, and as long as each may be. */
struct parts {
    char value[SUBJECT_VALUE_BYTES_MAX];
    char names[SUBJECTS_MAX][WORD_BYTES_MAX];
    struct subject subjects[SUBJECTS_MAX];
    struct measured measures[COSTS_MAX];
    struct text limits[LIMITS_MAX];
    struct limit_override overrides[LIMITS_MAX];
};

static void parts_fill(struct parts *parts)
{
    memset(parts->value, 'v', sizeof(parts->value));
    memset(parts->names, 'n', sizeof(parts->names));
    for (size_t i = 0; i < SUBJECTS_MAX; i++) {
        char *name = parts->names[i];

        name[0] = (char)('a' + i);
        parts->subjects[i] =
            (struct subject){{name, WORD_BYTES_MAX}, {parts->value, sizeof(parts->value)}};
        parts->measures[i] = (struct measured){{name, WORD_BYTES_MAX}, (int64_t)i - LIMIT_COST_MAX};
        parts->limits[i] = (struct text){name, LIMIT_NAME_BYTES_MAX};
        parts->overrides[i] =
            (struct limit_override){parts->limits[i], LIMIT_COST_MAX - (int64_t)i};
    }
}

/* It has the first `count` of each part. */
static struct record record_of(const struct parts *parts, size_t count)
{
    return (struct record){
        .subjects = {count == 0 ? 1 : count, parts->subjects},
        .costs = {.requests = 7, .count = count, .at = parts->measures},
        .denied_by = {count, parts->limits},
        .overrides = parts->overrides,
        .override_count = count,
        .is_partial = count > 0,
        .granted = count > 0 ? LIMIT_COST_MAX : 0,
        .route = {parts->value, 200},
        .role = {parts->value, 64},
        .mode = "enforce",
        .candidate = {.is_there = true, .remaining = 5},
    };
}

/* A usual one, or an odd one, as `round` says. */
static struct record record_in_round(size_t round, const struct subject *subject)
{
    static const char reason[] = "Rate limit exceeded";

    return (struct record){
        .time_us = INT64_C(1795270335042999),
        .subjects = {1, subject},
        .route = TEXT("/api/v1/search"),
        .role = TEXT("default"),
        .costs = {.requests = INT64_C(9007199254740991)},
        .allowed = round % 3 == 0,
        .reason = round % 3 == 0 ? NULL : reason,
        .remaining = round % 5 == 0 ? -1 : INT64_MAX,
        .policy_version = 7,
        .mode = round % 4 < 2 ? "enforce" : "shadow",
        .degraded = round % 7 == 0,
        .is_low = round % 11 == 0,
        .is_partial = round % 13 == 0,
        .granted = round % 13 == 0 ? (int64_t)round : 0,
        .is_charge = round % 17 == 0,
        .candidate = {.is_there = round % 4 > 1,
                      .allowed = round % 4 == 2,
                      .reason = reason,
                      .remaining = 5},
    };
}

static void assert_lists(const struct record *read, const struct record *added)
{
    assert_int_equal(read->subjects.count, added->subjects.count);
    for (size_t i = 0; i < added->subjects.count; i++) {
        assert_true(text_equal(read->subjects.at[i].name, added->subjects.at[i].name));
        assert_true(text_equal(read->subjects.at[i].value, added->subjects.at[i].value));
    }
    assert_int_equal(read->costs.count, added->costs.count);
    for (size_t i = 0; i < added->costs.count; i++) {
        assert_true(text_equal(read->costs.at[i].measure, added->costs.at[i].measure));
        assert_int_equal(read->costs.at[i].cost, added->costs.at[i].cost);
    }
    assert_int_equal(read->denied_by.count, added->denied_by.count);
    for (size_t i = 0; i < added->denied_by.count; i++)
        assert_true(text_equal(read->denied_by.at[i], added->denied_by.at[i]));
    assert_int_equal(read->override_count, added->override_count);
    for (size_t i = 0; i < added->override_count; i++) {
        assert_true(text_equal(read->overrides[i].limit, added->overrides[i].limit));
        assert_int_equal(read->overrides[i].quota, added->overrides[i].quota);
    }
}

static void assert_candidate(const struct record_candidate *read,
                             const struct record_candidate *added)
{
    assert_int_equal(read->is_there, added->is_there);
    assert_int_equal(read->allowed, added->is_there && added->allowed);
    if (!added->is_there)
        return;
    assert_ptr_equal(read->reason, added->reason);
    assert_int_equal(read->remaining, added->remaining);
}

static void assert_comes_back(struct ring *ring, const struct record *added)
{
    struct arena arena = {0};
    struct record read;

    assert_true(ring_read(ring, ring_add(ring, added), &arena, &read));
    assert_lists(&read, added);
    assert_candidate(&read.candidate, &added->candidate);
    assert_int_equal(read.time_us, added->time_us);
    assert_true(text_equal(read.route, added->route));
    assert_true(text_equal(read.role, added->role));
    assert_int_equal(read.costs.requests, added->costs.requests);
    assert_int_equal(read.allowed, added->allowed);
    assert_ptr_equal(read.reason, added->reason);
    assert_int_equal(read.remaining, added->remaining);
    assert_int_equal(read.policy_version, added->policy_version);
    assert_ptr_equal(read.mode, added->mode);
    assert_int_equal(read.degraded, added->degraded);
    assert_int_equal(read.is_low, added->is_low);
    assert_int_equal(read.is_partial, added->is_partial);
    assert_int_equal(read.granted, added->granted);
    assert_int_equal(read.is_charge, added->is_charge);
    arena_close(&arena);
}

static void absent_and_empty_texts_stay_what_they_are(void **state)
{
    struct ring ring;
    struct arena arena = {0};
    const struct subject subject = {TEXT("user"), TEXT("")};
    struct record record = {.subjects = {1, &subject}, .mode = "enforce"};

    (void)state;
    ring_init(&ring);
    ring_add(&ring, &record);

    assert_true(ring_read(&ring, 1, &arena, &record));
    assert_false(text_is_absent(subjects_user(&record.subjects)));
    assert_true(text_is_absent(record.role));
    arena_close(&arena);
    ring_close(&ring);
}

/* The texts alternate: short enough for a slot, then too long, in the same slots. */
static void every_member_comes_back(void **state)
{
    static const struct subject subjects[] = {
        {{"ip", 2}, {"192.0.2.1", 9}},
        {{"user", 4}, {"d9428888-122b-11e1-b85c-61cd3cbb3210", 36}},
    };
    struct ring ring;

    (void)state;
    ring_init(&ring);
    for (size_t round = 0; round < 3 * (size_t)JOURNAL_RECORDS; round++) {
        const struct record record = record_in_round(round, &subjects[round % 2]);

        assert_comes_back(&ring, &record);
    }
    ring_close(&ring);
}

/* After records with fewer parts, in the same slots. */
static void the_largest_record_comes_back_and_is_bounded(void **state)
{
    static struct parts parts;
    struct ring_counts counts = {.tops = {heavy_hitters_new()}};
    struct ring ring;

    (void)state;
    parts_fill(&parts);
    ring_init(&ring);
    for (size_t round = 0; round < 3 * (size_t)JOURNAL_RECORDS; round++) {
        const bool is_largest = round >= 2 * (size_t)JOURNAL_RECORDS;
        const struct record record =
            record_of(&parts, is_largest ? SUBJECTS_MAX : round % (SUBJECTS_MAX + 1));

        assert_comes_back(&ring, &record);
    }
    ring_take_counts(&ring, &counts);
    assert_in_range(ring_bytes(&ring), 3600 * 1000, 3710 * 1000);
    ring_counts_close(&counts);
    ring_close(&ring);
}

static void assert_cost_comes_back(struct ring *ring, int64_t cost)
{
    const struct subject subject = {TEXT("user"), TEXT("ada")};
    const struct measured measured = {TEXT("tokens"), cost};
    const struct record record = {
        .subjects = {1, &subject},
        .costs = {cost, 1, &measured},
        .mode = "enforce",
        .allowed = true,
        .is_charge = true,
    };

    assert_comes_back(ring, &record);
}

static void what_a_charge_gave_back_comes_back(void **state)
{
    static const int64_t costs[] = {
        -1, 1, 0, -63, -64, 63, 64, -65, 8191, -8192, -8193, -LIMIT_COST_MAX, LIMIT_COST_MAX};
    struct ring ring;

    (void)state;
    ring_init(&ring);
    for (size_t i = 0; i < ARRAY_COUNT(costs); i++)
        assert_cost_comes_back(&ring, costs[i]);
    ring_close(&ring);
}

/* A record whose texts fit, and whose check said nothing but a low priority. */
static void a_usual_record_lies_in_its_slot(void **state)
{
    const struct subject subject = {TEXT("user"), TEXT("d9428888-122b-11e1-b85c-61cd3cbb3210")};
    const struct record record = {
        .subjects = {1, &subject},
        .route = TEXT("/api/v1/search"),
        .role = TEXT("default"),
        .costs = {.requests = 1},
        .mode = "enforce",
        .allowed = true,
        .is_low = true,
        .is_charge = true, /* so that no counts take space */
    };
    struct ring ring;

    (void)state;
    ring_init(&ring);
    for (size_t i = 0; i < JOURNAL_RECORDS; i++)
        ring_add(&ring, &record);

    assert_in_range(ring_bytes(&ring), 1, (size_t)JOURNAL_RECORDS * 120);
    ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_and_empty_texts_stay_what_they_are),
        cmocka_unit_test(every_member_comes_back),
        cmocka_unit_test(the_largest_record_comes_back_and_is_bounded),
        cmocka_unit_test(what_a_charge_gave_back_comes_back),
        cmocka_unit_test(a_usual_record_lies_in_its_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
