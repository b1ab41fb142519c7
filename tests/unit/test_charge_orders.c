/* SPDX-License-Identifier: MIT
 *
 * POST /charge, with each answer of the store, at once and later, or with the store's end. */
#include "handling.h"

#include "base/duration.h"
#include "support/cmocka.h"

static const char *const routes[] = {"/local", "/allow", "/deny"};

static void expect_problem(const struct handling *handling, int status, const char *saying)
{
    const char *detail = json_string_value(json_object_get(handling->body, "detail"));

    HANDLING_EXPECT(handling, handling->status == status);
    HANDLING_EXPECT(handling, detail != NULL && strstr(detail, saying) != NULL);
    HANDLING_EXPECT(handling, handling->records == 0);
}

static void expect_charged(const struct handling *handling, bool degraded)
{
    HANDLING_EXPECT(handling, handling->status == 200);
    HANDLING_EXPECT(handling, json_is_true(json_object_get(handling->body, "allowed")));
    HANDLING_EXPECT(handling,
                    json_is_true(json_object_get(handling->body, "degraded")) == degraded);
    HANDLING_EXPECT(handling,
                    json_integer_value(json_object_get(handling->body, "remaining")) == 0);
    HANDLING_EXPECT(handling, handling->records == 1);
}

/* A charge of 5, which is past the limit, has ended in this way. */
static void expect_end(struct handling *handling, const char *route, enum take_status status)
{
    switch (status) {
    case TAKE_DONE:
        expect_charged(handling, false);
        break;
    case TAKE_DOWN:
    case TAKE_REFUSED:
    case TAKE_ELSEWHEN:
        expect_charged(handling, true);
        break;
    case TAKE_LATE:
    case TAKE_BROKEN:
        expect_problem(handling, 503, "it is not known whether the charge has been made");
        break;
    case TAKE_QUOTA:
        expect_problem(handling, 429, "as many counters as it may have");
        break;
    }
    const bool is_here = status == TAKE_DOWN;
    HANDLING_EXPECT(handling, (handling_charged_here("u", route) == HANDLING_QUOTA) == is_here);
}

static void a_charge_is_made_once_or_told_whatever_its_store_does(void **state)
{
    (void)state;
    for (size_t route = 0; route < ARRAY_COUNT(routes); route++) {
        for (size_t i = 0; i < (size_t)FAKE_KINDS * 2; i++) {
            struct handling handling;
            char body[80];
            const struct fake_answer answer = fake_answer_of_kind(i % FAKE_KINDS);
            const bool ends = i >= FAKE_KINDS;

            handling_begin(&handling, 0, "%s, answer %zu, ends: %d", routes[route], i % FAKE_KINDS,
                           ends);
            handling.fake.answers[0] = answer;
            handling.fake.answer_count = 1;
            (void)snprintf(body, sizeof(body), "{'user_id':'u','route_key':'%s','cost':5}",
                           routes[route]);
            handling_run(&handling, charge_post, body);
            if (ends)
                fake_store_drain(&handling.fake);
            else
                (void)fake_store_answer_in_order(&handling.fake, 0, SIZE_MAX);
            handling_settle(&handling);

            HANDLING_EXPECT(&handling, handling.fake.asked == 1);
            expect_end(&handling, routes[route],
                       ends && answer.is_late ? TAKE_DOWN : answer.status);
            handling_end(&handling);
        }
    }
}

/* 5 of 3 were charged, so a check finds something free only after 3 have gone back. */
static void a_charge_that_the_store_has_not_made_is_handed_back_whole(void **state)
{
    static const enum take_status unmade[] = {TAKE_DOWN, TAKE_ELSEWHEN};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(unmade); i++) {
        struct handling handling;

        handling_begin(&handling, 0, "handed back after %d", unmade[i]);
        handling.fake.answers[0] = (struct fake_answer){.status = unmade[i]};
        handling.fake.answer_count = 1;
        handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/deny','cost':5}");
        handling_settle(&handling);
        expect_charged(&handling, true);
        handling_hand_back(&handling);

        handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/deny','cost':-2}");
        handling_settle(&handling);
        HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/deny", false) == 3);
        handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/deny','cost':-1}");
        handling_settle(&handling);
        HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/deny", false) == 2);
        handling_end(&handling);
    }
}

/* The store is back before the reset is. */
static void a_reset_forgets_a_charge_that_was_noted(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "reset");
    handling.fake.answers[0] = (struct fake_answer){.status = TAKE_DOWN};
    handling.fake.answers[1] = (struct fake_answer){.status = TAKE_DONE};
    handling.fake.answer_count = 2;
    handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/local','cost':2}");
    handling_settle(&handling);
    HANDLING_EXPECT(&handling, handling.status == 200);

    handling_run(&handling, reset_post, "{'user_id':'u','route_key':'/local'}");
    handling_settle(&handling);
    HANDLING_EXPECT(&handling, handling.status == 200);
    handling_hand_back(&handling);

    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/local", false) == 0);
    HANDLING_EXPECT(&handling, handling_charged_here("u", "/local") == 0);
    handling_end(&handling);
}

/* Also one that charges nothing: nobody here can tell what is left. */
static void a_charge_in_a_zone_that_is_not_known_is_not_made_and_the_answer_names_it(void **state)
{
    static const int costs[] = {1, 0, -1};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(costs); i++) {
        struct handling handling;
        char body[80];

        handling_begin(&handling, 0, "a cost of %d in a zone that is not known", costs[i]);
        (void)snprintf(body, sizeof(body), "{'user_id':'u','route_key':'/mars','cost':%d}",
                       costs[i]);
        handling_run(&handling, charge_post, body);
        handling_settle(&handling);

        expect_problem(&handling, 503,
                       "the limit \"default\" has the zone \"Mars/Olympus\", which is not known "
                       "here. Asking again does not help");
        HANDLING_EXPECT(&handling, handling.fake.asked == 0);
        HANDLING_EXPECT(&handling, handling_charged_here("u", "/mars") == 0);
        handling_end(&handling);
    }
}

static void a_charge_without_a_place_to_be_noted_is_not_made(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "with too many notes");
    handling_fill_notes();
    handling.fake.answers[0] = (struct fake_answer){.status = TAKE_DOWN};
    handling.fake.answer_count = 1;
    handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/local','cost':1}");
    handling_settle(&handling);

    expect_problem(&handling, 503, "it could not be noted");
    HANDLING_EXPECT(&handling, handling_charged_here("u", "/local") == 0);
    handling_end(&handling);
}

/* 10 and 1 were charged, and 1000 seconds have paid off 2.8 by then. A bucket of what low priority
 * has would have forgotten the 1 after 720 seconds. */
static void a_charge_of_low_priority_is_owed_to_the_whole_limit(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "of low priority");
    handling_set_clock();
    handling.fake.answers[0] = (struct fake_answer){.status = TAKE_DONE};
    handling.fake.answers[1] = (struct fake_answer){.status = TAKE_DOWN};
    handling.fake.answer_count = 2;
    handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/low','cost':10}");
    handling_settle(&handling);
    handling_run(&handling, charge_post,
                 "{'user_id':'u','route_key':'/low','cost':1,'priority':'low'}");
    handling_settle(&handling);
    HANDLING_EXPECT(&handling, handling.status == 200);

    handling_pass(1000 * SECOND_US);
    handling_hand_back(&handling);
    HANDLING_EXPECT(&handling, handling_charged(&handling, "u", "/low", false) == 9);
    handling_end(&handling);
}

static void a_charge_of_nothing_looks_whatever_the_store_does(void **state)
{
    struct handling handling;

    (void)state;
    handling_begin(&handling, 0, "a look");
    handling.fake.answers[0] = (struct fake_answer){.status = TAKE_DOWN};
    handling.fake.answer_count = 1;
    handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/local'}");
    handling_settle(&handling);

    HANDLING_EXPECT(&handling, handling.status == 200);
    HANDLING_EXPECT(&handling,
                    json_integer_value(json_object_get(handling.body, "remaining")) == 3);
    handling_hand_back(&handling);
    HANDLING_EXPECT(&handling, handling.fake.asked == 1);
    handling_end(&handling);
}

static void charges_are_counted_by_their_ends_and_not_as_decisions(void **state)
{
    static const struct {
        enum take_status status;
        enum metric metric;
    } ends[] = {
        {TAKE_DONE, METRIC_CHARGES_MADE},     {TAKE_DOWN, METRIC_CHARGES_NOTED},
        {TAKE_LATE, METRIC_CHARGES_UNKNOWN},  {TAKE_BROKEN, METRIC_CHARGES_UNKNOWN},
        {TAKE_QUOTA, METRIC_CHARGES_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        struct handling handling;
        const uint64_t before = handling_figure(ends[i].metric);
        const uint64_t allowed = handling_figure(METRIC_DECISIONS_ALLOWED);

        handling_begin(&handling, 0, "end %zu", i);
        handling.fake.answers[0] = (struct fake_answer){.status = ends[i].status};
        handling.fake.answer_count = 1;
        handling_run(&handling, charge_post, "{'user_id':'u','route_key':'/local','cost':1}");
        handling_settle(&handling);
        HANDLING_EXPECT(&handling, handling_figure(ends[i].metric) == before + 1);
        HANDLING_EXPECT(&handling, handling_figure(METRIC_DECISIONS_ALLOWED) == allowed);
        handling_end(&handling);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_is_made_once_or_told_whatever_its_store_does),
        cmocka_unit_test(a_charge_that_the_store_has_not_made_is_handed_back_whole),
        cmocka_unit_test(a_reset_forgets_a_charge_that_was_noted),
        cmocka_unit_test(a_charge_in_a_zone_that_is_not_known_is_not_made_and_the_answer_names_it),
        cmocka_unit_test(a_charge_without_a_place_to_be_noted_is_not_made),
        cmocka_unit_test(a_charge_of_low_priority_is_owed_to_the_whole_limit),
        cmocka_unit_test(a_charge_of_nothing_looks_whatever_the_store_does),
        cmocka_unit_test(charges_are_counted_by_their_ends_and_not_as_decisions),
    };

    return cmocka_run_group_tests(tests, NULL, handling_close);
}
