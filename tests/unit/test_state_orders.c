/* SPDX-License-Identifier: MIT
 *
 * GET /subjects/state, with each answer of the store, at once and later, in many orders. */
#include "handling.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"

/* The policies of handling.h in the order of their routes. */
enum { ALLOW, BOTH, DENY, LOCAL, LOW, MARS, MONTH, OFF, QUEUE, POLICIES };

/* Those that the store is asked about, in order. */
static const size_t asked_about[] = {ALLOW, BOTH, DENY, LOCAL, LOW, MONTH, QUEUE};

#define CALLS       ARRAY_COUNT(asked_about)
#define SECOND_CALL CALLS /* for one that is asked again */

#define CROWD   1 /* a tenant */
#define ANOTHER 2
#define PAGES   60

static const struct fake_pair of_user[] = {{"subject.user", "u"}, {NULL, NULL}};
static const struct fake_answer elsewhen = {.is_late = true, .status = TAKE_ELSEWHEN};
static const struct fake_answer done_later = {.is_late = true, .status = TAKE_DONE};

static const json_t *policy_at(const struct handling *handling, size_t place)
{
    return json_array_get(json_object_get(handling->body, "policies"), place);
}

static bool is_degraded(const struct handling *handling, size_t place)
{
    return json_is_true(json_object_get(policy_at(handling, place), "degraded"));
}

/* Of the policy's only limit; -1: null. */
static int64_t number_of(const struct handling *handling, size_t place, const char *member)
{
    const json_t *limit = json_array_get(json_object_get(policy_at(handling, place), "limits"), 0);
    const json_t *number = json_object_get(limit, member);

    HANDLING_EXPECT(handling, json_is_integer(number) || json_is_null(number));
    return json_is_integer(number) ? json_integer_value(number) : -1;
}

/* The policy at this place is degraded, and its numbers are not known; or neither. */
static void expect_policy(const struct handling *handling, size_t place, bool degraded)
{
    HANDLING_EXPECT(handling, is_degraded(handling, place) == degraded);
    HANDLING_EXPECT(handling, (number_of(handling, place, "used") == -1) == degraded);
    HANDLING_EXPECT(handling, (number_of(handling, place, "remaining") == -1) == degraded);
    HANDLING_EXPECT(handling, (number_of(handling, place, "reset_in") == -1) == degraded);
    HANDLING_EXPECT(handling, number_of(handling, place, "limit") > 0);
}

/* Only what the store failed to answer, and what it cannot know, is missing. */
static void expect_page(const struct handling *handling, const bool failed[static POLICIES])
{
    const json_t *off = policy_at(handling, OFF);

    HANDLING_EXPECT(handling, handling->status == 200 && handling->records == 0);
    HANDLING_EXPECT(handling,
                    json_array_size(json_object_get(handling->body, "policies")) == POLICIES);
    for (size_t i = 0; i < CALLS; i++)
        expect_policy(handling, asked_about[i], failed[asked_about[i]]);
    expect_policy(handling, MARS, true);
    HANDLING_EXPECT(handling, json_is_false(json_object_get(off, "is_active")));
    HANDLING_EXPECT(handling, !is_degraded(handling, OFF));
    HANDLING_EXPECT(handling, number_of(handling, OFF, "used") == -1);
}

static void begin(struct handling *handling, const char *name, size_t number)
{
    handling_begin(handling, 0, "%s %zu", name, number);
    handling->fake.answer_count = CALLS + 1;
    for (size_t i = 0; i <= CALLS; i++)
        handling->fake.answers[i] = done_later;
}

static void a_page_tells_what_is_used_and_charges_and_records_nothing(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "two looks");
    handling_run(&handling, check_post, "{'user_id':'u','route_key':'/local','cost':2}");
    handling_settle(&handling);
    handling_run(&handling, check_post, "{'user_id':'u','route_key':'/both'}");
    handling_settle(&handling);
    const size_t asked_before = handling.fake.asked;

    for (size_t i = 1; i <= 2; i++) {
        handling_get(&handling, subjects_get, of_user);
        handling_settle(&handling);

        HANDLING_EXPECT(&handling, handling.status == 200);
        HANDLING_EXPECT(&handling, number_of(&handling, LOCAL, "used") == 2);
        HANDLING_EXPECT(&handling, number_of(&handling, LOCAL, "remaining") == 1);
        HANDLING_EXPECT(&handling, number_of(&handling, LOCAL, "reset_in") == HOUR_S);
        HANDLING_EXPECT(&handling, number_of(&handling, BOTH, "used") == 1);
        HANDLING_EXPECT(&handling, number_of(&handling, ALLOW, "used") == 0);
        HANDLING_EXPECT(&handling, number_of(&handling, ALLOW, "reset_in") == 0);
        HANDLING_EXPECT(&handling, handling.fake.asked == asked_before + i * CALLS);
    }
    HANDLING_EXPECT(&handling, handling.records == 2);
    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/local", false) == 2);
    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/both", true) == 1);
    handling_end(&handling);
}

static void a_failed_look_is_told_at_its_policy_in_every_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS * FAKE_KINDS; i++) {
        const struct fake_answer answer = fake_answer_of_kind(i / CALLS);
        bool failed[POLICIES] = {false};
        struct handling handling;

        begin(&handling, "round", i);
        handling.fake.answers[i % CALLS] = answer;
        failed[asked_about[i % CALLS]] = answer.status != TAKE_DONE;
        handling_get(&handling, subjects_get, of_user);
        HANDLING_EXPECT(&handling, !handling_is_answered(&handling));
        (void)fake_store_answer_in_order(&handling.fake, 37 * i, handling.fake.pending_count - 1);
        handling_turn();
        HANDLING_EXPECT(&handling, !handling_is_answered(&handling));
        fake_store_answer(&handling.fake, 0);
        handling_settle(&handling);

        expect_page(&handling, failed);
        HANDLING_EXPECT(&handling, handling.fake.asked == CALLS);
        handling_end(&handling);
    }
}

static void a_page_is_answered_when_its_store_ends(void **state)
{
    (void)state;
    for (size_t answered = 0; answered < CALLS; answered++) {
        bool failed[POLICIES] = {false};
        struct handling handling;

        begin(&handling, "the end after", answered);
        for (size_t i = answered; i < CALLS; i++)
            failed[asked_about[i]] = true;
        handling_get(&handling, subjects_get, of_user);
        (void)fake_store_answer_in_order(&handling.fake, 0, answered);
        fake_store_drain(&handling.fake);
        handling_settle(&handling);

        expect_page(&handling, failed);
        handling_end(&handling);
    }
}

static void a_store_of_another_time_is_asked_once_more(void **state)
{
    (void)state;
    for (size_t finds_it = 0; finds_it <= 1; finds_it++) {
        bool failed[POLICIES] = {false};
        struct handling handling;

        begin(&handling, "finds it", finds_it);
        handling.fake.time_us = clock_wall_us() + YEAR_S * SECOND_US;
        for (size_t i = 0; i < CALLS; i++) {
            if (asked_about[i] == MONTH)
                handling.fake.answers[i] = elsewhen;
        }
        handling.fake.answers[SECOND_CALL] = finds_it == 1 ? done_later : elsewhen;
        failed[MONTH] = finds_it == 0;
        handling_get(&handling, subjects_get, of_user);
        (void)fake_store_answer_in_order(&handling.fake, 0, SIZE_MAX);
        handling_settle(&handling);

        expect_page(&handling, failed);
        HANDLING_EXPECT(&handling, handling.fake.asked == CALLS + 1);
        HANDLING_EXPECT(&handling, calendar_covers(&handling.fake.calendar, handling.fake.time_us));
        handling_end(&handling);
    }
}

/* So some looks are answered before others are asked. */
static void a_page_gives_way_after_each_step_and_still_asks_about_each_policy(void **state)
{
    const bool failed[POLICIES] = {false};
    struct handling handling;
    size_t turns = 0;

    (void)state;
    begin(&handling, "slow steps", 0);
    handling_slow_down(SLICE_US);
    handling_get(&handling, subjects_get, of_user);
    for (; !handling_is_answered(&handling); turns++) {
        (void)fake_store_answer_in_order(&handling.fake, turns, SIZE_MAX);
        handling_turn();
    }
    handling_settle(&handling);

    expect_page(&handling, failed);
    HANDLING_EXPECT(&handling, handling.fake.asked == CALLS && handling.fake.pending_most < CALLS);
    HANDLING_EXPECT(&handling, turns >= 2);
    handling_end(&handling);
}

/* While an answer has not left, the places of its looks stay taken. */
static void an_app_that_reads_no_answers_leaves_room_for_the_pages_of_others(void **state)
{
    static struct handling crowd[PAGES];
    struct handling handling;
    struct handling other;
    size_t refused = 0;

    (void)state;
    handling_begin(&handling, 0, "a crowd that does not read");
    for (size_t i = 0; i < PAGES; i++) {
        handling_join(&crowd[i], &handling, CROWD);
        handling_get(&crowd[i], subjects_get, of_user);
    }
    handling_join(&other, &handling, ANOTHER);
    handling_get(&other, subjects_get, of_user);

    handling_settle(&other);
    HANDLING_EXPECT(&handling, other.status == 200);
    for (size_t i = 0; i < PAGES; i++) {
        handling_settle(&crowd[i]);
        refused += crowd[i].status == 503;
        handling_part(&crowd[i]);
    }
    handling_part(&other);
    HANDLING_EXPECT(&handling, refused == PAGES - HANDLING_BATCH_CHECKS / 2 / POLICIES);
    handling_end(&handling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_tells_what_is_used_and_charges_and_records_nothing),
        cmocka_unit_test(a_failed_look_is_told_at_its_policy_in_every_order),
        cmocka_unit_test(a_page_is_answered_when_its_store_ends),
        cmocka_unit_test(a_store_of_another_time_is_asked_once_more),
        cmocka_unit_test(a_page_gives_way_after_each_step_and_still_asks_about_each_policy),
        cmocka_unit_test(an_app_that_reads_no_answers_leaves_room_for_the_pages_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, handling_close);
}
