/* SPDX-License-Identifier: MIT
 *
 * What workers count, and how the sum is written as text. */
#include "metrics/metrics_report.h"

#include "base/arena.h"
#include "support/cmocka.h"

#include <pthread.h>

#define WORKERS   3
#define APP_SLOTS 3
#define EVENTS    20000

static struct metrics *blocks;
static struct arena arena;
static struct buffer out;

static int begin(void **state)
{
    (void)state;
    blocks = metrics_new(WORKERS, APP_SLOTS);
    arena_init(&arena);
    buffer_init(&out, &arena, 64);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    metrics_free(blocks, WORKERS);
    return 0;
}

/* The figures as text, NUL-terminated. Valid until the end of the test. */
static const char *written_figures(void)
{
    struct metrics_report report;

    metrics_report_init(&report, blocks, WORKERS);
    buffer_init(&out, &arena, 64);
    metrics_report_write_figures(&report, &out);
    return buffer_string(&out);
}

static void assert_has_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);

    if (at == NULL || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n')
        fail_msg("there is no line \"%s\" in:\n%s", line, text);
}

/* `count` observations are at most `bound`, which is like "1e-05" or "+Inf". */
static void assert_bucket(const char *text, const char *bound, int count)
{
    char line[128];

    (void)snprintf(line, sizeof(line), "sluice_decision_duration_seconds_bucket{le=\"%s\"} %d",
                   bound, count);
    assert_has_line(text, line);
}

static void figures_are_summed_over_the_workers(void **state)
{
    (void)state;
    metrics_count(&blocks[0], METRIC_DECISIONS_DENIED);
    metrics_count(&blocks[0], METRIC_DECISIONS_DENIED);
    metrics_count(&blocks[2], METRIC_DECISIONS_DENIED);
    metrics_set(&blocks[0], METRIC_HTTP_CONNECTIONS, 7);
    metrics_set(&blocks[0], METRIC_HTTP_CONNECTIONS, 5);
    metrics_set(&blocks[1], METRIC_HTTP_CONNECTIONS, 2);

    const char *text = written_figures();

    assert_has_line(text, "sluice_decisions_total{outcome=\"allowed\"} 0");
    assert_has_line(text, "sluice_decisions_total{outcome=\"denied\"} 3");
    assert_has_line(text, "sluice_http_connections 7");
}

static void a_family_of_several_series_is_introduced_once(void **state)
{
    (void)state;

    const char *text = written_figures();

    const char *first = strstr(text, "# TYPE sluice_decisions_total counter\n");
    assert_non_null(first);
    assert_null(strstr(first + 1, "# TYPE sluice_decisions_total"));
}

static void figures_of_the_process_are_those_that_the_asker_fills_in(void **state)
{
    (void)state;
    struct metrics_report report;
    metrics_report_init(&report, blocks, WORKERS);
    report.figures[METRIC_APPS] = 12;
    report.figures[METRIC_PROCESS_CPU] = 1500000;

    metrics_report_write_figures(&report, &out);

    assert_has_line(buffer_string(&out), "sluice_apps 12");
    assert_has_line(buffer_string(&out), "process_cpu_seconds_total 1.500000");
}

static void a_bucket_holds_all_that_took_no_longer_than_its_bound(void **state)
{
    (void)state;
    static const int64_t took_us[] = {-3, 0, 10, 11, 25, 50000, 50001, 5000000, 5000001};
    for (size_t i = 0; i < ARRAY_COUNT(took_us); i++)
        metrics_observe(&blocks[i % WORKERS], METRIC_DECISION_DURATION, took_us[i]);

    const char *text = written_figures();

    assert_bucket(text, "1e-05", 3);
    assert_bucket(text, "2.5e-05", 5);
    assert_bucket(text, "0.025", 5);
    assert_bucket(text, "0.05", 6);
    assert_bucket(text, "0.075", 7);
    assert_bucket(text, "1", 7);
    assert_bucket(text, "5", 8);
    assert_bucket(text, "+Inf", 9);
    assert_has_line(text, "sluice_decision_duration_seconds_count 9");
    assert_has_line(text, "sluice_decision_duration_seconds_sum 10.100048");
}

static void a_bound_in_seconds_is_the_one_in_microseconds(void **state)
{
    (void)state;
#define BOUND(us, seconds) {us, seconds},
    static const struct {
        int64_t us;
        const char *seconds;
    } bounds[] = {HISTOGRAM_BOUNDS(BOUND)};

    for (size_t i = 0; i < ARRAY_COUNT(bounds); i++) {
        double difference_us = strtod(bounds[i].seconds, NULL) * 1e6 - (double)bounds[i].us;

        assert_true(difference_us > -1e-3 && difference_us < 1e-3);
        assert_true(i == 0 || bounds[i].us > bounds[i - 1].us);
    }
}

static void requests_are_counted_by_route_and_status(void **state)
{
    (void)state;
    static const struct metrics_route routes[] = {{"POST", "/check"}, {"GET", "/policy"}};
    struct metrics_report report;
    metrics_count_request(&blocks[0], 0, 200);
    metrics_count_request(&blocks[1], 0, 200);
    metrics_count_request(&blocks[1], 0, 299);
    metrics_count_request(&blocks[2], 1, 503);
    metrics_count_request(&blocks[2], METRICS_ROUTES_MAX, 404);
    metrics_count_request(&blocks[2], METRICS_ROUTES_MAX + 1, 404);

    metrics_report_init(&report, blocks, WORKERS);
    metrics_report_write_requests(&report, routes, ARRAY_COUNT(routes), &out);

    assert_string_equal(
        strstr(buffer_string(&out), "counter\n") + strlen("counter\n"),
        "sluice_http_requests_total{route=\"/check\",method=\"POST\",status=\"200\"} 2\n"
        "sluice_http_requests_total{route=\"/check\",method=\"POST\",status=\"other\"} 1\n"
        "sluice_http_requests_total{route=\"/policy\",method=\"GET\",status=\"503\"} 1\n"
        "sluice_http_requests_total{route=\"other\",method=\"other\",status=\"404\"} 2\n");
}

static void decisions_are_counted_by_app(void **state)
{
    (void)state;
    struct metrics_apps *apps = metrics_apps_new(APP_SLOTS - 1);
    struct metrics_report report;
    metrics_count_app(&blocks[0], metrics_apps_slot(apps, "app_one"), METRICS_ALLOWED);
    metrics_count_app(&blocks[1], metrics_apps_slot(apps, "app_two"), METRICS_DENIED);
    metrics_count_app(&blocks[2], metrics_apps_slot(apps, "app_one"), METRICS_ALLOWED);
    metrics_count_app(&blocks[1], metrics_apps_slot(apps, "app_three"), METRICS_DENIED);
    metrics_count_app(&blocks[1], metrics_apps_slot(apps, "app_four"), METRICS_DENIED);

    metrics_report_init(&report, blocks, WORKERS);
    metrics_report_write_apps(&report, apps, &out);

    assert_string_equal(strstr(buffer_string(&out), "counter\n") + strlen("counter\n"),
                        "sluice_app_decisions_total{app=\"app_one\",outcome=\"allowed\"} 2\n"
                        "sluice_app_decisions_total{app=\"app_one\",outcome=\"denied\"} 0\n"
                        "sluice_app_decisions_total{app=\"app_two\",outcome=\"allowed\"} 0\n"
                        "sluice_app_decisions_total{app=\"app_two\",outcome=\"denied\"} 1\n"
                        "sluice_app_decisions_total{app=\"other\",outcome=\"allowed\"} 0\n"
                        "sluice_app_decisions_total{app=\"other\",outcome=\"denied\"} 2\n");
    metrics_apps_free(apps);
}

static void nodes_are_told_by_number_as_long_as_a_worker_knows_them(void **state)
{
    (void)state;
    struct metrics_report report;
    for (size_t worker = 0; worker < WORKERS; worker++) {
        metrics_set_node(&blocks[worker], 0, METRICS_NODE_KNOWN, 1);
        metrics_set_node(&blocks[worker], 2, METRICS_NODE_KNOWN, worker > 0);
        metrics_set_node(&blocks[worker], 2, METRICS_NODE_CONNECTED, worker > 0);
    }
    metrics_set_node(&blocks[1], 0, METRICS_NODE_BREAKER_OPEN, 1);

    metrics_report_init(&report, blocks, WORKERS);
    metrics_report_write_nodes(&report, &out);

    char expected[512];
    (void)snprintf(expected, sizeof(expected),
                   "sluice_store_node_connected{node=\"0\"} 0\n"
                   "sluice_store_node_connected{node=\"2\"} %d\n"
                   "# HELP sluice_store_node_breakers_open ",
                   WORKERS - 1);
    assert_non_null(strstr(buffer_string(&out), expected));
    assert_non_null(strstr(buffer_string(&out),
                           "gauge\nsluice_store_node_breakers_open{node=\"0\"} 1\n"
                           "sluice_store_node_breakers_open{node=\"2\"} 0\n"));
}

static void *count_events(void *block)
{
    for (int i = 0; i < EVENTS; i++) {
        metrics_count(block, METRIC_DECISIONS_ALLOWED);
        metrics_observe(block, METRIC_DECISION_DURATION, i % 100);
    }
    return NULL;
}

/* The value that a scrape finds for a series; -1 when it is not there. */
static long long value_of(const char *text, const char *series)
{
    const char *at = strstr(text, series);

    return at == NULL ? -1 : strtoll(at + strlen(series), NULL, 10);
}

static void a_scrape_while_workers_count_is_consistent_and_misses_nothing_in_the_end(void **state)
{
    (void)state;
    static const char all[] = "sluice_decision_duration_seconds_bucket{le=\"+Inf\"}";
    static const char count[] = "sluice_decision_duration_seconds_count";
    static const char allowed[] = "sluice_decisions_total{outcome=\"allowed\"}";
    pthread_t threads[WORKERS];
    long long before = 0;
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_events, &blocks[i]), 0);

    for (int i = 0; i < 20; i++) {
        const char *text = written_figures();

        assert_int_equal(value_of(text, all), value_of(text, count));
        assert_true(value_of(text, allowed) >= before);
        before = value_of(text, allowed);
    }
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);

    const char *text = written_figures();
    assert_int_equal(value_of(text, allowed), WORKERS * EVENTS);
    assert_int_equal(value_of(text, count), WORKERS * EVENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(figures_are_summed_over_the_workers, begin, end),
        cmocka_unit_test_setup_teardown(a_family_of_several_series_is_introduced_once, begin, end),
        cmocka_unit_test_setup_teardown(figures_of_the_process_are_those_that_the_asker_fills_in,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_bucket_holds_all_that_took_no_longer_than_its_bound,
                                        begin, end),
        cmocka_unit_test(a_bound_in_seconds_is_the_one_in_microseconds),
        cmocka_unit_test_setup_teardown(requests_are_counted_by_route_and_status, begin, end),
        cmocka_unit_test_setup_teardown(decisions_are_counted_by_app, begin, end),
        cmocka_unit_test_setup_teardown(nodes_are_told_by_number_as_long_as_a_worker_knows_them,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_scrape_while_workers_count_is_consistent_and_misses_nothing_in_the_end, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
