/* SPDX-License-Identifier: MIT
 *
 * POST /check and POST /reset, with the answers of the store in every order. Each call is answered
 * at once or later, in each way, or by the store's end. */
#include "handling.h"

#include "http/waiting_room.h"
#include "support/cmocka.h"

/* How pending calls end: they are answered in one of two orders, or the store ends after some
 * answers. */
#define ORDERS_OF_TWO 2
#define ENDINGS       4

enum ending { FIRST_FIRST, LAST_FIRST, END_AT_ONCE, END_AFTER_ONE };

static const char *const routes[] = {"/local", "/allow", "/deny"};

static void finish(struct handling *handling, size_t ending)
{
    switch ((enum ending)ending) {
    case FIRST_FIRST:
    case LAST_FIRST:
        (void)fake_store_answer_in_order(&handling->fake, ending, SIZE_MAX);
        return;
    case END_AFTER_ONE:
        (void)fake_store_answer_in_order(&handling->fake, 1, 1);
        break;
    case END_AT_ONCE:
        break;
    }
    fake_store_drain(&handling->fake);
}

/* How call number `number` of two ended. */
static enum take_status ended(const struct fake_store *fake, size_t number, size_t ending)
{
    const bool both_late = fake->answers[0].is_late && fake->answers[1].is_late;

    if (!fake->answers[number].is_late)
        return fake->answers[number].status;
    if (ending == END_AT_ONCE)
        return TAKE_DOWN;
    if (ending == END_AFTER_ONE && both_late && number == 0)
        return TAKE_DOWN; /* the last call was answered first */
    return fake->answers[number].status;
}

static bool body_has(const struct handling *handling, const char *member)
{
    const json_t *value = json_object_get(handling->body, member);

    return value != NULL && !json_is_null(value) && !json_is_false(value);
}

static int64_t integer_of(const struct handling *handling, const char *member)
{
    const json_t *value = json_object_get(handling->body, member);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* The policy does not matter, and the log gets no entry. */
static void expect_no_room(const struct handling *handling, size_t records)
{
    const char *type = json_string_value(json_object_get(handling->body, "type"));

    HANDLING_EXPECT(handling, handling->status == 429);
    HANDLING_EXPECT(handling, type != NULL && strcmp(type, "urn:sluice:problem:quota") == 0);
    HANDLING_EXPECT(handling, handling->records == records);
}

/* A check of a new subject has ended in this way, and its answer says so. */
static void expect_verdict(const struct handling *handling, const char *route,
                           enum take_status status)
{
    const bool is_decided = status == TAKE_DONE || strcmp(route, "/deny") != 0;
    const bool has_numbers = status == TAKE_DONE || strcmp(route, "/allow") != 0;
    const char *reason = json_string_value(json_object_get(handling->body, "reason"));

    if (status == TAKE_QUOTA) {
        expect_no_room(handling, 0);
        return;
    }
    HANDLING_EXPECT(handling, body_has(handling, "degraded") == (status != TAKE_DONE));
    HANDLING_EXPECT(handling, handling->status == (is_decided ? 200 : 429));
    HANDLING_EXPECT(handling, body_has(handling, "allowed") == is_decided);
    HANDLING_EXPECT(handling, handling->records == 1);
    HANDLING_EXPECT(handling, handling->records_allowed == is_decided);
    HANDLING_EXPECT(handling, handling->records_degraded == (status != TAKE_DONE));
    if (is_decided && has_numbers) {
        HANDLING_EXPECT(handling, integer_of(handling, "remaining") == HANDLING_QUOTA - 1);
        HANDLING_EXPECT(handling, reason == NULL);
    } else {
        HANDLING_EXPECT(handling, !body_has(handling, "remaining"));
        HANDLING_EXPECT(handling, strcmp(reason, "Rate limit store unavailable") == 0);
        HANDLING_EXPECT(handling, integer_of(handling, "retry_after") == (is_decided ? -1 : 1));
    }
}

static void a_check_is_answered_once_whatever_its_store_does(void **state)
{
    (void)state;
    for (size_t route = 0; route < ARRAY_COUNT(routes); route++) {
        for (size_t i = 0; i < FAKE_KINDS * ENDINGS; i++) {
            struct handling handling;
            char body[64];

            handling_begin(&handling, 0, "%s, answer %zu, ending %zu", routes[route],
                           i % FAKE_KINDS, i / FAKE_KINDS);
            handling.fake.answers[0] = fake_answer_of_kind(i % FAKE_KINDS);
            handling.fake.answer_count = 1;
            (void)snprintf(body, sizeof body, "{'user_id':'u','route_key':'%s'}", routes[route]);
            handling_run(&handling, check_post, body);
            finish(&handling, i / FAKE_KINDS);
            handling_settle(&handling);

            HANDLING_EXPECT(&handling, handling.fake.asked == 1);
            HANDLING_EXPECT(&handling,
                            handling.answers_at_once == !handling.fake.answers[0].is_late);
            expect_verdict(&handling, routes[route], ended(&handling.fake, 0, i / FAKE_KINDS));
            handling_end(&handling);
        }
    }
}

/* What the store was asked may be charged there. Only what it was never asked is handed back to it
 * later. */
static void a_check_is_charged_once_at_most(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < FAKE_KINDS; kind++) {
        const enum take_status status = fake_answer_of_kind(kind).status;
        const bool is_refused = status == TAKE_QUOTA;
        struct handling handling;

        handling_begin(&handling, 0, "answer %zu", kind);
        handling.fake.answers[0] = fake_answer_of_kind(kind);
        handling.fake.answer_count = 1;
        handling_run(&handling, check_post, "{'user_id':'u','route_key':'/local'}");
        finish(&handling, FIRST_FIRST);
        handling_settle(&handling);

        HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/local", false) ==
                                       (status != TAKE_DOWN && !is_refused));
        HANDLING_EXPECT(&handling, handling_charged_here("u", "/local") ==
                                       (status != TAKE_DONE && !is_refused));
        handling_hand_back(&handling);
        HANDLING_EXPECT(&handling,
                        handling_charged(&handling, "u", "/local", false) == !is_refused);
        handling_end(&handling);
    }
}

static void a_check_with_a_candidate_waits_for_both_and_is_decided_by_the_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAKE_KINDS * FAKE_KINDS * ENDINGS; i++) {
        const size_t ending = i / (FAKE_KINDS * FAKE_KINDS);
        struct handling handling;
        bool is_tried;

        handling_begin(&handling, 0, "answers %zu and %zu, ending %zu", i % FAKE_KINDS,
                       i / FAKE_KINDS % FAKE_KINDS, ending);
        handling.fake.answers[0] = fake_answer_of_kind(i % FAKE_KINDS);
        handling.fake.answers[1] = fake_answer_of_kind(i / FAKE_KINDS % FAKE_KINDS);
        handling.fake.answer_count = 2;
        handling_run(&handling, check_post, "{'user_id':'u','route_key':'/both','explain':true}");
        if (ending < ORDERS_OF_TWO && handling.fake.pending_count == 2) {
            (void)fake_store_answer_in_order(&handling.fake, ending, 1);
            HANDLING_EXPECT(&handling, !handling_is_answered(&handling));
        }
        finish(&handling, ending);
        handling_settle(&handling);

        HANDLING_EXPECT(&handling, handling.fake.asked == 2);
        expect_verdict(&handling, "/both", ended(&handling.fake, 0, ending));
        is_tried = ended(&handling.fake, 0, ending) != TAKE_QUOTA &&
                   ended(&handling.fake, 1, ending) == TAKE_DONE;
        HANDLING_EXPECT(&handling, handling.records_tried == is_tried);
        HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/both", true) ==
                                       (handling.fake.answers[1].status != TAKE_DOWN &&
                                        handling.fake.answers[1].status != TAKE_QUOTA));
        handling_end(&handling);
    }
}

static void an_inactive_policy_asks_nobody(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "inactive");
    handling_run(&handling, check_post, "{'user_id':'u','route_key':'/off'}");
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.fake.asked == 0);
    HANDLING_EXPECT(&handling, handling.status == 200 && handling.records == 1);
    handling_end(&handling);
}

/* What ends a hold. */
enum hold_end { ITS_TURN, THE_CLIENT_LEAVES, THE_ROOM_IS_DRAINED, HOLD_ENDS };

static void end_hold(struct handling *handling, size_t end)
{
    if (end == THE_CLIENT_LEAVES)
        handling_leave(handling);
    if (end == THE_ROOM_IS_DRAINED)
        handling_drain_room(handling);
    handling_wait(handling);
}

/* The store has let one check pass, so the next turn is in 50 ms. If the store fails, this process
 * decides, and here no check has passed yet. */
static void a_check_that_waits_is_held_only_when_the_store_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAKE_KINDS * HOLD_ENDS; i++) {
        const struct fake_answer answer = fake_answer_of_kind(i % FAKE_KINDS);
        const bool is_held = answer.status == TAKE_DONE;
        struct handling handling;

        handling_begin(&handling, 1, "answer %zu, end of the hold %zu", i % FAKE_KINDS,
                       i / FAKE_KINDS);
        handling_run(&handling, check_post, "{'user_id':'u','route_key':'/queue'}");
        handling_settle(&handling);
        handling.fake.answers[0] = answer;
        handling.fake.answer_count = 1;
        handling_run(&handling, check_post, "{'user_id':'u','route_key':'/queue','wait':true}");
        HANDLING_EXPECT(&handling,
                        handling_places(&handling) == (is_held || handling.fake.pending_count > 0));
        finish(&handling, FIRST_FIRST);
        HANDLING_EXPECT(&handling, handling_is_answered(&handling) != is_held);
        HANDLING_EXPECT(&handling, handling_places(&handling) == is_held);
        end_hold(&handling, i / FAKE_KINDS);
        handling_settle(&handling);

        HANDLING_EXPECT(&handling, handling.fake.asked == 2);
        if (answer.status == TAKE_QUOTA) {
            expect_no_room(&handling, 1);
            handling_end(&handling);
            continue;
        }
        HANDLING_EXPECT(&handling, handling.status == 200 && handling.records == 2);
        HANDLING_EXPECT(&handling, body_has(&handling, "degraded") == !is_held);
        if (i / FAKE_KINDS == ITS_TURN)
            HANDLING_EXPECT(&handling, !body_has(&handling, "delay_ms"));
        handling_end(&handling);
    }
}

static void a_check_that_finds_no_place_to_wait_is_not_charged(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "no place");
    handling_run(&handling, check_post, "{'user_id':'u','route_key':'/queue','wait':true}");
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.status == 503);
    HANDLING_EXPECT(&handling, handling.fake.asked == 0 && handling.records == 0);
    handling_end(&handling);
}

/* A reset forgets two rules: the policy's and its candidate's. */
static void a_reset_says_that_it_failed_unless_all_is_forgotten(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAKE_KINDS * FAKE_KINDS * ENDINGS; i++) {
        const size_t ending = i / (FAKE_KINDS * FAKE_KINDS);
        struct handling handling;
        bool is_done;

        handling_begin(&handling, 0, "answers %zu and %zu, ending %zu", i % FAKE_KINDS,
                       i / FAKE_KINDS % FAKE_KINDS, ending);
        handling_run(&handling, check_post, "{'user_id':'u','route_key':'/both'}");
        handling_settle(&handling);
        handling.fake.asked = 0;
        handling.fake.answers[0] = fake_answer_of_kind(i % FAKE_KINDS);
        handling.fake.answers[1] = fake_answer_of_kind(i / FAKE_KINDS % FAKE_KINDS);
        handling.fake.answer_count = 2;
        handling_run(&handling, reset_post, "{'user_id':'u','route_key':'/both'}");
        finish(&handling, ending);
        handling_settle(&handling);

        is_done = ended(&handling.fake, 0, ending) == TAKE_DONE &&
                  ended(&handling.fake, 1, ending) == TAKE_DONE;
        HANDLING_EXPECT(&handling, handling.fake.asked == 2 && handling.records == 1);
        HANDLING_EXPECT(&handling, handling.status == (is_done ? 200 : 503));
        HANDLING_EXPECT(&handling, integer_of(&handling, "reset") == (is_done ? 1 : -1));
        if (is_done) {
            HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/both", false) == 0);
            HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/both", true) == 0);
        }
        handling_end(&handling);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_answered_once_whatever_its_store_does),
        cmocka_unit_test(a_check_is_charged_once_at_most),
        cmocka_unit_test(a_check_with_a_candidate_waits_for_both_and_is_decided_by_the_first),
        cmocka_unit_test(an_inactive_policy_asks_nobody),
        cmocka_unit_test(a_check_that_waits_is_held_only_when_the_store_says_so),
        cmocka_unit_test(a_check_that_finds_no_place_to_wait_is_not_charged),
        cmocka_unit_test(a_reset_says_that_it_failed_unless_all_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, handling_close);
}
