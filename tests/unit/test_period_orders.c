/* SPDX-License-Identifier: MIT
 *
 * Checks of a limit by a calendar, where the store's clock shows another time, and where a zone is
 * not known. */
#include "handling.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"

#define MONTH "{'user_id':'u','route_key':'/month'}"
/* The check and its candidate are both asked twice. */
#define CALLS 4

static const struct fake_answer elsewhen = {.is_late = true, .status = TAKE_ELSEWHEN};
static const struct fake_answer done = {.is_late = true, .status = TAKE_DONE};

static void begin(struct handling *handling, const char *name, struct fake_answer second)
{
    const struct fake_answer answers[CALLS] = {elsewhen, elsewhen, second, second};

    handling_begin(handling, 0, "%s", name);
    memcpy(handling->fake.answers, answers, sizeof(answers));
    handling->fake.answer_count = CALLS;
    handling->fake.time_us = clock_wall_us() + YEAR_S * SECOND_US;
}

static void ask(struct handling *handling, const char *body)
{
    handling_run(handling, check_post, body);
    (void)fake_store_answer_in_order(&handling->fake, 0, SIZE_MAX);
    handling_settle(handling);
}

static bool is_degraded(const struct handling *handling)
{
    return json_is_true(json_object_get(handling->body, "degraded"));
}

static void a_store_of_another_time_is_asked_again_around_its_time(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "another time", done);
    ask(&handling, MONTH);

    HANDLING_EXPECT(&handling, handling.status == 200 && !is_degraded(&handling));
    HANDLING_EXPECT(&handling, handling.fake.asked == CALLS);
    HANDLING_EXPECT(&handling, handling.records == 1 && handling.records_tried == 1);
    HANDLING_EXPECT(&handling, calendar_covers(&handling.fake.calendar, handling.fake.time_us));
    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/month", false) == 1);
    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/month", true) == 1);
    handling_end(&handling);
}

static void the_next_check_is_asked_around_the_stores_time_at_once(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "the next check", done);
    ask(&handling, MONTH);
    handling.fake.answer_count = 0;
    ask(&handling, MONTH);

    HANDLING_EXPECT(&handling, handling.fake.asked == CALLS + 2);
    HANDLING_EXPECT(&handling, calendar_covers(&handling.fake.calendar, handling.fake.time_us));
    handling_end(&handling);
}

static void a_store_that_is_elsewhere_twice_has_failed_and_charged_nothing(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "twice", elsewhen);
    ask(&handling, MONTH);

    HANDLING_EXPECT(&handling, handling.status == 200 && is_degraded(&handling));
    HANDLING_EXPECT(&handling, handling.fake.asked == CALLS);
    HANDLING_EXPECT(&handling, handling_charged_here("u", "/month") == 1);
    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/month", false) == 0);
    handling_hand_back(&handling);
    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/month", false) == 1);
    handling_end(&handling);
}

static void a_store_that_ends_after_telling_its_time_has_failed(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "ends", done);
    handling_run(&handling, check_post, MONTH);
    (void)fake_store_answer_in_order(&handling.fake, 0, 2);
    HANDLING_EXPECT(&handling, !handling_is_answered(&handling));
    fake_store_drain(&handling.fake);
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.status == 200 && is_degraded(&handling));
    handling_end(&handling);
}

/* By UTC, which is not the period that the store would mean. */
static void a_zone_that_is_not_known_counts_here_and_is_not_handed_back(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "Mars");
    for (int i = 0; i <= HANDLING_QUOTA; i++) {
        ask(&handling, "{'user_id':'u','route_key':'/mars'}");
        HANDLING_EXPECT(&handling, handling.status == (i < HANDLING_QUOTA ? 200 : 429));
        HANDLING_EXPECT(&handling, is_degraded(&handling));
    }
    HANDLING_EXPECT(&handling, handling.fake.asked == 0);
    handling_hand_back(&handling);
    HANDLING_EXPECT(&handling, handling.fake.asked == 0);

    handling_run(&handling, reset_post, "{'user_id':'u','route_key':'/mars'}");
    handling_settle(&handling);
    HANDLING_EXPECT(&handling, handling.status == 200);
    HANDLING_EXPECT(&handling, handling_charged_here("u", "/mars") == 0);
    handling_end(&handling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_of_another_time_is_asked_again_around_its_time),
        cmocka_unit_test(the_next_check_is_asked_around_the_stores_time_at_once),
        cmocka_unit_test(a_store_that_is_elsewhere_twice_has_failed_and_charged_nothing),
        cmocka_unit_test(a_store_that_ends_after_telling_its_time_has_failed),
        cmocka_unit_test(a_zone_that_is_not_known_counts_here_and_is_not_handed_back),
    };

    return cmocka_run_group_tests(tests, NULL, handling_close);
}
