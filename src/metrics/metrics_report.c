/* SPDX-License-Identifier: MIT */
#include "metrics/metrics_report.h"

#include "metrics/exposition.h"

struct row {
    enum metric_kind kind;
    const char *name;
    const char *labels;
    const char *help; /* NULL: a further series of the row above */
};

struct histogram_row {
    const char *name;
    const char *help;
};

#define ROW(identifier, kind, name, labels, help) {kind, name, labels, help},
#define HISTOGRAM_ROW(identifier, name, help)     {name, help},
#define BOUND(us, seconds)                        seconds,
#define STATUS(status)                            #status,

static const struct row rows[] = {METRICS_COUNTED(ROW) METRICS_ASKED(ROW)};
static const struct histogram_row histogram_rows[] = {METRICS_HISTOGRAMS(HISTOGRAM_ROW)};
static const char *const bounds[] = {HISTOGRAM_BOUNDS(BOUND) "+Inf"};
static const char *const statuses[] = {METRICS_STATUSES(STATUS) "other"};
static const char *const outcomes[] = {[METRICS_ALLOWED] = "allowed", [METRICS_DENIED] = "denied"};

_Static_assert(ARRAY_COUNT(bounds) == HISTOGRAM_BUCKETS, "a word per bucket");
_Static_assert(ARRAY_COUNT(statuses) == METRICS_STATUS_COUNT, "a word per status");

static bool is_in_seconds(enum metric_kind kind);
static uint64_t sum_of_node(const struct metrics_report *report, size_t node,
                            enum metrics_node figure);
static const char *type_of(enum metric_kind kind);
static void write_histogram(const struct metrics_report *report, size_t index, struct buffer *out);
static void write_route(const struct metrics_report *report, const struct metrics_route *route,
                        size_t index, struct buffer *out);
static void write_app(const struct metrics_report *report, struct text app, size_t slot,
                      struct buffer *out);

void metrics_report_init(struct metrics_report *report, const struct metrics blocks[],
                         size_t block_count)
{
    *report = (struct metrics_report){.blocks = blocks, .block_count = block_count};
    for (size_t i = 0; i < block_count; i++) {
        for (size_t row = 0; row < METRICS_COUNTED_COUNT; row++)
            report->figures[row] += figure_get(&blocks[i].figures[row]);
    }
}

void metrics_report_write_figures(const struct metrics_report *report, struct buffer *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct row *row = &rows[i];

        if (row->help != NULL)
            exposition_add_family(out, row->name, type_of(row->kind), row->help);
        exposition_begin(out, row->name, "");
        exposition_add_labels(out, row->labels);
        if (is_in_seconds(row->kind))
            exposition_end_seconds(out, report->figures[i]);
        else
            exposition_end(out, report->figures[i]);
    }
    for (size_t i = 0; i < METRIC_HISTOGRAM_COUNT; i++)
        write_histogram(report, i, out);
}

void metrics_report_write_requests(const struct metrics_report *report,
                                   const struct metrics_route routes[], size_t route_count,
                                   struct buffer *out)
{
    static const struct metrics_route other = {"other", "other"};

    ASSERT(route_count <= METRICS_ROUTES_MAX);
    exposition_add_family(out, "sluice_http_requests_total", "counter",
                          "Requests answered, by the route table's row and status.");
    for (size_t i = 0; i < route_count; i++)
        write_route(report, &routes[i], i, out);
    write_route(report, &other, METRICS_ROUTES_MAX, out);
}

void metrics_report_write_nodes(const struct metrics_report *report, struct buffer *out)
{
    static const struct {
        const char *name;
        const char *help;
        enum metrics_node figure;
    } families[] = {
        {"sluice_store_node_connected",
         "Workers that are connected to this node of Redis, by its number.",
         METRICS_NODE_CONNECTED},
        {"sluice_store_node_breakers_open",
         "Workers that do not ask this node of Redis because it keeps failing.",
         METRICS_NODE_BREAKER_OPEN},
    };

    for (size_t i = 0; i < ARRAY_COUNT(families); i++) {
        exposition_add_family(out, families[i].name, "gauge", families[i].help);
        for (size_t node = 0; node < METRICS_NODES_MAX; node++) {
            char number[8];

            if (sum_of_node(report, node, METRICS_NODE_KNOWN) == 0)
                continue;
            (void)snprintf(number, sizeof(number), "%zu", node);
            exposition_begin(out, families[i].name, "");
            exposition_add_label(out, "node", text_of(number));
            exposition_end(out, sum_of_node(report, node, families[i].figure));
        }
    }
}

void metrics_report_write_apps(const struct metrics_report *report, const struct metrics_apps *apps,
                               struct buffer *out)
{
    size_t count = metrics_apps_count(apps);

    exposition_add_family(out, "sluice_app_decisions_total", "counter",
                          "Checks decided, by app: the first metrics_apps of them.");
    for (size_t i = 0; i < count; i++)
        write_app(report, text_of(metrics_apps_id(apps, i)), i, out);
    write_app(report, TEXT("other"), metrics_apps_max(apps), out);
}

static uint64_t sum_of_node(const struct metrics_report *report, size_t node,
                            enum metrics_node figure)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < report->block_count; i++)
        sum += figure_get(&report->blocks[i].nodes[node][figure]);
    return sum;
}

static bool is_in_seconds(enum metric_kind kind)
{
    return kind == METRIC_COUNTER_US || kind == METRIC_GAUGE_US;
}

static const char *type_of(enum metric_kind kind)
{
    return kind == METRIC_COUNTER || kind == METRIC_COUNTER_US ? "counter" : "gauge";
}

static void write_histogram(const struct metrics_report *report, size_t index, struct buffer *out)
{
    const struct histogram_row *row = &histogram_rows[index];
    uint64_t count = 0;
    uint64_t sum_us = 0;

    exposition_add_family(out, row->name, "histogram", row->help);
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        for (size_t i = 0; i < report->block_count; i++)
            count += figure_get(&report->blocks[i].histograms[index].buckets[bucket]);
        exposition_begin(out, row->name, "_bucket");
        exposition_add_label(out, "le", text_of(bounds[bucket]));
        exposition_end(out, count);
    }
    for (size_t i = 0; i < report->block_count; i++)
        sum_us += figure_get(&report->blocks[i].histograms[index].sum_us);
    exposition_begin(out, row->name, "_sum");
    exposition_end_seconds(out, sum_us);
    exposition_begin(out, row->name, "_count");
    exposition_end(out, count);
}

static void write_route(const struct metrics_report *report, const struct metrics_route *route,
                        size_t index, struct buffer *out)
{
    for (size_t status = 0; status < METRICS_STATUS_COUNT; status++) {
        uint64_t count = 0;

        for (size_t i = 0; i < report->block_count; i++)
            count += figure_get(&report->blocks[i].requests[index][status]);
        if (count == 0)
            continue;
        exposition_begin(out, "sluice_http_requests_total", "");
        exposition_add_label(out, "route", text_of(route->path));
        exposition_add_label(out, "method", text_of(route->method));
        exposition_add_label(out, "status", text_of(statuses[status]));
        exposition_end(out, count);
    }
}

static void write_app(const struct metrics_report *report, struct text app, size_t slot,
                      struct buffer *out)
{
    for (size_t outcome = 0; outcome < METRICS_OUTCOMES; outcome++) {
        uint64_t count = 0;

        for (size_t i = 0; i < report->block_count; i++)
            count += figure_get(&report->blocks[i].decisions[slot][outcome]);
        exposition_begin(out, "sluice_app_decisions_total", "");
        exposition_add_label(out, "app", app);
        exposition_add_label(out, "outcome", text_of(outcomes[outcome]));
        exposition_end(out, count);
    }
}
