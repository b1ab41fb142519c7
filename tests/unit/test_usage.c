/* SPDX-License-Identifier: MIT
 *
 * From counted minutes to the answer, in one process, and what of them is sent. What is kept for
 * how long is in test_usage_history.c. */
#include "base/arena.h"
#include "base/document.h"
#include "journal/packed.h"
#include "minutes.h"

static void nothing_is_a_series_of_zeros(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    json_t *json = minutes_answer(app, &minutes_last_hour, MIDNIGHT + 7);

    const json_t *series = json_object_get(json, "series");
    assert_int_equal(json_array_size(series), 60);
    assert_int_equal(minutes_integer(json, "from"), (MIDNIGHT + 7 - 59) * 60);
    assert_int_equal(minutes_integer(json, "to"), (MIDNIGHT + 8) * 60);
    for (int64_t i = 0; i < 60; i++) {
        const json_t *point = json_array_get(series, (size_t)i);

        assert_int_equal(minutes_integer(point, "timestamp"), (MIDNIGHT + 7 - 59 + i) * 60);
        assert_int_equal(minutes_integer(point, "allowed"), 0);
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
    minutes_add(app, MIDNIGHT - 60, "/a", 1000, 1000); /* before the window */
    minutes_add(app, MIDNIGHT - 59, "/a", 1, 0);
    minutes_add(app, MIDNIGHT - 1, "/a", 20, 5);
    minutes_add(app, MIDNIGHT, "/a", 300, 0);
    minutes_add(app, MIDNIGHT, "/b", 0, 7);
    json_t *json = minutes_answer(app, &minutes_last_hour, MIDNIGHT);

    assert_int_equal(minutes_at(json, MIDNIGHT - 59, "allowed"), 1);
    assert_int_equal(minutes_at(json, MIDNIGHT - 2, "allowed"), 0);
    assert_int_equal(minutes_at(json, MIDNIGHT - 1, "allowed"), 20);
    assert_int_equal(minutes_at(json, MIDNIGHT - 1, "denied"), 5);
    assert_int_equal(minutes_at(json, MIDNIGHT, "allowed"), 300);
    assert_int_equal(minutes_at(json, MIDNIGHT, "denied"), 7);
    assert_int_equal(minutes_total(json, "allowed"), 321);
    assert_int_equal(minutes_total(json, "denied"), 12);
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
    minutes_add(app, MIDNIGHT + 14, "/a", 1, 0);
    minutes_add(app, MIDNIGHT + 15, "/a", 10, 0);
    minutes_add(app, MIDNIGHT + 29, "/a", 100, 0);
    json_t *json = minutes_answer(app, &query, MIDNIGHT + 29);

    assert_int_equal(json_array_size(json_object_get(json, "series")), 5);
    assert_int_equal(minutes_integer(json, "to"), (MIDNIGHT + 30) * 60);
    assert_int_equal(minutes_at(json, MIDNIGHT, "allowed"), 1);
    assert_int_equal(minutes_at(json, MIDNIGHT + 15, "allowed"), 110);
    json_decref(json);
    usage_app_free(app);
    usage_free(usage);
}

static void routes_come_by_number_and_filters_choose(void **state)
{
    struct usage_query query = minutes_last_hour;
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    minutes_add(app, MIDNIGHT, "/few", 1, 0);
    minutes_add(app, MIDNIGHT, "/many", 50, 50);
    minutes_add(app, MIDNIGHT, "/some", 10, 5);
    json_t *json = minutes_answer(app, &query, MIDNIGHT);
    const json_t *routes = json_object_get(json, "routes");
    static const char *const order[] = {"/many", "/some", "/few"};
    assert_int_equal(json_array_size(routes), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(routes, i), "route")),
                            order[i]);
    json_decref(json);

    query.route_key = TEXT("/some");
    json = minutes_answer(app, &query, MIDNIGHT);
    assert_int_equal(json_array_size(json_object_get(json, "routes")), 1);
    assert_int_equal(minutes_total(json, "denied"), 5);
    assert_int_equal(minutes_at(json, MIDNIGHT, "allowed"), 10);
    json_decref(json);

    query.role = TEXT("premium");
    json = minutes_answer(app, &query, MIDNIGHT);
    assert_int_equal(minutes_total(json, "denied"), 0);
    json_decref(json);
    usage_app_free(app);
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
        minutes_add(app, MIDNIGHT, route, 1, 1);
    }
    json_t *all = minutes_answer(app, &minutes_last_hour, MIDNIGHT);
    json_t *some = minutes_answer(app, &one_route, MIDNIGHT);

    assert_int_equal(minutes_total(all, "allowed"), TALLY_PAIRS_MAX + 50);
    assert_int_equal(minutes_integer(all, "uncounted"), 0);
    assert_int_equal(minutes_total(some, "allowed"), 1);
    assert_int_equal(minutes_integer(some, "uncounted"), 100);
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
    minutes_add(app, MIDNIGHT - 61, "/a", 0, 9);
    minutes_add_denied(app, TEXT("long ago"), 9);
    minutes_add(app, MIDNIGHT - 1, "/a", 0, 5);
    minutes_add_denied(app, TEXT("eve"), 3);
    minutes_add_denied(app, TEXT("bob"), 2);
    minutes_add(app, MIDNIGHT, "/a", 0, 2);
    minutes_add_denied(app, TEXT("bob"), 2);
    json_t *json = minutes_answer(app, &minutes_last_hour, MIDNIGHT + 5);

    const json_t *top = json_object_get(json, "top_denied");
    const json_t *subjects = json_object_get(top, "subjects");
    assert_int_equal(minutes_integer(top, "since"), (MIDNIGHT - HOUR) * 60);
    assert_int_equal(minutes_integer(top, "error_max"), 0);
    assert_int_equal(json_array_size(subjects), 2);
    const json_t *first = json_array_get(subjects, 0);
    assert_string_equal(json_string_value(json_object_get(first, "user_id")), "bob");
    assert_int_equal(minutes_integer(first, "denied"), 4);
    assert_int_equal(minutes_integer(first, "error"), 0);
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
        minutes_add(app, minute, "/a", 1, 0);

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

static void each_denied_subject_is_told_by_its_name(void **state)
{
    static const char *const names[] = {"user", "ip", "org"};
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);
    struct heavy_hitters *hitters = heavy_hitters_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        for (size_t times = i; times < ARRAY_COUNT(names); times++)
            heavy_hitters_add(hitters, &(struct subject){text_of(names[i]), TEXT("x")}, 1);
    }
    minutes_add(app, MIDNIGHT, "/a", 0, 6);
    usage_add_top(app, TOP_DENIED, hitters);

    json_t *json = minutes_answer(app, &minutes_last_hour, MIDNIGHT);
    char *subjects =
        json_dumps(json_object_get(json_object_get(json, "top_denied"), "subjects"), JSON_COMPACT);

    assert_string_equal(subjects, "[{\"user_id\":\"x\",\"denied\":3,\"error\":0},"
                                  "{\"ip\":\"x\",\"denied\":2,\"error\":0},"
                                  "{\"subject\":{\"org\":\"x\"},\"denied\":1,\"error\":0}]");
    free(subjects);
    json_decref(json);
    heavy_hitters_free(hitters);
    usage_app_free(app);
    usage_free(usage);
}

/* What is stored may be anything. */
static void counts_that_are_too_high_stay_at_the_highest(void **state)
{
    const struct usage_query query = {
        .window_minutes = HOUR, .step_minutes = HOUR, .route_key = TEXT("/a")};
    struct usage_view view = {.span = USAGE_HOUR, .start = MIDNIGHT};
    struct arena arena = {0};
    struct usage_report report;
    struct buffer counts;
    struct buffer denied;

    (void)state;
    buffer_init(&counts, &arena, 64);
    buffer_init(&denied, &arena, 64);
    for (int i = 0; i < 2; i++) {
        packed_write_text(&counts, i == 0 ? TEXT("/a") : TEXT("(other)"));
        packed_write_text(&counts, i == 0 ? TEXT("default") : TEXT("(other)"));
        packed_write_integer(&counts, 2);
        packed_write_integer(&counts, UINT64_MAX - 5);
        packed_write_integer(&counts, UINT64_MAX / 2 + 7);
    }
    packed_write_integer(&denied, 0); /* a user */
    packed_write_text(&denied, TEXT("ada"));
    packed_write_integer(&denied, UINT64_MAX);
    packed_write_integer(&denied, UINT64_MAX);
    view.contents[USAGE_COUNTS] = buffer_text(&counts);
    view.contents[USAGE_DENIED] = buffer_text(&denied);

    usage_report_init(&report, &query, MIDNIGHT, &arena);
    usage_report_add(&report, &view);
    usage_report_add(&report, &view);
    struct error error;
    json_t *json = document_parse(usage_report_write(&report, &arena), &error);
    assert_int_equal(minutes_total(json, "allowed"), INT64_MAX);
    assert_int_equal(minutes_total(json, "denied"), INT64_MAX);
    assert_int_equal(minutes_at(json, MIDNIGHT, "denied"), INT64_MAX);
    assert_int_equal(minutes_integer(json, "uncounted"), INT64_MAX);
    const json_t *route = json_array_get(json_object_get(json, "routes"), 0);
    assert_int_equal(minutes_integer(route, "allowed"), INT64_MAX);
    const json_t *top = json_object_get(json_object_get(json, "top_denied"), "subjects");
    assert_int_equal(minutes_integer(json_array_get(top, 0), "denied"), INT64_MAX);
    assert_int_equal(minutes_integer(json_array_get(top, 0), "error"), INT64_MAX);
    json_decref(json);
    usage_report_close(&report);
    arena_close(&arena);
}

/* Two steps of eighty days are 160, and the first one begins with what is kept. */
static void no_step_begins_before_what_is_kept(void **state)
{
    const struct usage_query query = {.window_minutes = 90 * DAY, .step_minutes = 80 * DAY};
    const int64_t now = MIDNIGHT + 90;
    const int64_t first = MIDNIGHT + HOUR - 91 * DAY;
    struct usage_view view = {.span = USAGE_HOUR, .start = first};
    struct arena arena = {0};
    struct usage_report report;
    struct buffer counts;
    struct error error;
    struct tally tally = {0};

    (void)state;
    tally_add(&tally, &(struct tally_entry){TEXT("/a"), TEXT("default"), {7}});
    buffer_init(&counts, &arena, 64);
    tally_write(&tally, &counts);
    view.contents[USAGE_COUNTS] = buffer_text(&counts);

    usage_report_init(&report, &query, now, &arena);
    usage_report_add(&report, &view);
    json_t *json = document_parse(usage_report_write(&report, &arena), &error);
    const json_t *series = json_object_get(json, "series");
    assert_int_equal(minutes_integer(json, "from"), first * 60);
    assert_int_equal(json_array_size(series), 2);
    assert_int_equal(minutes_at(json, first, "allowed"), 7);
    assert_int_equal(minutes_integer(json_array_get(series, 1), "timestamp"),
                     minutes_integer(json, "to") - 80 * DAY * 60);
    json_decref(json);
    usage_report_close(&report);
    tally_close(&tally);
    arena_close(&arena);
}

static void what_was_lost_is_offered_again(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);
    int views[USAGE_SPANS] = {0};

    (void)state;
    for (int64_t minute = MIDNIGHT; minute < MIDNIGHT + 5; minute++)
        minutes_add(app, minute, "/a", 1, 0);
    assert_int_equal(usage_count_sent(app, USAGE_MINUTE, MIDNIGHT, MIDNIGHT + HOUR), 0);
    assert_true(usage_offer_unsent(app, views, count_views));
    usage_mark_sent(app);
    assert_int_equal(usage_count_sent(app, USAGE_MINUTE, MIDNIGHT, MIDNIGHT + HOUR), 5);
    assert_int_equal(usage_count_sent(app, USAGE_MINUTE, MIDNIGHT + 1, MIDNIGHT + 4), 3);
    assert_int_equal(usage_count_sent(app, USAGE_HOUR, MIDNIGHT, MIDNIGHT + DAY), 1);

    usage_mark_unsent(app);
    assert_int_equal(usage_count_sent(app, USAGE_MINUTE, MIDNIGHT, MIDNIGHT + HOUR), 0);
    assert_true(usage_offer_unsent(app, views, count_views));

    assert_int_equal(views[USAGE_MINUTE], 10);
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
        minutes_add(app, minute, "/a", 1, 0);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 5);
    assert_int_equal(views[USAGE_HOUR], 1);

    usage_mark_sent(app);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 5);

    minutes_add(app, MIDNIGHT + 4, "/a", 1, 0);
    assert_true(usage_offer_unsent(app, views, count_views));
    assert_int_equal(views[USAGE_MINUTE], 6);

    /* The minute that ends has more than was sent. The next minute has begun. */
    minutes_add(app, MIDNIGHT + 5, "/a", 1, 0);
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
        cmocka_unit_test(decisions_that_a_filter_cannot_tell_apart_are_uncounted),
        cmocka_unit_test(the_denied_of_the_hours_in_the_window_are_told),
        cmocka_unit_test(each_denied_subject_is_told_by_its_name),
        cmocka_unit_test(counts_that_are_too_high_stay_at_the_highest),
        cmocka_unit_test(no_step_begins_before_what_is_kept),
        cmocka_unit_test(what_was_lost_is_offered_again),
        cmocka_unit_test(what_was_sent_is_not_sent_again_until_it_grows),
        cmocka_unit_test(what_is_sent_in_parts_is_sent_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
