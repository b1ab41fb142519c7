/* SPDX-License-Identifier: MIT */
#include "journal/ring.h"

#include "base/arena.h"
#include "limit/word.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define THREADS 8
#define ADDS    2000

/* All texts of the record follow from `number`. They are up to 500 bytes long. The subject lies in
 * `subject`. */
static struct record record_number(int64_t number, char space[static 512], struct subject *subject)
{
    size_t length = (size_t)(number * 37 % 500);

    memset(space, 'a' + (int)(number % 26), 512);
    *subject = (struct subject){TEXT("user"), {space, length}};
    return (struct record){
        .time_us = number,
        .subjects = {1, subject},
        .route = {space, length / 2},
        .role = {space, length / 3},
        .mode = "enforce",
    };
}

/* Whether all texts are those of the record's number. */
static bool is_whole(const struct record *record)
{
    char space[512];
    struct subject subject;
    struct record expected = record_number(record->time_us, space, &subject);

    return text_equal(subjects_user(&record->subjects), subject.value) &&
           text_equal(record->route, expected.route) && text_equal(record->role, expected.role);
}

static void assert_record(const struct record *record, int64_t number)
{
    assert_int_equal(record->time_us, number);
    assert_true(is_whole(record));
}

static void add_numbers(struct ring *ring, int64_t first, int64_t last)
{
    for (int64_t number = first; number <= last; number++) {
        char space[512];
        struct subject subject;
        struct record record = record_number(number, space, &subject);

        assert_int_equal(ring_add(ring, &record), number);
    }
}

static void an_empty_ring_has_nothing(void **state)
{
    struct ring ring;
    struct arena arena = {0};
    struct record record;

    (void)state;
    ring_init(&ring);
    assert_int_equal(ring_newest(&ring), 0);
    assert_false(ring_read(&ring, 0, &arena, &record));
    assert_false(ring_read(&ring, 1, &arena, &record));
    arena_close(&arena);
    ring_close(&ring);
}

static void records_are_kept_under_the_number_of_their_order(void **state)
{
    struct ring ring;
    struct arena arena = {0};
    struct record record;

    (void)state;
    ring_init(&ring);
    add_numbers(&ring, 1, 10);

    assert_int_equal(ring_newest(&ring), 10);
    for (uint64_t number = 1; number <= 10; number++) {
        assert_true(ring_read(&ring, number, &arena, &record));
        assert_record(&record, (int64_t)number);
    }
    assert_false(ring_read(&ring, 11, &arena, &record));
    arena_close(&arena);
    ring_close(&ring);
}

static void the_last_thousand_are_kept(void **state)
{
    struct ring ring;
    struct arena arena = {0};
    struct record record;

    (void)state;
    ring_init(&ring);
    add_numbers(&ring, 1, 2500);

    for (uint64_t number = 0; number <= 2501; number++) {
        bool kept = number > 1500 && number <= 2500;

        assert_int_equal(ring_read(&ring, number, &arena, &record), kept);
        if (kept)
            assert_record(&record, (int64_t)number);
    }
    arena_close(&arena);
    ring_close(&ring);
}

static void what_was_read_stays_when_its_slot_is_written_again(void **state)
{
    struct ring ring;
    struct arena arena = {0};
    struct record record;

    (void)state;
    ring_init(&ring);
    add_numbers(&ring, 1, 20);
    assert_true(ring_read(&ring, 20, &arena, &record));

    add_numbers(&ring, 21, 2000);

    assert_record(&record, 20);
    arena_close(&arena);
    ring_close(&ring);
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

static void assert_subjects(const struct subjects *read, const struct subjects *expected)
{
    assert_int_equal(read->count, expected->count);
    for (size_t i = 0; i < read->count; i++) {
        assert_true(text_equal(read->at[i].name, expected->at[i].name));
        assert_true(text_equal(read->at[i].value, expected->at[i].value));
    }
}

/* As many parts as there may be, each as long as it may be, after records with fewer. */
static void the_largest_record_comes_back_and_is_bounded(void **state)
{
    static char value[SUBJECT_VALUE_BYTES_MAX];
    static char names[SUBJECTS_MAX][WORD_BYTES_MAX];
    struct subject subjects[SUBJECTS_MAX];
    struct measured measures[COSTS_MAX];
    struct text limits[LIMITS_MAX];
    struct limit_override overrides[LIMITS_MAX];
    struct ring ring;
    struct arena arena = {0};
    struct record read;

    (void)state;
    memset(value, 'v', sizeof value);
    memset(names, 'n', sizeof names);
    for (size_t i = 0; i < SUBJECTS_MAX; i++) {
        names[i][0] = (char)('a' + i);
        subjects[i] = (struct subject){{names[i], WORD_BYTES_MAX}, {value, sizeof value}};
        measures[i] = (struct measured){{names[i], WORD_BYTES_MAX}, (int64_t)i - LIMIT_COST_MAX};
        limits[i] = (struct text){names[i], LIMIT_NAME_BYTES_MAX};
        overrides[i] = (struct limit_override){limits[i], LIMIT_COST_MAX - (int64_t)i};
    }
    ring_init(&ring);
    for (size_t round = 0; round < 3 * (size_t)JOURNAL_RECORDS; round++) {
        const bool is_largest = round >= 2 * (size_t)JOURNAL_RECORDS;
        const size_t parts = is_largest ? SUBJECTS_MAX : round % (SUBJECTS_MAX + 1);
        const struct record record = {
            .subjects = {parts == 0 ? 1 : parts, subjects},
            .costs = {.requests = 7, .count = parts, .at = measures},
            .denied_by = {parts, limits},
            .overrides = overrides,
            .override_count = parts,
            .is_partial = parts > 0,
            .granted = parts > 0 ? LIMIT_COST_MAX : 0,
            .route = {value, 200},
            .role = {value, 64},
            .mode = "enforce",
            .candidate = {.is_there = true, .remaining = 5},
        };

        assert_true(ring_read(&ring, ring_add(&ring, &record), &arena, &read));

        assert_subjects(&read.subjects, &record.subjects);
        assert_int_equal(read.costs.requests, 7);
        assert_int_equal(read.costs.count, parts);
        for (size_t i = 0; i < parts; i++) {
            assert_true(text_equal(read.costs.at[i].measure, measures[i].measure));
            assert_int_equal(read.costs.at[i].cost, measures[i].cost);
        }
        assert_int_equal(read.denied_by.count, parts);
        for (size_t i = 0; i < read.denied_by.count; i++)
            assert_true(text_equal(read.denied_by.at[i], limits[i]));
        assert_int_equal(read.override_count, parts);
        for (size_t i = 0; i < read.override_count; i++) {
            assert_true(text_equal(read.overrides[i].limit, overrides[i].limit));
            assert_int_equal(read.overrides[i].quota, overrides[i].quota);
        }
        assert_int_equal(read.granted, record.granted);
        assert_true(text_equal(read.route, record.route));
        assert_true(text_equal(read.role, record.role));
        assert_int_equal(read.candidate.remaining, 5);
    }
    struct heavy_hitters *spare = heavy_hitters_new();
    struct ring_counts counts = {.denied = spare};

    ring_take_counts(&ring, &counts);
    assert_in_range(ring_bytes(&ring), 3600 * 1000, 3710 * 1000);
    ring_counts_close(&counts);
    arena_close(&arena);
    ring_close(&ring);
}

/* The texts alternate: short enough for a slot, then too long, in the same slots. */
static void every_member_comes_back(void **state)
{
    static const char candidate_reason[] = "Rate limit exceeded";
    struct ring ring;
    struct arena arena = {0};
    struct record read;

    (void)state;
    ring_init(&ring);
    for (size_t round = 0; round < 3 * (size_t)JOURNAL_RECORDS; round++) {
        const struct subject subject =
            round % 2 == 0
                ? (struct subject){TEXT("ip"), TEXT("192.0.2.1")}
                : (struct subject){TEXT("user"), TEXT("d9428888-122b-11e1-b85c-61cd3cbb3210")};
        const struct record record = {
            .time_us = INT64_C(1795270335042999),
            .subjects = {1, &subject},
            .route = TEXT("/api/v1/search"),
            .role = TEXT("default"),
            .costs = {.requests = INT64_C(9007199254740991)},
            .allowed = round % 3 == 0,
            .reason = round % 3 == 0 ? NULL : candidate_reason,
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
                          .reason = candidate_reason,
                          .remaining = 5},
        };
        const uint64_t sequence = ring_add(&ring, &record);

        assert_true(ring_read(&ring, sequence, &arena, &read));

        assert_int_equal(read.time_us, record.time_us);
        assert_subjects(&read.subjects, &record.subjects);
        assert_true(text_equal(read.route, record.route));
        assert_true(text_equal(read.role, record.role));
        assert_int_equal(read.costs.requests, record.costs.requests);
        assert_int_equal(read.allowed, record.allowed);
        assert_ptr_equal(read.reason, record.reason);
        assert_int_equal(read.remaining, record.remaining);
        assert_int_equal(read.policy_version, record.policy_version);
        assert_ptr_equal(read.mode, record.mode);
        assert_int_equal(read.degraded, record.degraded);
        assert_int_equal(read.is_low, record.is_low);
        assert_int_equal(read.is_partial, record.is_partial);
        assert_int_equal(read.granted, record.granted);
        assert_int_equal(read.is_charge, record.is_charge);
        assert_int_equal(read.candidate.is_there, record.candidate.is_there);
        assert_int_equal(read.candidate.allowed,
                         record.candidate.is_there && record.candidate.allowed);
        if (record.candidate.is_there) {
            assert_ptr_equal(read.candidate.reason, candidate_reason);
            assert_int_equal(read.candidate.remaining, 5);
        }
    }
    arena_close(&arena);
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
    struct arena arena = {0};
    struct record read;

    assert_true(ring_read(ring, ring_add(ring, &record), &arena, &read));
    assert_int_equal(read.costs.requests, cost);
    assert_int_equal(read.costs.at[0].cost, cost);
    arena_close(&arena);
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

static void a_charge_is_kept_and_not_counted(void **state)
{
    const struct subject subject = {TEXT("user"), TEXT("ada")};
    struct record record = {.subjects = {1, &subject}, .mode = "enforce", .is_charge = true};
    struct ring_counts counts = {0};
    struct ring ring;
    struct arena arena = {0};
    struct record read;

    (void)state;
    ring_init(&ring);
    ring_add(&ring, &record);
    record.allowed = true;
    record.degraded = true;
    ring_add(&ring, &record);

    ring_take_counts(&ring, &counts);
    assert_int_equal(counts.tallies[0].count + counts.tallies[1].count, 0);
    assert_null(counts.denied);
    assert_true(ring_read(&ring, 2, &arena, &read));
    assert_true(ring_give_back(&ring, 2));
    ring_counts_close(&counts);
    arena_close(&arena);
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

static void *add_many(void *context)
{
    for (int64_t number = 1; number <= ADDS; number++) {
        char space[512];
        struct subject subject;
        struct record record = record_number(number, space, &subject);

        ring_add(context, &record);
    }
    return NULL;
}

/* Reads while the others write. Each record that it gets must be whole. Returns the ring, or NULL
 * when one was not. */
static void *read_many(void *context)
{
    struct ring *ring = context;
    bool all_whole = true;

    for (int i = 0; i < ADDS; i++) {
        struct arena arena = {0};
        struct record record;

        if (ring_read(ring, ring_newest(ring), &arena, &record))
            all_whole &= is_whole(&record);
        arena_close(&arena);
    }
    return all_whole ? ring : NULL;
}

static void records_of_many_threads_stay_whole(void **state)
{
    struct ring ring;
    struct arena arena = {0};
    struct record record;
    pthread_t reader;
    pthread_t threads[THREADS];
    void *read_whole = NULL;

    (void)state;
    ring_init(&ring);
    assert_int_equal(pthread_create(&reader, NULL, read_many, &ring), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &ring), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(reader, &read_whole);

    uint64_t newest = ring_newest(&ring);
    assert_int_equal(newest, THREADS * ADDS);
    assert_non_null(read_whole);
    for (uint64_t i = 0; i < JOURNAL_RECORDS; i++) {
        assert_true(ring_read(&ring, newest - i, &arena, &record));
        assert_true(is_whole(&record));
    }
    arena_close(&arena);
    ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_ring_has_nothing),
        cmocka_unit_test(records_are_kept_under_the_number_of_their_order),
        cmocka_unit_test(the_last_thousand_are_kept),
        cmocka_unit_test(what_was_read_stays_when_its_slot_is_written_again),
        cmocka_unit_test(absent_and_empty_texts_stay_what_they_are),
        cmocka_unit_test(the_largest_record_comes_back_and_is_bounded),
        cmocka_unit_test(every_member_comes_back),
        cmocka_unit_test(what_a_charge_gave_back_comes_back),
        cmocka_unit_test(a_charge_is_kept_and_not_counted),
        cmocka_unit_test(a_usual_record_lies_in_its_slot),
        cmocka_unit_test(records_of_many_threads_stay_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
