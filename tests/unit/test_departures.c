/* SPDX-License-Identifier: MIT
 *
 * Whose turn it is. Apps are told of by their place in `all`. */
#include "departures.h"

#include "support/cmocka.h"

#include <pthread.h>
#include <stdlib.h>

#define APPS    4
#define NOW_US  ((int64_t)1000000)
#define RECORDS 100000

static struct journal_apps apps;
static struct journal_app *all[APPS];
static struct departures departures;

static void begin(bool has_feed)
{
    apps = (struct journal_apps){0};
    journal_apps_init(&apps, 1);
    for (int i = 0; i < APPS; i++) {
        char app_id[APP_ID_BYTES + 1];

        (void)snprintf(app_id, sizeof(app_id), "app%013d", i);
        all[i] = journal_apps_find_or_add(&apps, app_id, NULL);
    }
    departures_init(&departures, has_feed);
}

static int begin_with_feed(void **state)
{
    (void)state;
    begin(true);
    return 0;
}

static int begin_without_feed(void **state)
{
    (void)state;
    begin(false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    journal_apps_close(&apps);
    return 0;
}

static void wait_at(int number, enum cargo cargo, int64_t now_us)
{
    if (cargo == CARGO_USAGE)
        departures_note_unsent(&departures, all[number], now_us);
    else if (departures_mark_dirty(all[number]))
        departures_wait(&departures, all[number], cargo, now_us);
}

/* Both wait, and then go. */
static void let_two_go(enum cargo cargo)
{
    wait_at(0, cargo, NOW_US);
    wait_at(1, cargo, NOW_US);
    departures_begin(&departures, cargo);
}

/* Those that are on their way set out, and are these, in this order. */
static void assert_all_set_out(enum cargo cargo, size_t count, const int numbers[])
{
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(departures_first(&departures, cargo), all[numbers[i]]);
        assert_ptr_equal(departures_set_out(&departures, cargo), all[numbers[i]]);
    }
    assert_false(departures_has_going(&departures, cargo));
    assert_null(departures_first(&departures, cargo));
    assert_null(departures_set_out(&departures, cargo));
}

static void the_first_that_waits_says_when_all_begin(void **state)
{
    const int64_t due_us = NOW_US + JOURNAL_FLUSH_US;
    (void)state;
    assert_int_equal(departures_due_us(&departures), INT64_MAX);
    assert_false(departures_is_due(&departures, CARGO_LOG, INT64_MAX));

    wait_at(2, CARGO_LOG, NOW_US);
    wait_at(1, CARGO_LOG, NOW_US + 1);

    assert_int_equal(departures_due_us(&departures), due_us);
    assert_false(departures_is_due(&departures, CARGO_LOG, due_us - 1));
    assert_true(departures_is_due(&departures, CARGO_LOG, due_us));
    departures_begin(&departures, CARGO_LOG);
    assert_int_equal(departures_due_us(&departures), 0);
    assert_false(departures_has_waiting(&departures, CARGO_LOG));
    assert_all_set_out(CARGO_LOG, 2, (const int[]){2, 1});
    wait_at(2, CARGO_LOG, due_us);
    assert_int_equal(departures_due_us(&departures), due_us + JOURNAL_FLUSH_US);
}

static void without_a_feed_usage_is_due_at_once_and_the_log_later(void **state)
{
    (void)state;
    wait_at(0, CARGO_LOG, NOW_US);
    assert_int_equal(departures_due_us(&departures), NOW_US + JOURNAL_ROLL_UP_US);

    wait_at(0, CARGO_USAGE, NOW_US);

    assert_int_equal(departures_due_us(&departures), NOW_US);
    assert_true(departures_is_due(&departures, CARGO_USAGE, NOW_US));
    assert_false(departures_is_due(&departures, CARGO_LOG, NOW_US));
}

static void an_app_is_in_one_list_of_a_cargo(void **state)
{
    (void)state;
    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        let_two_go(cargo);

        wait_at(0, cargo, NOW_US);
        assert_false(departures_has_waiting(&departures, cargo));

        assert_ptr_equal(departures_set_out(&departures, cargo), all[0]);
        wait_at(0, cargo, NOW_US);
        wait_at(0, cargo, NOW_US);
        departures_begin(&departures, cargo);
        assert_all_set_out(cargo, 2, (const int[]){1, 0});
    }
}

static void those_still_on_their_way_go_first(void **state)
{
    (void)state;
    let_two_go(CARGO_LOG);
    wait_at(3, CARGO_LOG, NOW_US);

    departures_begin(&departures, CARGO_LOG);

    assert_all_set_out(CARGO_LOG, 3, (const int[]){0, 1, 3});
}

static void one_that_has_more_goes_behind_the_others(void **state)
{
    (void)state;
    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        let_two_go(cargo);
        wait_at(2, cargo, NOW_US);

        departures_go_behind(&departures, departures_set_out(&departures, cargo), cargo);

        wait_at(0, cargo, NOW_US); /* it is in a list */
        assert_all_set_out(cargo, 2, (const int[]){1, 0});
        departures_begin(&departures, cargo);
        assert_all_set_out(cargo, 1, (const int[]){2});
    }
}

/* Otherwise it would be in two lists once what has posted it comes. */
static void one_that_was_marked_meanwhile_does_not_go_behind(void **state)
{
    (void)state;
    let_two_go(CARGO_LOG);
    assert_ptr_equal(departures_set_out(&departures, CARGO_LOG), all[0]);
    assert_true(departures_mark_dirty(all[0]));

    departures_go_behind(&departures, all[0], CARGO_LOG);
    departures_wait(&departures, all[0], CARGO_LOG, NOW_US);

    assert_all_set_out(CARGO_LOG, 1, (const int[]){1});
    departures_begin(&departures, CARGO_LOG);
    assert_all_set_out(CARGO_LOG, 1, (const int[]){0});
}

static void those_that_stay_wait_ahead_of_the_others(void **state)
{
    const int64_t begin_us = NOW_US + 7;
    (void)state;
    let_two_go(CARGO_USAGE);
    wait_at(2, CARGO_USAGE, NOW_US);

    departures_stay(&departures, CARGO_USAGE, begin_us);

    assert_false(departures_has_going(&departures, CARGO_USAGE));
    assert_int_equal(departures_due_us(&departures), begin_us);
    wait_at(3, CARGO_USAGE, NOW_US);
    assert_int_equal(departures_due_us(&departures), begin_us);
    departures_begin(&departures, CARGO_USAGE);
    assert_all_set_out(CARGO_USAGE, 4, (const int[]){0, 1, 2, 3});
}

/* Records of one app, in short. */
static struct {
    pthread_mutex_t lock; /* guards `newest`, as that of a ring */
    int newest;
    atomic_int posted; /* how often the app was */
    atomic_bool is_over;
} recorded = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *record(void *nothing)
{
    (void)nothing;
    for (int i = 0; i < RECORDS; i++) {
        (void)pthread_mutex_lock(&recorded.lock);
        recorded.newest++;
        (void)pthread_mutex_unlock(&recorded.lock);
        if (departures_mark_dirty(all[0]))
            atomic_fetch_add(&recorded.posted, 1);
    }
    atomic_store(&recorded.is_over, true);
    return NULL;
}

static void no_record_is_missed_when_an_app_sets_out(void **state)
{
    bool is_over = false;
    int taken = 0;
    int seen = 0;
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, record, NULL), 0);

    while (!is_over || taken < atomic_load(&recorded.posted)) {
        is_over = atomic_load(&recorded.is_over);
        if (taken == atomic_load(&recorded.posted))
            continue;
        taken++;
        departures_wait(&departures, all[0], CARGO_LOG, NOW_US);
        departures_begin(&departures, CARGO_LOG);
        assert_ptr_equal(departures_set_out(&departures, CARGO_LOG), all[0]);
        (void)pthread_mutex_lock(&recorded.lock);
        seen = recorded.newest;
        (void)pthread_mutex_unlock(&recorded.lock);
    }

    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen, RECORDS);
}

#define WITH_FEED(name) cmocka_unit_test_setup_teardown(name, begin_with_feed, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FEED(the_first_that_waits_says_when_all_begin),
        cmocka_unit_test_setup_teardown(without_a_feed_usage_is_due_at_once_and_the_log_later,
                                        begin_without_feed, end),
        WITH_FEED(an_app_is_in_one_list_of_a_cargo),
        WITH_FEED(those_still_on_their_way_go_first),
        WITH_FEED(one_that_has_more_goes_behind_the_others),
        WITH_FEED(one_that_was_marked_meanwhile_does_not_go_behind),
        WITH_FEED(those_that_stay_wait_ahead_of_the_others),
        WITH_FEED(no_record_is_missed_when_an_app_sets_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
