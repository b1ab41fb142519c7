/* SPDX-License-Identifier: MIT
 *
 * When a decision was made, as the journal is told: by the clock of the store that decided it, else
 * by the clock here. Usage always goes by the clock here. */
#include "handling.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"

#define STORE_US INT64_C(1495270335042999) /* long ago */

static const struct fake_answer at_once = {.status = TAKE_DONE};
static const struct fake_answer late = {.is_late = true, .status = TAKE_DONE};
static const struct fake_answer elsewhen = {.is_late = true, .status = TAKE_ELSEWHEN};
static const struct fake_answer down = {.status = TAKE_DOWN};

static void begin(struct handling *handling, const char *name, struct fake_answer answer)
{
    handling_begin(handling, 0, "%s", name);
    handling->fake.answers[0] = answer;
    handling->fake.answer_count = 1;
}

static void ask(struct handling *handling, handling_fn *handler, const char *body)
{
    handling_run(handling, handler, body);
    (void)fake_store_answer_in_order(&handling->fake, 0, SIZE_MAX);
    handling_settle(handling);
}

static bool is_counted_now(const struct handling *handling)
{
    const int64_t off_us = handling->counted_us - clock_wall_us();

    return off_us > -MINUTE_US && off_us < MINUTE_US;
}

static void what_a_store_decides_has_its_time(void **state)
{
    static const struct {
        handling_fn *handler;
        const char *body;
    } asked[] = {
        {check_post, "{'user_id':'u','route_key':'/local'}"},
        {check_post, "{'user_id':'u','route_key':'/local','cost':4}"},
        {check_post, "{'user_id':'u','route_key':'/local','cost':9,'partial':true}"},
        {check_post, "{'user_id':'u','route_key':'/both'}"},
        {charge_post, "{'user_id':'u','route_key':'/deny','cost':2}"},
    };
    const struct fake_answer answers[] = {at_once, late};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_COUNT(asked); i++) {
        struct handling handling;

        begin(&handling, asked[i / 2].body, answers[i % 2]);
        handling.fake.time_us = STORE_US;
        ask(&handling, asked[i / 2].handler, asked[i / 2].body);
        HANDLING_EXPECT(&handling, handling.records == 1 && handling.records_degraded == 0);
        HANDLING_EXPECT(&handling, handling.time_us == STORE_US);
        HANDLING_EXPECT(&handling, is_counted_now(&handling));
        handling_end(&handling);
    }
}

static void a_store_that_is_asked_twice_has_decided_the_second_time(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "twice", elsewhen);
    handling.fake.answers[1] = elsewhen; /* of the candidate */
    handling.fake.answers[2] = handling.fake.answers[3] = late;
    handling.fake.answer_count = 4;
    handling.fake.time_us = STORE_US;
    ask(&handling, check_post, "{'user_id':'u','route_key':'/month'}");

    HANDLING_EXPECT(&handling, handling.records == 1 && handling.time_us == STORE_US);
    HANDLING_EXPECT(&handling, is_counted_now(&handling));
    handling_end(&handling);
}

/* As in memory: the store has the clock of who asks. */
static void decisions_are_as_far_apart_as_the_turns_that_asked(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "apart", at_once);
    ask(&handling, check_post, "{'user_id':'u','route_key':'/local'}");
    const int64_t first_us = handling.time_us;

    handling_pass(1234567);
    ask(&handling, check_post, "{'user_id':'u','route_key':'/local'}");

    HANDLING_EXPECT(&handling, handling.time_us == first_us + 1234567);
    handling_end(&handling);
}

static void what_no_store_decides_has_the_time_here(void **state)
{
    static const char *const bodies[] = {
        "{'user_id':'u','route_key':'/allow'}",
        "{'user_id':'u','route_key':'/deny'}",
        "{'user_id':'u','route_key':'/off'}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct handling handling;

        begin(&handling, bodies[i], down);
        handling.fake.time_us = STORE_US;
        ask(&handling, check_post, bodies[i]);
        HANDLING_EXPECT(&handling, handling.records == 1);
        HANDLING_EXPECT(&handling, handling.time_us == handling.counted_us);
        HANDLING_EXPECT(&handling, is_counted_now(&handling));
        handling_end(&handling);
    }
}

static void what_is_decided_here_instead_has_the_time_here(void **state)
{
    struct handling handling;

    (void)state;
    begin(&handling, "instead", down);
    handling.fake.time_us = STORE_US;
    ask(&handling, check_post, "{'user_id':'u','route_key':'/local'}");

    HANDLING_EXPECT(&handling, handling.records_degraded == 1);
    HANDLING_EXPECT(&handling, handling.time_us <= handling.counted_us);
    HANDLING_EXPECT(&handling, handling.time_us > handling.counted_us - MINUTE_US);
    HANDLING_EXPECT(&handling, is_counted_now(&handling));
    handling_end(&handling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_store_decides_has_its_time),
        cmocka_unit_test(a_store_that_is_asked_twice_has_decided_the_second_time),
        cmocka_unit_test(decisions_are_as_far_apart_as_the_turns_that_asked),
        cmocka_unit_test(what_no_store_decides_has_the_time_here),
        cmocka_unit_test(what_is_decided_here_instead_has_the_time_here),
    };

    return cmocka_run_group_tests(tests, NULL, handling_close);
}
