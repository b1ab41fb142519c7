/* SPDX-License-Identifier: MIT */
#include "store/expiries.h"

#include "base/duration.h"
#include "support/cmocka.h"
#include "support/random.h"

#define HISTORIES 300
#define EVENTS    300

/* Of some year, so that no slot begins with the test. */
#define DAY_US   (DAY_S * SECOND_US)
#define START_US INT64_C(1763735373123457)

/* An end that was counted, as one more or one less. */
struct event {
    int64_t end_us;
    int64_t left_us;
    int change;
};

static void what_is_added_lives_until_its_end(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    expiries_add(&expiries, 10 * SECOND_US, START_US);
    expiries_add(&expiries, MINUTE_US, START_US);

    assert_int_equal(expiries_live(&expiries, START_US), 2);
    assert_int_equal(expiries_live(&expiries, START_US + 8 * SECOND_US), 2);
    assert_int_equal(expiries_live(&expiries, START_US + 12 * SECOND_US), 1);
    assert_int_equal(expiries_live(&expiries, START_US + 51 * SECOND_US), 1);
    assert_false(expiries_are_over(&expiries, START_US + 51 * SECOND_US));
    assert_int_equal(expiries_live(&expiries, START_US + 69 * SECOND_US), 0);
    assert_true(expiries_are_over(&expiries, START_US + 69 * SECOND_US));
}

static void what_is_taken_out_at_its_end_leaves_nothing(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    for (int64_t left_us = 1; left_us < 2 * 365 * DAY_US; left_us *= 3) {
        expiries_add(&expiries, left_us, START_US);
        assert_false(expiries_are_over(&expiries, START_US));
        expiries_take_out(&expiries, left_us, START_US);
        assert_true(expiries_are_over(&expiries, START_US));
    }
}

/* The sum is what counts: one has added it, and another prolongs it. */
static void a_life_may_be_prolonged_elsewhere(void **state)
{
    (void)state;
    struct expiries one = {0};
    struct expiries other = {0};

    expiries_add(&one, HOUR_US, START_US);
    expiries_take_out(&other, HOUR_US, START_US);
    expiries_add(&other, DAY_US, START_US);

    for (int64_t at_us = START_US; at_us < START_US + 20 * HOUR_US; at_us += MINUTE_US)
        assert_int_equal(expiries_live(&one, at_us) + expiries_live(&other, at_us), 1);
    assert_int_equal(expiries_live(&other, START_US), 1); /* a clock that is read late */
}

static void what_outlives_the_slots_is_counted_as_long_as_they_reach(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    expiries_add(&expiries, INT64_C(9007199254740991), START_US);
    expiries_add(&expiries, -SECOND_US, START_US);

    assert_int_equal(expiries_live(&expiries, START_US), 2);
    assert_int_equal(expiries_live(&expiries, START_US + EXPIRIES_UNIT_US), 1);
    assert_int_equal(expiries_live(&expiries, START_US + 2 * 365 * DAY_US), 1);
    assert_int_equal(expiries_live(&expiries, START_US + 10 * 365 * DAY_US), 0);
}

static void the_next_end_is_that_of_the_first(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    assert_int_equal(expiries_next_us(&expiries, START_US), 0);
    expiries_add(&expiries, DAY_US, START_US);
    assert_in_range(expiries_next_us(&expiries, START_US), DAY_US, DAY_US + DAY_US / 7);
    expiries_add(&expiries, MINUTE_US, START_US);
    assert_in_range(expiries_next_us(&expiries, START_US), MINUTE_US, MINUTE_US + MINUTE_US / 7);

    const int64_t next_us = expiries_next_us(&expiries, START_US);

    assert_int_equal(expiries_live(&expiries, START_US + next_us), 1);
}

static void ends_are_alike_that_are_counted_together(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    assert_true(expiries_are_alike(HOUR_US, HOUR_US, START_US));
    assert_false(expiries_are_alike(HOUR_US, 2 * HOUR_US, START_US));
    for (int i = 0; i < 10000; i++) {
        const int64_t left_us = random_below(HOUR_US);
        const int64_t other_us = left_us + random_below(left_us / 4 + 1);

        expiries_add(&expiries, left_us, START_US);
        expiries_take_out(&expiries, other_us, START_US);
        assert_int_equal(expiries_are_over(&expiries, START_US),
                         expiries_are_alike(left_us, other_us, START_US));
        expiries_add(&expiries, other_us, START_US);
        expiries_take_out(&expiries, left_us, START_US);
    }
}

/* From a millisecond to two years, each order of magnitude as often. */
static int64_t random_left_us(void)
{
    return random_below(INT64_C(1) << (10 + random_below(36)));
}

/* What must be counted, and what may be or not. */
static void assert_is_right(struct expiries *expiries, const struct event events[], size_t count,
                            int64_t now_us)
{
    int64_t least = 0;
    int64_t most = 0;

    for (size_t i = 0; i < count; i++) {
        const int64_t slack_us = EXPIRIES_UNIT_US + events[i].left_us / 7;
        const bool lives = now_us < events[i].end_us - slack_us;
        const bool may_live = now_us < events[i].end_us + slack_us;

        least += lives && events[i].change > 0;
        least -= may_live && events[i].change < 0;
        most += may_live && events[i].change > 0;
        most -= lives && events[i].change < 0;
    }
    assert_in_range(expiries_live(expiries, now_us) - least, 0, most - least);
}

/* Some are added, some of these are prolonged, some are taken out, and time passes by steps of
 * every size. */
static void random_histories_are_counted_as_plainly(void **state)
{
    (void)state;
    static struct event events[2 * EVENTS];

    for (int history = 0; history < HISTORIES; history++) {
        struct expiries expiries = {0};
        int64_t now_us = START_US + random_left_us();
        int64_t last_us = now_us;
        size_t count = 0;

        while (count < 2 * EVENTS - 2) {
            const struct event *known = count > 0 ? &events[random_below((int64_t)count)] : NULL;
            const int64_t left_us = random_left_us();

            if (known != NULL && known->change > 0 && known->end_us > now_us) {
                const int64_t former_us = known->end_us - now_us;

                expiries_take_out(&expiries, former_us, now_us);
                events[count++] = (struct event){now_us + former_us, former_us, -1};
            }
            expiries_add(&expiries, left_us, now_us);
            events[count++] = (struct event){now_us + left_us, left_us, 1};
            last_us = now_us + left_us > last_us ? now_us + left_us : last_us;
            now_us += random_below(3) == 0 ? random_left_us() / 16 : 0;
            assert_is_right(&expiries, events, count, now_us);
        }
        assert_true(expiries_are_over(&expiries, now_us + 4 * 365 * DAY_US));
        assert_int_equal(expiries.live, 0);
    }
}

/* However often: a counter that is in use all the time is not counted more and more. */
static void a_life_that_is_prolonged_for_ever_is_one(void **state)
{
    (void)state;
    static const int64_t lives_us[] = {SECOND_US, MINUTE_US, HOUR_US, 30 * DAY_US};

    for (size_t i = 0; i < ARRAY_COUNT(lives_us); i++) {
        const int64_t left_us = lives_us[i];
        struct expiries expiries = {0};
        int64_t now_us = START_US;

        expiries_add(&expiries, left_us, now_us);
        for (int step = 0; step < 20000; step++) {
            const int64_t passes_us = random_below(left_us / 100);

            now_us += passes_us;
            expiries_take_out(&expiries, left_us - passes_us, now_us);
            expiries_add(&expiries, left_us, now_us);
            assert_in_range(expiries_live(&expiries, now_us), 1, 2);
        }
    }
}

static int begin(void **state)
{
    (void)state;
    (void)random_seed();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_lives_until_its_end),
        cmocka_unit_test(what_is_taken_out_at_its_end_leaves_nothing),
        cmocka_unit_test(a_life_may_be_prolonged_elsewhere),
        cmocka_unit_test(what_outlives_the_slots_is_counted_as_long_as_they_reach),
        cmocka_unit_test(the_next_end_is_that_of_the_first),
        cmocka_unit_test(ends_are_alike_that_are_counted_together),
        cmocka_unit_test(random_histories_are_counted_as_plainly),
        cmocka_unit_test(a_life_that_is_prolonged_for_ever_is_one),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
