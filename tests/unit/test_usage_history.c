/* SPDX-License-Identifier: MIT
 *
 * How long minutes and hours are kept, when room is short and when the clock is wrong. */
#include "minutes.h"

static bool take_any(void *context, const struct usage_view *view)
{
    (void)context;
    (void)view;
    return true;
}

/* One decision in every minute of eight days. */
static void minutes_of_a_day_and_hours_of_a_week_are_kept(void **state)
{
    const struct usage_query day = {.window_minutes = DAY, .step_minutes = 1};
    const struct usage_query week = {.window_minutes = 7 * DAY, .step_minutes = HOUR};
    const struct usage_query fine = {.window_minutes = 7 * DAY, .step_minutes = 7};
    const int64_t now = MIDNIGHT + 59;
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    for (int64_t minute = now - 8 * DAY; minute <= now; minute++)
        minutes_add(app, minute, "/a", 1, 0);

    json_t *json = minutes_answer(app, &day, now);
    assert_int_equal(json_array_size(json_object_get(json, "series")), 1440);
    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    for (int64_t minute = now - DAY + 1; minute <= now; minute += 101)
        assert_int_equal(minutes_at(json, minute, "allowed"), 1);
    assert_int_equal(minutes_total(json, "allowed"), DAY);
    json_decref(json);

    json = minutes_answer(app, &week, now);
    assert_int_equal(json_array_size(json_object_get(json, "series")), 168);
    assert_int_equal(minutes_total(json, "allowed"), 7 * DAY);
    assert_int_equal(minutes_at(json, MIDNIGHT - 6 * DAY, "allowed"), 60);
    assert_int_equal(minutes_at(json, MIDNIGHT, "allowed"), 60);
    json_decref(json);

    /* The hour in which the window begins is left out, because its minutes are not known. */
    json = minutes_answer(app, &fine, now);
    assert_int_equal(minutes_integer(json, "hourly_before"), (MIDNIGHT - DAY) * 60);
    assert_in_range(minutes_total(json, "allowed"), 7 * DAY - HOUR, 7 * DAY + 7);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

/* There is room for a few minutes only. The oldest are dropped, but their hours are still shown. */
static void the_oldest_minutes_give_way(void **state)
{
    const struct usage_query day = {.window_minutes = 6 * HOUR, .step_minutes = 10};
    struct usage *usage = usage_new((size_t)18 * 1024);
    struct usage_app *app = usage_app_new(usage);
    struct usage_app *other = usage_app_new(usage);

    (void)state;
    for (int64_t minute = MIDNIGHT; minute < MIDNIGHT + 5 * HOUR; minute++) {
        minutes_add(app, minute, "/a", 1, 0);
        minutes_add(other, minute, "/a", 2, 0);
    }

    json_t *json = minutes_answer(app, &day, MIDNIGHT + 5 * HOUR - 1);
    assert_int_equal(minutes_integer(json, "hourly_before"), (MIDNIGHT + 4 * HOUR) * 60);
    assert_int_equal(minutes_total(json, "allowed"), 5 * HOUR);
    assert_int_equal(minutes_at(json, MIDNIGHT + HOUR, "allowed"), 60);
    assert_int_equal(minutes_at(json, MIDNIGHT + HOUR + 10, "allowed"), 0);
    assert_int_equal(minutes_at(json, MIDNIGHT + 5 * HOUR - 10, "allowed"), 10);
    json_decref(json);
    usage_app_free(app);
    usage_app_free(other);
    usage_free(usage);
}

/* There is not even room for the hours. */
static void hours_give_way_when_there_are_no_minutes(void **state)
{
    const struct usage_query week = {.window_minutes = 7 * DAY, .step_minutes = HOUR};
    struct usage *usage = usage_new(1024);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    for (int64_t hour = 0; hour < 7 * 24; hour++)
        minutes_add(app, MIDNIGHT + hour * HOUR, "/a", 1, 0);

    json_t *json = minutes_answer(app, &week, MIDNIGHT + (7 * 24 - 1) * HOUR);
    assert_in_range(minutes_total(json, "allowed"), 1, 20);
    assert_int_equal(minutes_at(json, MIDNIGHT + (7 * 24 - 1) * HOUR, "allowed"), 1);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static void what_comes_after_the_clock_went_back_is_told_at_once(void **state)
{
    static const int64_t steps[] = {1, HOUR, 3 * DAY, 400 * DAY};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct usage *usage = usage_new(USAGE_BYTES_MAX);
        struct usage_app *app = usage_app_new(usage);

        minutes_add(app, MIDNIGHT + steps[i], "/a", 0, 1);
        minutes_add(app, MIDNIGHT + steps[i] + 1, "/a", 0, 1);
        minutes_add(app, MIDNIGHT, "/a", 10, 0);
        minutes_add_denied(app, TEXT("bob"), 3);
        minutes_add(app, MIDNIGHT + 1, "/a", 20, 0);
        json_t *json = minutes_answer(app, &minutes_last_hour, MIDNIGHT + 1);

        assert_int_equal(minutes_at(json, MIDNIGHT, "allowed"), 10);
        assert_int_equal(minutes_at(json, MIDNIGHT + 1, "allowed"), 20);
        assert_int_equal(minutes_total(json, "allowed"), 30);
        const json_t *top = json_object_get(json_object_get(json, "top_denied"), "subjects");
        assert_int_equal(json_array_size(top), 1);
        json_decref(json);
        usage_app_free(app);
        usage_free(usage);
    }
}

/* Each span must come once, because an instance has one field per span in Redis. */
static void on_start(void *context, const struct usage_view *view)
{
    int64_t(*starts)[USAGE_SPANS][8] = context;

    for (size_t i = 0; i < 8; i++) {
        assert_int_not_equal((*starts)[view->span][i], view->start);
        if ((*starts)[view->span][i] == 0) {
            (*starts)[view->span][i] = view->start;
            return;
        }
    }
    fail_msg("more spans than were counted");
}

static bool take_start(void *context, const struct usage_view *view)
{
    on_start(context, view);
    return true;
}

static void a_span_that_the_clock_comes_back_to_goes_on(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);
    int64_t starts[USAGE_SPANS][8] = {0};

    (void)state;
    minutes_add(app, MIDNIGHT, "/a", 1, 1);
    minutes_add_denied(app, TEXT("eve"), 1);
    minutes_add(app, MIDNIGHT + 2 * HOUR, "/a", 2, 0);
    assert_true(usage_offer_unsent(app, NULL, take_any));
    usage_mark_sent(app);
    minutes_add(app, MIDNIGHT, "/a", 4, 2);
    minutes_add_denied(app, TEXT("eve"), 2);
    minutes_add(app, MIDNIGHT + 1, "/a", 8, 0);
    minutes_add(app, MIDNIGHT, "/a", 16, 0);
    json_t *json = minutes_answer(app, &minutes_last_hour, MIDNIGHT + 1);

    assert_int_equal(minutes_at(json, MIDNIGHT, "allowed"), 21);
    assert_int_equal(minutes_at(json, MIDNIGHT, "denied"), 3);
    assert_int_equal(minutes_at(json, MIDNIGHT + 1, "allowed"), 8);
    const json_t *top = json_object_get(json_object_get(json, "top_denied"), "subjects");
    assert_int_equal(json_array_size(top), 1);
    assert_int_equal(minutes_integer(json_array_get(top, 0), "denied"), 3);
    usage_visit(app, &starts, on_start);
    assert_int_equal(starts[USAGE_MINUTE][3], 0);
    assert_int_equal(starts[USAGE_HOUR][2], 0);
    memset(starts, 0, sizeof starts);
    assert_true(usage_offer_unsent(app, &starts, take_start));
    assert_int_equal(starts[USAGE_MINUTE][2], 0);
    assert_int_equal(starts[USAGE_HOUR][0], MIDNIGHT);
    assert_int_equal(starts[USAGE_HOUR][1], 0);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

/* Even if it is far ahead for long: history is kept if only the wrong clock makes it too old. */
static void a_clock_that_is_ahead_costs_no_history(void **state)
{
    const struct usage_query day = {.window_minutes = DAY, .step_minutes = 1};
    const struct usage_query week = {.window_minutes = 7 * DAY, .step_minutes = HOUR};
    const int64_t now = MIDNIGHT + 59;
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    for (int64_t minute = now - 8 * DAY; minute < now; minute++)
        minutes_add(app, minute, "/a", 1, 0);
    for (int64_t ahead = 30 * DAY; ahead < 33 * DAY; ahead += 7)
        minutes_add_ahead(app, now, ahead, "/a", 1000, 0);
    minutes_add(app, now, "/a", 1, 0);

    json_t *json = minutes_answer(app, &day, now);
    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    assert_int_equal(minutes_total(json, "allowed"), DAY);
    json_decref(json);
    json = minutes_answer(app, &week, now);
    assert_int_equal(minutes_total(json, "allowed"), 7 * DAY);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static void a_minute_ahead_that_is_too_old_takes_no_minutes_along(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    minutes_add_ahead(app, MIDNIGHT, 9 * DAY, "/a", 1, 0);
    for (int64_t minute = MIDNIGHT; minute <= MIDNIGHT + 2 * DAY; minute++)
        minutes_add(app, minute, "/a", 1, 0);
    json_t *json = minutes_answer(app, &minutes_last_hour, MIDNIGHT + 2 * DAY);

    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    assert_int_equal(minutes_total(json, "allowed"), HOUR);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

/* Counts the parts of an hour. A new part neither overwrites what is in Redis nor counts it
 * twice. */
static bool take_part(void *context, const struct usage_view *view)
{
    if (view->span == USAGE_HOUR && view->start == MIDNIGHT)
        ((int *)context)[view->part]++;
    return true;
}

static void a_span_that_was_let_go_begins_another_part(void **state)
{
    struct usage *usage = usage_new(1);
    struct usage_app *app = usage_app_new(usage);
    int parts[8] = {0};
    int different = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        minutes_add(app, MIDNIGHT, "/a", 1, 0);
        minutes_add(app, MIDNIGHT, "/a", 1, 0);
        assert_true(usage_offer_unsent(app, parts, take_part));
        minutes_add_ahead(app, MIDNIGHT, 9 * DAY, "/a", 1, 0);
    }

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        different += parts[i] == 1;
    assert_int_equal(different, 3);
    usage_app_free(app);
    usage_free(usage);
}

static void an_app_that_uses_much_gives_way_before_the_others(void **state)
{
    const struct usage_query day = {.window_minutes = DAY, .step_minutes = 1};
    struct usage *usage = usage_new((size_t)64 * 1024);
    struct usage_app *modest = usage_app_new(usage);
    struct usage_app *greedy = usage_app_new(usage);

    (void)state;
    for (int64_t minute = MIDNIGHT; minute < MIDNIGHT + DAY - 1; minute++) {
        if (minute % HOUR == 0)
            minutes_add(modest, minute, "/a", 1, 0);
        for (int i = 0; i < 20; i++) {
            char route[16];

            (void)snprintf(route, sizeof route, "/%d", i);
            minutes_add(greedy, minute, route, 1, 0);
        }
    }
    json_t *of_modest = minutes_answer(modest, &day, MIDNIGHT + DAY - 1);
    json_t *of_greedy = minutes_answer(greedy, &day, MIDNIGHT + DAY - 1);

    assert_true(json_is_null(json_object_get(of_modest, "hourly_before")));
    assert_int_equal(minutes_total(of_modest, "allowed"), 24);
    assert_true(json_is_integer(json_object_get(of_greedy, "hourly_before")));
    json_decref(of_modest);
    json_decref(of_greedy);
    usage_app_free(modest);
    usage_app_free(greedy);
    usage_free(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_of_a_day_and_hours_of_a_week_are_kept),
        cmocka_unit_test(the_oldest_minutes_give_way),
        cmocka_unit_test(hours_give_way_when_there_are_no_minutes),
        cmocka_unit_test(what_comes_after_the_clock_went_back_is_told_at_once),
        cmocka_unit_test(a_span_that_the_clock_comes_back_to_goes_on),
        cmocka_unit_test(a_clock_that_is_ahead_costs_no_history),
        cmocka_unit_test(a_minute_ahead_that_is_too_old_takes_no_minutes_along),
        cmocka_unit_test(a_span_that_was_let_go_begins_another_part),
        cmocka_unit_test(an_app_that_uses_much_gives_way_before_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
