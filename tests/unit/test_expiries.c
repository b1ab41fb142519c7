/* SPDX-License-Identifier: MIT */
#include "store/expiries.h"

#include "base/duration.h"
#include "support/cmocka.h"
#include "support/random.h"

#define HISTORIES    300
#define EVENTS       300
#define ATTACKER_MAX 100

/* A time of our days, so that no slot begins with the test. */
#define DAY_US   (DAY_S * SECOND_US)
#define START_US INT64_C(1763735373123457)

/* A thing that lives until `end_us`. */
struct life {
    int64_t end_us;
    bool is_taken_out;
};

static void what_is_added_lives_until_its_end(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    expiries_add(&expiries, 10 * SECOND_US, START_US);
    expiries_add(&expiries, MINUTE_US, START_US);

    assert_int_equal(expiries_live(&expiries, START_US), 2);
    assert_int_equal(expiries_live(&expiries, START_US + 10 * SECOND_US - 1), 2);
    assert_int_equal(expiries_live(&expiries, START_US + 12 * SECOND_US), 1);
    assert_int_equal(expiries_live(&expiries, START_US + MINUTE_US - 1), 1);
    assert_int_equal(expiries_live(&expiries, START_US + 69 * SECOND_US), 0);
}

static void what_is_taken_out_at_its_end_leaves_nothing(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    for (int64_t left_us = 1; left_us < 2 * 365 * DAY_US; left_us *= 3) {
        expiries_add(&expiries, left_us, START_US);
        assert_int_equal(expiries_live(&expiries, START_US), 1);
        expiries_take_out(&expiries, left_us, START_US);
        assert_int_equal(expiries_live(&expiries, START_US), 0);
    }
}

/* Both count it until its former end: the process that added it does not know that it was
 * prolonged. */
static void what_is_prolonged_elsewhere_is_counted_there_too(void **state)
{
    (void)state;
    struct expiries one = {0};
    struct expiries other = {0};

    expiries_add(&one, HOUR_US, START_US);
    expiries_take_out(&other, HOUR_US, START_US);
    expiries_add(&other, DAY_US, START_US);

    assert_int_equal(expiries_live(&one, START_US + 50 * MINUTE_US), 1);
    assert_int_equal(expiries_live(&one, START_US + 70 * MINUTE_US), 0);
    assert_int_equal(expiries_live(&other, START_US + 20 * HOUR_US), 1);
    assert_int_equal(expiries_live(&other, START_US), 1); /* read by a clock that is late */
}

static void what_was_never_added_is_not_taken_out(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    for (int64_t left_us = -SECOND_US; left_us < DAY_US; left_us += 7 * MINUTE_US)
        expiries_take_out(&expiries, left_us, START_US);
    assert_int_equal(expiries_live(&expiries, START_US), 0);
    expiries_add(&expiries, HOUR_US, START_US);
    expiries_take_out(&expiries, 2 * HOUR_US, START_US);
    expiries_take_out(&expiries, MINUTE_US, START_US);
    for (int64_t at_us = START_US; at_us < START_US + HOUR_US; at_us += MINUTE_US)
        assert_int_equal(expiries_live(&expiries, at_us), 1);
}

static void the_longest_life_is_counted_to_its_end(void **state)
{
    (void)state;
    struct expiries expiries = {0};

    expiries_add(&expiries, INT64_MAX, START_US);
    expiries_add(&expiries, EXPIRIES_LEFT_US_MAX, START_US);
    expiries_add(&expiries, -SECOND_US, START_US);

    assert_int_equal(expiries_live(&expiries, START_US), 3);
    assert_int_equal(expiries_live(&expiries, START_US + EXPIRIES_UNIT_US), 2);
    for (int year = 1; year < 285; year++)
        assert_int_equal(expiries_live(&expiries, START_US + year * 365 * DAY_US), 2);
    expiries_take_out(&expiries, EXPIRIES_LEFT_US_MAX - 280 * 365 * DAY_US,
                      START_US + 284 * 365 * DAY_US);
    assert_int_equal(expiries_live(&expiries, START_US + 330 * 365 * DAY_US), 0);
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

    assert_true(expiries_are_alike(HOUR_US, HOUR_US, START_US));
    assert_false(expiries_are_alike(HOUR_US, 2 * HOUR_US, START_US));
    for (int i = 0; i < 10000; i++) {
        const int64_t left_us = random_below(HOUR_US);
        const int64_t other_us = left_us + random_below(left_us / 4 + 1);

        struct expiries one = {0};
        struct expiries other = {0};

        expiries_add(&one, left_us, START_US);
        expiries_add(&other, other_us, START_US);
        assert_int_equal(memcmp(&one, &other, sizeof(one)) == 0,
                         expiries_are_alike(left_us, other_us, START_US));
    }
}

/* From a millisecond to two years, each order of magnitude as often. */
static int64_t random_left_us(void)
{
    return random_below(INT64_C(1) << (10 + random_below(36)));
}

/* As a process does it: nothing changes while the thing is counted for as long. */
static void prolong(struct expiries *expiries, struct life *life, int64_t left_us, int64_t now_us)
{
    const int64_t former_us = life->end_us - now_us;

    life->end_us = now_us + left_us;
    if (expiries_are_alike(former_us, left_us, now_us))
        return;
    expiries_take_out(expiries, former_us, now_us);
    expiries_add(expiries, left_us, now_us);
}

static int64_t count_later(const struct life lives[], size_t count, int64_t than_us)
{
    int64_t later = 0;

    for (size_t i = 0; i < count; i++)
        later += !lives[i].is_taken_out && lives[i].end_us > than_us;
    return later;
}

/* Things are added, prolonged and taken out, and time passes in steps of every size. None is
 * counted longer than the widest slot among them. */
static void assert_is_counted_as_plainly(int64_t least_us, int64_t range_us)
{
    static struct life lives[EVENTS];
    const int64_t slack_us = EXPIRIES_UNIT_US + (least_us + range_us) / 7;
    struct expiries expiries = {0};
    int64_t now_us = START_US + random_left_us();
    size_t count = 0;

    while (count < EVENTS) {
        const int64_t left_us = least_us + random_below(range_us);
        struct life *known = count > 0 ? &lives[random_below((int64_t)count)] : NULL;

        if (known == NULL || known->is_taken_out || known->end_us <= now_us || random_one_in(2)) {
            expiries_add(&expiries, left_us, now_us);
            lives[count++] = (struct life){.end_us = now_us + left_us};
        } else if (random_one_in(3)) {
            expiries_take_out(&expiries, known->end_us - now_us, now_us);
            known->is_taken_out = true;
        } else {
            prolong(&expiries, known, left_us, now_us);
        }
        now_us += random_one_in(3) ? random_below(range_us) / 16 : 0;

        const int64_t live = expiries_live(&expiries, now_us);
        assert_true(live >= count_later(lives, count, now_us));
        assert_true(live <= count_later(lives, count, now_us - slack_us));
    }
    now_us += 2 * (least_us + range_us) + EXPIRIES_UNIT_US;
    assert_int_equal(expiries_live(&expiries, now_us), 0);
}

static void random_histories_are_counted_as_plainly(void **state)
{
    (void)state;

    for (int history = 0; history < HISTORIES; history++) {
        const int64_t range_us = 16 + random_left_us();

        assert_is_counted_as_plainly(1, range_us);
        assert_is_counted_as_plainly(range_us, range_us);
    }
}

/* The first or the last moment of the slot of a thing that ends in so many units. */
static int64_t border_of(int64_t left_units, int64_t now_us, bool is_last)
{
    const int64_t unit = now_us / EXPIRIES_UNIT_US;
    int level = 0;

    while (INT64_C(16) << level < left_units)
        level++;
    const int64_t index = ((unit + left_units) >> level) + is_last;
    return (index << level) * EXPIRIES_UNIT_US - is_last - now_us;
}

/* Prolongs each thing just before it ends, and adds as many more as it may. */
static void assert_bounds(int64_t longest_units, int64_t (*choose_us)(int64_t, int64_t))
{
    static struct life lives[ATTACKER_MAX];
    const int64_t due_us = (1 + random_below(8)) * EXPIRIES_UNIT_US;
    const int64_t began_us = START_US + random_left_us();
    const int64_t until_us = began_us + 20 * longest_units * EXPIRIES_UNIT_US;
    struct expiries expiries = {0};
    size_t count = 0;

    for (int64_t now_us = began_us; now_us < until_us; now_us += EXPIRIES_UNIT_US) {
        const int64_t left_us = choose_us(longest_units, now_us);
        size_t kept = 0;

        for (size_t i = 0; i < count; i++) {
            if (lives[i].end_us <= now_us)
                continue;
            lives[kept] = lives[i];
            if (lives[kept].end_us - now_us < due_us && lives[kept].end_us - now_us < left_us)
                prolong(&expiries, &lives[kept], left_us, now_us);
            kept++;
        }
        count = kept;
        while (expiries_live(&expiries, now_us) < ATTACKER_MAX) {
            assert_true(count < ATTACKER_MAX);
            expiries_add(&expiries, left_us, now_us);
            lives[count++] = (struct life){.end_us = now_us + left_us};
        }
    }
}

static int64_t choose_last(int64_t longest_units, int64_t now_us)
{
    return border_of(longest_units, now_us, true);
}

static int64_t choose_border(int64_t longest_units, int64_t now_us)
{
    return border_of(9 + random_below(longest_units), now_us, random_one_in(2));
}

static int64_t choose_any(int64_t longest_units, int64_t now_us)
{
    (void)now_us;
    return 1 + random_below(longest_units * EXPIRIES_UNIT_US);
}

static void no_times_of_renewals_hide_what_lives(void **state)
{
    (void)state;

    for (int64_t longest_units = 20; longest_units < 420; longest_units += 40) {
        assert_bounds(longest_units, choose_last);
        assert_bounds(longest_units, choose_border);
        assert_bounds(longest_units, choose_any);
    }
}

/* However often: a counter that is always in use counts as one. */
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
        cmocka_unit_test(what_is_prolonged_elsewhere_is_counted_there_too),
        cmocka_unit_test(what_was_never_added_is_not_taken_out),
        cmocka_unit_test(the_longest_life_is_counted_to_its_end),
        cmocka_unit_test(the_next_end_is_that_of_the_first),
        cmocka_unit_test(ends_are_alike_that_are_counted_together),
        cmocka_unit_test(random_histories_are_counted_as_plainly),
        cmocka_unit_test(no_times_of_renewals_hide_what_lives),
        cmocka_unit_test(a_life_that_is_prolonged_for_ever_is_one),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
