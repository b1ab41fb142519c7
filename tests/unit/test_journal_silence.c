/* SPDX-License-Identifier: MIT
 *
 * A silent app gives its memory back. That loses nothing but what is reported. Time is an argument,
 * so an hour takes no time. */
#include "../../src/journal/flusher.h"
#include "../../src/journal/silence.h"

#include "base/memory.h"
#include "support/cmocka.h"

#include <pthread.h>

#define APPS    10
#define THREADS 4
#define ADDS    20000

static struct journal_apps apps;
static struct journal_app *all[APPS];
static struct usage *usage;
static struct silence silence;

static int open_with(bool has_feed, size_t bytes_max)
{
    apps = (struct journal_apps){0};
    journal_apps_init(&apps, 1);
    usage = usage_new(USAGE_BYTES_MAX);
    silence_init(&silence, has_feed, bytes_max);
    for (int i = 0; i < APPS; i++) {
        char app_id[APP_ID_BYTES + 1];

        (void)snprintf(app_id, sizeof app_id, "app%d", i);
        all[i] = journal_apps_find_or_add(&apps, app_id, NULL);
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    journal_apps_close(&apps);
    usage_free(usage);
    return 0;
}

/* Adds `count` decisions with names that do not fit into a slot. Then does what the flusher
 * does. */
static void decide(struct journal_app *app, int count, int64_t now_us, bool is_sent)
{
    struct ring_counts counts = {0};
    char name[256];

    memset(name, 'x', sizeof name);
    const struct subject user = {TEXT("user"), {name, sizeof name}};
    const struct record record = {
        .counted_us = now_us, .subjects = {1, &user}, .route = {name, sizeof name}};
    for (int i = 0; i < count; i++)
        ring_add(&app->ring, &record);
    ring_take_counts(&app->ring, &counts);
    if (app->usage == NULL)
        app->usage = usage_app_new(usage);
    usage_add(app->usage, &counts.tallies[0], now_us / MINUTE_US);
    usage_add_top(app->usage, TOP_DENIED, counts.tops[TOP_DENIED]);
    ring_counts_close(&counts);
    if (is_sent)
        app->sent = ring_newest(&app->ring);
    silence_note(&silence, app, now_us);
}

static size_t kept(struct journal_app *app)
{
    return ring_newest(&app->ring) - ring_lost(&app->ring);
}

static void count_views(void *context, const struct usage_view *view)
{
    (void)view;
    ++*(int *)context;
}

static int views(const struct journal_app *app)
{
    int count = 0;

    usage_visit(app->usage, &count, count_views);
    return count;
}

static void after_an_hour_of_silence_redis_alone_keeps_it(void **state)
{
    (void)state;
    open_with(true, SIZE_MAX);
    decide(all[0], 1000, 0, true);
    decide(all[1], 10, MINUTE_US, true);
    assert_true(figure_get(&silence.bytes) > 500 * 1000);
    assert_int_equal(silence_due_us(&silence), JOURNAL_SILENCE_US);

    silence_give_back(&silence, JOURNAL_SILENCE_US - 1);
    assert_int_equal(kept(all[0]), 1000);

    silence_give_back(&silence, JOURNAL_SILENCE_US);
    assert_int_equal(kept(all[0]), 0);
    assert_int_equal(views(all[0]), 0);
    assert_int_equal(kept(all[1]), 10);
    assert_int_equal(views(all[1]), 2);
    assert_int_equal(silence_due_us(&silence), MINUTE_US + JOURNAL_SILENCE_US);
    assert_true(figure_get(&silence.bytes) < 50 * 1000);

    silence_give_back(&silence, MINUTE_US + JOURNAL_SILENCE_US);
    assert_int_equal(figure_get(&silence.bytes), 0);
    assert_int_equal(silence_due_us(&silence), INT64_MAX);
    assert_int_equal(figure_get(&silence.gave_way), 0);
}

static void it_comes_back_with_the_next_record_and_counts_go_on(void **state)
{
    struct arena arena = {0};
    struct record record;

    (void)state;
    open_with(true, SIZE_MAX);
    decide(all[0], 1000, 0, true);
    silence_give_back(&silence, JOURNAL_SILENCE_US);

    decide(all[0], 3, JOURNAL_SILENCE_US, true);

    assert_int_equal(ring_newest(&all[0]->ring), 1003);
    assert_int_equal(kept(all[0]), 3);
    assert_true(ring_read(&all[0]->ring, 1001, &arena, &record));
    assert_false(ring_read(&all[0]->ring, 1000, &arena, &record));
    assert_int_equal(views(all[0]), 2);
    assert_int_equal(silence_due_us(&silence), 2 * JOURNAL_SILENCE_US);
    arena_close(&arena);
}

static void what_is_not_sent_yet_is_not_given_back(void **state)
{
    (void)state;
    open_with(true, 1);
    decide(all[0], 10, 0, false);
    decide(all[1], 10, 0, true);
    all[1]->unsent = true; /* its usage is not sent yet */

    silence_give_back(&silence, JOURNAL_SILENCE_US);

    assert_int_equal(kept(all[0]), 10);
    assert_int_equal(kept(all[1]), 10);
    assert_int_equal(silence_due_us(&silence), 2 * JOURNAL_SILENCE_US);

    all[0]->sent = 10;
    all[1]->unsent = false;
    silence_give_back(&silence, 2 * JOURNAL_SILENCE_US);
    assert_int_equal(figure_get(&silence.bytes), 0);
}

static void without_redis_silence_alone_costs_no_log(void **state)
{
    (void)state;
    open_with(false, SIZE_MAX);
    decide(all[0], 10, 0, false);

    silence_give_back(&silence, 1000 * JOURNAL_SILENCE_US);

    assert_int_equal(kept(all[0]), 10);
    assert_int_equal(silence_due_us(&silence), INT64_MAX);
}

/* But all usage stays. */
static void past_the_bound_the_longest_silent_give_way(void **state)
{
    (void)state;
    open_with(false, 5 * 1000 * 1000);
    for (int i = 0; i < APPS; i++)
        decide(all[i], 1000, i, false);
    decide(all[0], 1, APPS, false);

    silence_give_back(&silence, APPS);

    assert_true(figure_get(&silence.bytes) <= 5 * 1000 * 1000);
    assert_true(figure_get(&silence.bytes) > 4 * 1000 * 1000);
    assert_int_equal(kept(all[0]), 1000);
    assert_int_equal(kept(all[1]), 0);
    assert_int_equal(kept(all[9]), 1000);
    assert_in_range(figure_get(&silence.gave_way), 2, 5);
    for (int i = 0; i < APPS; i++)
        assert_int_equal(views(all[i]), 2);
}

static atomic_int recording;

static void *record_many(void *context)
{
    struct journal_app *app = context;
    char name[256];

    memset(name, 'y', sizeof name);
    for (int i = 0; i < ADDS; i++) {
        const struct subject user = {TEXT("user"), {name, (size_t)(i % 256)}};
        const struct record record = {.counted_us = i, .subjects = {1, &user}};

        ring_add(&app->ring, &record);
    }
    atomic_fetch_sub(&recording, 1);
    return NULL;
}

/* The ring is given back again and again. Meanwhile each record is counted. */
static void records_that_come_meanwhile_are_counted(void **state)
{
    struct ring_counts counts = {0};
    struct ring *ring;
    pthread_t threads[THREADS];
    uint64_t counted = 0;
    uint64_t times = 0;
    bool is_over = false;

    (void)state;
    open_with(false, 1);
    ring = &all[0]->ring;
    atomic_store(&recording, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_many, all[0]), 0);
    while (!is_over) {
        struct tally_entry entry;

        is_over = atomic_load(&recording) == 0;
        ring_take_counts(ring, &counts);
        for (size_t i = 0; i < ARRAY_COUNT(counts.tallies); i++) {
            size_t position = 0;

            while (tally_next(&counts.tallies[i], &position, &entry))
                counted += entry.counts[TALLY_DENIED];
        }
        times += ring_give_back(ring, ring_newest(ring));
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    assert_int_equal(counted, THREADS * ADDS);
    assert_int_equal(ring_newest(ring), THREADS * ADDS);
    assert_true(times > 0);
    assert_int_equal(ring_bytes(ring), 0);
    ring_counts_close(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(after_an_hour_of_silence_redis_alone_keeps_it, close_all),
        cmocka_unit_test_teardown(it_comes_back_with_the_next_record_and_counts_go_on, close_all),
        cmocka_unit_test_teardown(what_is_not_sent_yet_is_not_given_back, close_all),
        cmocka_unit_test_teardown(without_redis_silence_alone_costs_no_log, close_all),
        cmocka_unit_test_teardown(past_the_bound_the_longest_silent_give_way, close_all),
        cmocka_unit_test_teardown(records_that_come_meanwhile_are_counted, close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
