/* SPDX-License-Identifier: MIT
 *
 * POST /check/batch, with the answers of the store in many orders: in all orders for three checks,
 * in random ones for many. Also a batch beside batches of other apps. */
#include "handling.h"

#include "base/arena.h"
#include "support/cmocka.h"
#include "support/random.h"

#define CHECKS         3
#define ORDERS         6 /* 3! */
#define KINDS_OF_THREE (FAKE_KINDS * FAKE_KINDS * FAKE_KINDS)
#define MANY           100
#define IN_FLIGHT_MAX  32
#define ROUNDS         200

/* The first check and the last but one never reach the store. */
static const char batch[] = "{'checks':[{'user_id':''},{'user_id':'a','route_key':'/local'},"
                            "{'user_id':'b','route_key':'/allow'},"
                            "{'user_id':'x','route_key':'/none'},"
                            "{'user_id':'c','route_key':'/deny'}]}";

static const json_t *result(const struct handling *handling, size_t index)
{
    return json_array_get(json_object_get(handling->body, "results"), index);
}

static int64_t status_of(const struct handling *handling, size_t index)
{
    return json_integer_value(json_object_get(result(handling, index), "status"));
}

static bool is_degraded(const struct handling *handling, size_t index)
{
    return json_is_true(json_object_get(result(handling, index), "degraded"));
}

static bool is_of(const struct handling *handling, size_t index, const char *route)
{
    const char *key = json_string_value(json_object_get(result(handling, index), "route_key"));

    return key != NULL && strcmp(key, route) == 0;
}

/* Checks the result of a subject that was new. */
static void expect_result(const struct handling *handling, size_t index, enum take_status status,
                          const char *route)
{
    const bool is_denied = status != TAKE_DONE && strcmp(route, "/deny") == 0;
    const json_t *type = json_object_get(result(handling, index), "type");

    if (status == TAKE_QUOTA) {
        HANDLING_EXPECT(handling, status_of(handling, index) == 429);
        HANDLING_EXPECT(handling, json_string_length(type) == strlen("urn:sluice:problem:quota"));
        return;
    }
    HANDLING_EXPECT(handling, status_of(handling, index) == (is_denied ? 429 : 200));
    HANDLING_EXPECT(handling, is_of(handling, index, route));
    HANDLING_EXPECT(handling, is_degraded(handling, index) == (status != TAKE_DONE));
}

/* `statuses`: how the three calls ended. */
static void expect_results(const struct handling *handling, const enum take_status statuses[CHECKS])
{
    size_t decided = 0;

    for (size_t i = 0; i < CHECKS; i++)
        decided += statuses[i] != TAKE_QUOTA;
    HANDLING_EXPECT(handling, handling->status == 200);
    HANDLING_EXPECT(handling, json_array_size(json_object_get(handling->body, "results")) == 5);
    HANDLING_EXPECT(handling, status_of(handling, 0) == 422 && status_of(handling, 3) == 404);
    expect_result(handling, 1, statuses[0], "/local");
    expect_result(handling, 2, statuses[1], "/allow");
    expect_result(handling, 4, statuses[2], "/deny");
    HANDLING_EXPECT(handling, handling->records == decided);
    HANDLING_EXPECT(handling, handling->fake.asked == CHECKS);
}

static void begin(struct handling *handling, size_t kinds, const char *how, size_t number)
{
    handling_begin(handling, 0, "answers %zu, %zu and %zu, %s %zu", kinds % FAKE_KINDS,
                   kinds / FAKE_KINDS % FAKE_KINDS, kinds / FAKE_KINDS / FAKE_KINDS, how, number);
    handling->fake.answer_count = CHECKS;
    for (size_t i = 0; i < CHECKS; i++, kinds /= FAKE_KINDS)
        handling->fake.answers[i] = fake_answer_of_kind(kinds % FAKE_KINDS);
}

static void a_batch_is_answered_when_the_last_check_is_in_every_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS_OF_THREE * ORDERS; i++) {
        struct handling handling;
        enum take_status statuses[CHECKS];

        begin(&handling, i % KINDS_OF_THREE, "order", i / KINDS_OF_THREE);
        handling_run(&handling, check_batch_post, batch);
        for (size_t k = 0; k < CHECKS; k++)
            statuses[k] = handling.fake.answers[k].status;
        HANDLING_EXPECT(&handling,
                        handling_is_answered(&handling) == (handling.fake.pending_count == 0));
        if (handling.fake.pending_count > 0) {
            const size_t pending = handling.fake.pending_count;

            /* The last answer of this order comes later, by itself. */
            (void)fake_store_answer_in_order(&handling.fake, i / KINDS_OF_THREE, pending - 1);
            HANDLING_EXPECT(&handling, !handling_is_answered(&handling));
            fake_store_answer(&handling.fake, 0);
        }
        handling_settle(&handling);

        expect_results(&handling, statuses);
        handling_end(&handling);
    }
}

static void a_batch_is_answered_when_its_store_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS_OF_THREE * CHECKS; i++) {
        struct handling handling;
        enum take_status statuses[CHECKS];
        size_t answered;

        begin(&handling, i % KINDS_OF_THREE, "the end after", i / KINDS_OF_THREE);
        handling_run(&handling, check_batch_post, batch);
        answered = fake_store_answer_in_order(&handling.fake, 0, i / KINDS_OF_THREE);
        for (size_t k = 0; k < CHECKS; k++) {
            statuses[k] = handling.fake.answers[k].status;
            if (!handling.fake.answers[k].is_late)
                continue;
            if (answered == 0)
                statuses[k] = TAKE_DOWN;
            else
                answered--;
        }
        fake_store_drain(&handling.fake);
        handling_settle(&handling);

        expect_results(&handling, statuses);
        handling_end(&handling);
    }
}

/* All checks are of one subject, so the limit bounds what passes. */
static const char *many(struct arena *arena)
{
    struct buffer body;

    buffer_init(&body, arena, 8192);
    buffer_printf(&body, "{'checks':[");
    for (size_t i = 0; i < MANY; i++)
        buffer_printf(&body, "%s{'user_id':'u','route_key':'/local'}", i > 0 ? "," : "");
    buffer_printf(&body, "]}");
    return text_copy(arena, buffer_text(&body)).at;
}

static void a_long_batch_keeps_its_bounds_and_charges_once_in_random_orders(void **state)
{
    struct arena arena = {0};
    const char *body = many(&arena);

    (void)state;
    random_begin(random_seed());
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t stops_after = (size_t)random_below(2 * MANY); /* beyond MANY: never */
        struct handling handling;
        size_t allowed = 0;
        size_t decided = 0;
        size_t answered = 0;

        begin(&handling, (size_t)random_below(KINDS_OF_THREE), "round", round);
        handling_run(&handling, check_batch_post, body);
        while (handling.fake.pending_count > 0 && answered++ < stops_after) {
            fake_store_answer(&handling.fake,
                              (size_t)random_below((int64_t)handling.fake.pending_count));
            if (handling.fake.pending_count == 0 || random_below(8) == 0)
                handling_turn();
        }
        while (!handling_is_answered(&handling)) {
            fake_store_drain(&handling.fake);
            handling_turn();
        }
        handling_settle(&handling);

        HANDLING_EXPECT(&handling, handling.fake.pending_most <= IN_FLIGHT_MAX);
        for (size_t i = 0; i < MANY; i++) {
            allowed += status_of(&handling, i) == 200;
            decided += is_of(&handling, i, "/local");
        }
        HANDLING_EXPECT(&handling, handling.fake.asked == MANY && handling.records == decided);
        HANDLING_EXPECT(&handling, handling.records_allowed == allowed);
        /* One limit in the store, and one more in this process for the calls that it decided. */
        HANDLING_EXPECT(&handling, allowed <= 2 * HANDLING_QUOTA);
        HANDLING_EXPECT(&handling,
                        handling_charged(&handling, "u", "/local", false) <= HANDLING_QUOTA);
        HANDLING_EXPECT(&handling, handling_charged_here("u", "/local") <= HANDLING_QUOTA);
        handling_end(&handling);
    }
    arena_close(&arena);
}

#define CROWD   1 /* a tenant */
#define ANOTHER 2
#define BATCHES 20

static const char one_check[] = "{'checks':[{'user_id':'v','route_key':'/allow'}]}";

/* In one turn of the loop there is time for four steps. */
static void a_batch_is_answered_before_the_many_of_another_app(void **state)
{
    static struct handling crowd[BATCHES];
    struct arena arena = {0};
    const char *body = many(&arena);
    struct handling handling;
    struct handling other;
    size_t answered = 0;

    (void)state;
    handling_begin(&handling, 0, "a batch beside a crowd");
    handling_slow_down(SLICE_US / 4);
    for (size_t i = 0; i < BATCHES; i++) {
        handling_join(&crowd[i], &handling, CROWD);
        handling_run(&crowd[i], check_batch_post, body);
    }
    handling_join(&other, &handling, ANOTHER);
    handling_run(&other, check_batch_post, one_check);
    HANDLING_EXPECT(&handling, !handling_is_answered(&other));

    /* The small batch needs three steps, and before each comes one of the crowd. */
    handling_turn();
    handling_turn();
    HANDLING_EXPECT(&handling, handling_is_answered(&other));

    for (size_t i = 0; i < BATCHES; i++)
        answered += handling_is_answered(&crowd[i]);
    HANDLING_EXPECT(&handling, answered <= 1);
    handling_settle(&other);
    HANDLING_EXPECT(&handling, other.status == 200);
    for (size_t i = 0; i < BATCHES; i++) {
        while (!handling_is_answered(&crowd[i]))
            handling_turn();
        handling_settle(&crowd[i]);
        HANDLING_EXPECT(&handling, crowd[i].status == 200);
        handling_part(&crowd[i]);
    }
    handling_part(&other);
    handling_end(&handling);
    arena_close(&arena);
}

/* While an answer has not left, the places of its checks stay taken. */
static void an_app_that_reads_no_answers_leaves_room_for_the_batches_of_others(void **state)
{
    static struct handling crowd[BATCHES];
    struct arena arena = {0};
    const char *body = many(&arena);
    struct handling handling;
    struct handling other;
    size_t refused = 0;

    (void)state;
    handling_begin(&handling, 0, "a crowd that does not read");
    for (size_t i = 0; i < BATCHES; i++) {
        handling_join(&crowd[i], &handling, CROWD);
        handling_run(&crowd[i], check_batch_post, body);
    }
    handling_join(&other, &handling, ANOTHER);
    handling_run(&other, check_batch_post, body);

    handling_settle(&other);
    HANDLING_EXPECT(&handling, other.status == 200);
    for (size_t i = 0; i < BATCHES; i++) {
        handling_settle(&crowd[i]);
        refused += crowd[i].status == 503;
        handling_part(&crowd[i]);
    }
    handling_part(&other);
    HANDLING_EXPECT(&handling, refused == BATCHES - HANDLING_BATCH_CHECKS / 2 / MANY);
    HANDLING_EXPECT(&handling, handling.records == (BATCHES - refused + 1) * MANY);
    handling_end(&handling);
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_answered_when_the_last_check_is_in_every_order),
        cmocka_unit_test(a_batch_is_answered_when_its_store_ends),
        cmocka_unit_test(a_long_batch_keeps_its_bounds_and_charges_once_in_random_orders),
        cmocka_unit_test(a_batch_is_answered_before_the_many_of_another_app),
        cmocka_unit_test(an_app_that_reads_no_answers_leaves_room_for_the_batches_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, handling_close);
}
