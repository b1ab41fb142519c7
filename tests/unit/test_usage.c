/* SPDX-License-Identifier: MIT
 *
 * From counted minutes to the answer, in one process; time is an argument. */
#include "journal/usage.h"

#include "base/arena.h"
#include "base/document.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOUR 60
#define DAY  (24 * HOUR)
/* 2026-11-21T00:00:00Z. */
#define MIDNIGHT INT64_C(29920320)

static const struct usage_query last_hour = {.window_minutes = HOUR, .step_minutes = 1};

/* Adds counts while the clock is wrong. */
static void add_ahead(struct usage_app *app, int64_t minute, int64_t ahead_minutes,
                      const char *route, uint64_t allowed, uint64_t denied)
{
    const struct tally_entry entry = {
        .route = text_of(route),
        .role = TEXT("default"),
        .counts = {[TALLY_ALLOWED] = allowed, [TALLY_DENIED] = denied},
    };
    struct tally tally = {.minute = minute + ahead_minutes};

    tally_add(&tally, &entry);
    usage_add(app, &tally, minute);
    tally_close(&tally);
}

static void add(struct usage_app *app, int64_t minute, const char *route, uint64_t allowed,
                uint64_t denied)
{
    add_ahead(app, minute, 0, route, allowed, denied);
}

static void add_denied(struct usage_app *app, struct text name, int times)
{
    struct heavy_hitters *hitters = heavy_hitters_new();

    for (int i = 0; i < times; i++)
        heavy_hitters_add(hitters, false, name);
    usage_add_denied(app, hitters);
    heavy_hitters_free(hitters);
}

static void on_view(void *context, const struct usage_view *view)
{
    usage_report_add(context, view);
}

static bool take_any(void *context, const struct usage_view *view)
{
    (void)context;
    (void)view;
    return true;
}

/* The answer of GET /usage at the minute `now`. Release it with json_decref(). */
static json_t *answer(const struct usage_app *app, const struct usage_query *query, int64_t now)
{
    struct usage_report report;
    struct arena arena = {0};
    struct error error;

    usage_report_init(&report, query, now, &arena);
    if (report.hourly_before < usage_minutes_from(app))
        report.hourly_before = usage_minutes_from(app);
    usage_visit(app, &report, on_view);
    json_t *json = document_parse(usage_report_write(&report, &arena), &error);
    assert_non_null(json);
    usage_report_close(&report);
    arena_close(&arena);
    return json;
}

static int64_t integer_at(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static int64_t total_of(const json_t *json, const char *outcome)
{
    return integer_at(json_object_get(json, "totals"), outcome);
}

/* The count in the step that begins at this minute. */
static int64_t at_minute(const json_t *json, int64_t minute, const char *outcome)
{
    const json_t *series = json_object_get(json, "series");

    for (size_t i = 0; i < json_array_size(series); i++) {
        const json_t *point = json_array_get(series, i);

        if (integer_at(point, "timestamp") == minute * 60)
            return integer_at(point, outcome);
    }
    fail_msg("no step begins at minute %lld", (long long)minute);
    return -1;
}

static void nothing_is_a_series_of_zeros(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    json_t *json = answer(app, &last_hour, MIDNIGHT + 7);

    const json_t *series = json_object_get(json, "series");
    assert_int_equal(json_array_size(series), 60);
    assert_int_equal(integer_at(json, "from"), (MIDNIGHT + 7 - 59) * 60);
    assert_int_equal(integer_at(json, "to"), (MIDNIGHT + 8) * 60);
    for (int64_t i = 0; i < 60; i++) {
        const json_t *point = json_array_get(series, (size_t)i);

        assert_int_equal(integer_at(point, "timestamp"), (MIDNIGHT + 7 - 59 + i) * 60);
        assert_int_equal(integer_at(point, "allowed"), 0);
    }
    assert_int_equal(json_array_size(json_object_get(json, "routes")), 0);
    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static void minutes_stand_where_they_belong(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    add(app, MIDNIGHT - 60, "/a", 1000, 1000); /* before the window */
    add(app, MIDNIGHT - 59, "/a", 1, 0);
    add(app, MIDNIGHT - 1, "/a", 20, 5);
    add(app, MIDNIGHT, "/a", 300, 0);
    add(app, MIDNIGHT, "/b", 0, 7);
    json_t *json = answer(app, &last_hour, MIDNIGHT);

    assert_int_equal(at_minute(json, MIDNIGHT - 59, "allowed"), 1);
    assert_int_equal(at_minute(json, MIDNIGHT - 2, "allowed"), 0);
    assert_int_equal(at_minute(json, MIDNIGHT - 1, "allowed"), 20);
    assert_int_equal(at_minute(json, MIDNIGHT - 1, "denied"), 5);
    assert_int_equal(at_minute(json, MIDNIGHT, "allowed"), 300);
    assert_int_equal(at_minute(json, MIDNIGHT, "denied"), 7);
    assert_int_equal(total_of(json, "allowed"), 321);
    assert_int_equal(total_of(json, "denied"), 12);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static void steps_begin_at_their_multiples(void **state)
{
    const struct usage_query query = {.window_minutes = 61, .step_minutes = 15};
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    add(app, MIDNIGHT + 14, "/a", 1, 0);
    add(app, MIDNIGHT + 15, "/a", 10, 0);
    add(app, MIDNIGHT + 29, "/a", 100, 0);
    json_t *json = answer(app, &query, MIDNIGHT + 29);

    assert_int_equal(json_array_size(json_object_get(json, "series")), 5);
    assert_int_equal(integer_at(json, "to"), (MIDNIGHT + 30) * 60);
    assert_int_equal(at_minute(json, MIDNIGHT, "allowed"), 1);
    assert_int_equal(at_minute(json, MIDNIGHT + 15, "allowed"), 110);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static void routes_come_by_number_and_filters_choose(void **state)
{
    struct usage_query query = last_hour;
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    add(app, MIDNIGHT, "/few", 1, 0);
    add(app, MIDNIGHT, "/many", 50, 50);
    add(app, MIDNIGHT, "/some", 10, 5);
    json_t *json = answer(app, &query, MIDNIGHT);
    const json_t *routes = json_object_get(json, "routes");
    static const char *const order[] = {"/many", "/some", "/few"};
    assert_int_equal(json_array_size(routes), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(routes, i), "route")),
                            order[i]);
    json_decref(json);

    query.route_key = TEXT("/some");
    json = answer(app, &query, MIDNIGHT);
    assert_int_equal(json_array_size(json_object_get(json, "routes")), 1);
    assert_int_equal(total_of(json, "denied"), 5);
    assert_int_equal(at_minute(json, MIDNIGHT, "allowed"), 10);
    json_decref(json);

    query.role = TEXT("premium");
    json = answer(app, &query, MIDNIGHT);
    assert_int_equal(total_of(json, "denied"), 0);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
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
        add(app, minute, "/a", 1, 0);

    json_t *json = answer(app, &day, now);
    assert_int_equal(json_array_size(json_object_get(json, "series")), 1440);
    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    for (int64_t minute = now - DAY + 1; minute <= now; minute += 101)
        assert_int_equal(at_minute(json, minute, "allowed"), 1);
    assert_int_equal(total_of(json, "allowed"), DAY);
    json_decref(json);

    json = answer(app, &week, now);
    assert_int_equal(json_array_size(json_object_get(json, "series")), 168);
    assert_int_equal(total_of(json, "allowed"), 7 * DAY);
    assert_int_equal(at_minute(json, MIDNIGHT - 6 * DAY, "allowed"), 60);
    assert_int_equal(at_minute(json, MIDNIGHT, "allowed"), 60);
    json_decref(json);

    /* The hour in which the window begins is left out, because its minutes are not known. */
    json = answer(app, &fine, now);
    assert_int_equal(integer_at(json, "hourly_before"), (MIDNIGHT - DAY) * 60);
    assert_in_range(total_of(json, "allowed"), 7 * DAY - HOUR, 7 * DAY + 7);
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
        add(app, minute, "/a", 1, 0);
        add(other, minute, "/a", 2, 0);
    }

    json_t *json = answer(app, &day, MIDNIGHT + 5 * HOUR - 1);
    assert_int_equal(integer_at(json, "hourly_before"), (MIDNIGHT + 4 * HOUR) * 60);
    assert_int_equal(total_of(json, "allowed"), 5 * HOUR);
    assert_int_equal(at_minute(json, MIDNIGHT + HOUR, "allowed"), 60);
    assert_int_equal(at_minute(json, MIDNIGHT + HOUR + 10, "allowed"), 0);
    assert_int_equal(at_minute(json, MIDNIGHT + 5 * HOUR - 10, "allowed"), 10);
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
        add(app, MIDNIGHT + hour * HOUR, "/a", 1, 0);

    json_t *json = answer(app, &week, MIDNIGHT + (7 * 24 - 1) * HOUR);
    assert_in_range(total_of(json, "allowed"), 1, 20);
    assert_int_equal(at_minute(json, MIDNIGHT + (7 * 24 - 1) * HOUR, "allowed"), 1);
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

        add(app, MIDNIGHT + steps[i], "/a", 0, 1);
        add(app, MIDNIGHT + steps[i] + 1, "/a", 0, 1);
        add(app, MIDNIGHT, "/a", 10, 0);
        add_denied(app, TEXT("bob"), 3);
        add(app, MIDNIGHT + 1, "/a", 20, 0);
        json_t *json = answer(app, &last_hour, MIDNIGHT + 1);

        assert_int_equal(at_minute(json, MIDNIGHT, "allowed"), 10);
        assert_int_equal(at_minute(json, MIDNIGHT + 1, "allowed"), 20);
        assert_int_equal(total_of(json, "allowed"), 30);
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
    add(app, MIDNIGHT, "/a", 1, 1);
    add_denied(app, TEXT("eve"), 1);
    add(app, MIDNIGHT + 2 * HOUR, "/a", 2, 0);
    assert_true(usage_offer_unsent(app, NULL, take_any));
    usage_mark_sent(app);
    add(app, MIDNIGHT, "/a", 4, 2);
    add_denied(app, TEXT("eve"), 2);
    add(app, MIDNIGHT + 1, "/a", 8, 0);
    add(app, MIDNIGHT, "/a", 16, 0);
    json_t *json = answer(app, &last_hour, MIDNIGHT + 1);

    assert_int_equal(at_minute(json, MIDNIGHT, "allowed"), 21);
    assert_int_equal(at_minute(json, MIDNIGHT, "denied"), 3);
    assert_int_equal(at_minute(json, MIDNIGHT + 1, "allowed"), 8);
    const json_t *top = json_object_get(json_object_get(json, "top_denied"), "subjects");
    assert_int_equal(json_array_size(top), 1);
    assert_int_equal(integer_at(json_array_get(top, 0), "denied"), 3);
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
        add(app, minute, "/a", 1, 0);
    for (int64_t ahead = 30 * DAY; ahead < 33 * DAY; ahead += 7)
        add_ahead(app, now, ahead, "/a", 1000, 0);
    add(app, now, "/a", 1, 0);

    json_t *json = answer(app, &day, now);
    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    assert_int_equal(total_of(json, "allowed"), DAY);
    json_decref(json);
    json = answer(app, &week, now);
    assert_int_equal(total_of(json, "allowed"), 7 * DAY);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static void a_minute_ahead_that_is_too_old_takes_no_minutes_along(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    add_ahead(app, MIDNIGHT, 9 * DAY, "/a", 1, 0);
    for (int64_t minute = MIDNIGHT; minute <= MIDNIGHT + 2 * DAY; minute++)
        add(app, minute, "/a", 1, 0);
    json_t *json = answer(app, &last_hour, MIDNIGHT + 2 * DAY);

    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    assert_int_equal(total_of(json, "allowed"), HOUR);
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
        add(app, MIDNIGHT, "/a", 1, 0);
        add(app, MIDNIGHT, "/a", 1, 0);
        assert_true(usage_offer_unsent(app, parts, take_part));
        add_ahead(app, MIDNIGHT, 9 * DAY, "/a", 1, 0);
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
            add(modest, minute, "/a", 1, 0);
        for (int i = 0; i < 20; i++) {
            char route[16];

            (void)snprintf(route, sizeof route, "/%d", i);
            add(greedy, minute, route, 1, 0);
        }
    }
    json_t *of_modest = answer(modest, &day, MIDNIGHT + DAY - 1);
    json_t *of_greedy = answer(greedy, &day, MIDNIGHT + DAY - 1);

    assert_true(json_is_null(json_object_get(of_modest, "hourly_before")));
    assert_int_equal(total_of(of_modest, "allowed"), 24);
    assert_true(json_is_integer(json_object_get(of_greedy, "hourly_before")));
    json_decref(of_modest);
    json_decref(of_greedy);
    usage_app_free(modest);
    usage_app_free(greedy);
    usage_free(usage);
}

static void decisions_that_a_filter_cannot_tell_apart_are_uncounted(void **state)
{
    const struct usage_query one_route = {
        .window_minutes = HOUR, .step_minutes = 1, .route_key = TEXT("/0")};
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    for (int i = 0; i < TALLY_PAIRS_MAX + 50; i++) {
        char route[16];

        (void)snprintf(route, sizeof route, "/%d", i);
        add(app, MIDNIGHT, route, 1, 1);
    }
    json_t *all = answer(app, &last_hour, MIDNIGHT);
    json_t *some = answer(app, &one_route, MIDNIGHT);

    assert_int_equal(total_of(all, "allowed"), TALLY_PAIRS_MAX + 50);
    assert_int_equal(integer_at(all, "uncounted"), 0);
    assert_int_equal(total_of(some, "allowed"), 1);
    assert_int_equal(integer_at(some, "uncounted"), 100);
    json_decref(all);
    json_decref(some);
    usage_app_free(app);
    usage_free(usage);
}

static void the_denied_of_the_hours_in_the_window_are_told(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    add(app, MIDNIGHT - 61, "/a", 0, 9);
    add_denied(app, TEXT("long ago"), 9);
    add(app, MIDNIGHT - 1, "/a", 0, 5);
    add_denied(app, TEXT("eve"), 3);
    add_denied(app, TEXT("bob"), 2);
    add(app, MIDNIGHT, "/a", 0, 2);
    add_denied(app, TEXT("bob"), 2);
    json_t *json = answer(app, &last_hour, MIDNIGHT + 5);

    const json_t *top = json_object_get(json, "top_denied");
    const json_t *subjects = json_object_get(top, "subjects");
    assert_int_equal(integer_at(top, "since"), (MIDNIGHT - HOUR) * 60);
    assert_int_equal(integer_at(top, "error_max"), 0);
    assert_int_equal(json_array_size(subjects), 2);
    const json_t *first = json_array_get(subjects, 0);
    assert_string_equal(json_string_value(json_object_get(first, "user_id")), "bob");
    assert_int_equal(integer_at(first, "denied"), 4);
    assert_int_equal(integer_at(first, "error"), 0);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static bool count_views(void *context, const struct usage_view *view)
{
    int *counts = context;

    counts[view->span]++;
    return true;
}

/* Accepts as many as the context says. */
static bool take_some(void *context, const struct usage_view *view)
{
    int *left = context;

    (void)view;
    return (*left)-- > 0;
}

static void what_is_sent_in_parts_is_sent_once(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);
    int views[USAGE_SPANS] = {0};
    int left;

    (void)state;
    for (int64_t minute = MIDNIGHT; minute < MIDNIGHT + 5; minute++)
        add(app, minute, "/a", 1, 0);

    left = 2;
    assert_false(usage_offer_unsent(app, &left, take_some));
    usage_mark_sent(app);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 3);
    assert_int_equal(views[USAGE_HOUR], 1);

    left = 3; /* the last minutes, but not the hour */
    assert_false(usage_offer_unsent(app, &left, take_some));
    usage_mark_sent(app);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 3);
    assert_int_equal(views[USAGE_HOUR], 2);
    usage_app_free(app);
    usage_free(usage);
}

static void what_was_sent_is_not_sent_again_until_it_grows(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);
    int views[USAGE_SPANS] = {0};

    (void)state;
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE] + views[USAGE_HOUR], 0);

    for (int64_t minute = MIDNIGHT; minute < MIDNIGHT + 5; minute++)
        add(app, minute, "/a", 1, 0);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 5);
    assert_int_equal(views[USAGE_HOUR], 1);

    usage_mark_sent(app);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 5);

    add(app, MIDNIGHT + 4, "/a", 1, 0);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 6);

    /* The minute that ends has more than was sent. The next minute has begun. */
    add(app, MIDNIGHT + 5, "/a", 1, 0);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 8);
    assert_int_equal(views[USAGE_HOUR], 3);
    usage_app_free(app);
    usage_free(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_series_of_zeros),
        cmocka_unit_test(minutes_stand_where_they_belong),
        cmocka_unit_test(steps_begin_at_their_multiples),
        cmocka_unit_test(routes_come_by_number_and_filters_choose),
        cmocka_unit_test(minutes_of_a_day_and_hours_of_a_week_are_kept),
        cmocka_unit_test(the_oldest_minutes_give_way),
        cmocka_unit_test(hours_give_way_when_there_are_no_minutes),
        cmocka_unit_test(what_comes_after_the_clock_went_back_is_told_at_once),
        cmocka_unit_test(a_span_that_the_clock_comes_back_to_goes_on),
        cmocka_unit_test(a_clock_that_is_ahead_costs_no_history),
        cmocka_unit_test(a_minute_ahead_that_is_too_old_takes_no_minutes_along),
        cmocka_unit_test(a_span_that_was_let_go_begins_another_part),
        cmocka_unit_test(an_app_that_uses_much_gives_way_before_the_others),
        cmocka_unit_test(decisions_that_a_filter_cannot_tell_apart_are_uncounted),
        cmocka_unit_test(the_denied_of_the_hours_in_the_window_are_told),
        cmocka_unit_test(what_was_sent_is_not_sent_again_until_it_grows),
        cmocka_unit_test(what_is_sent_in_parts_is_sent_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
