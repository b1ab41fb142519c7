/* SPDX-License-Identifier: MIT */
#include "journal/ring.h"

#include "base/arena.h"

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
    assert_null(counts.tops[TOP_DENIED]);
    assert_true(ring_read(&ring, 2, &arena, &read));
    assert_true(ring_give_back(&ring, 2));
    ring_counts_close(&counts);
    arena_close(&arena);
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
        cmocka_unit_test(a_charge_is_kept_and_not_counted),
        cmocka_unit_test(records_of_many_threads_stay_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
