/* SPDX-License-Identifier: MIT
 *
 * GET /metrics: any worker answers with the figures of all. It asks neither the store nor the
 * catalogue. It waits only for the locks of the memory tables' stripes. */
#include "api/scrape.h"

#include "api/handlers.h"
#include "api/readiness.h"
#include "api/routes.h"
#include "base/log.h"
#include "catalogue/catalogue.h"
#include "journal/journal.h"
#include "metrics/exposition.h"
#include "metrics/metrics_apps.h"
#include "metrics/metrics_report.h"
#include "store/store_memory.h"

#define TEXT_BYTES ((size_t)16 * 1024)

static void ask_process(struct api *api, uint64_t figures[static METRIC_COUNT]);
static void ask_parts(const struct api *api, uint64_t figures[static METRIC_COUNT]);
static void write_build(const struct api *api, struct buffer *out);
static void write_requests(const struct metrics_report *report, struct buffer *out);

enum handled metrics_get(struct request *request, void *context)
{
    struct api *api = context;
    struct metrics_report report;
    struct buffer text;

    metrics_report_init(&report, api->scrape->process->blocks, api->scrape->process->worker_count);
    ask_process(api, report.figures);
    ask_parts(api, report.figures);

    buffer_init(&text, &request->arena, TEXT_BYTES);
    write_build(api, &text);
    metrics_report_write_figures(&report, &text);
    metrics_report_write_nodes(&report, &text);
    write_requests(&report, &text);
    if (api->apps != NULL)
        metrics_report_write_apps(&report, api->apps, &text);
    request_answer(request, 200, EXPOSITION_MEDIA_TYPE, buffer_text(&text));
    return HANDLED_NOW;
}

static void ask_process(struct api *api, uint64_t figures[static METRIC_COUNT])
{
    const struct scrape_process *process = api->scrape->process;
    struct process_figures *own = &api->scrape->figures;

    process_figures_refresh(own, process->files, api->now_us);
    figures[METRIC_PROCESS_CPU] = own->cpu_us;
    figures[METRIC_PROCESS_RESIDENT] = own->resident_bytes;
    figures[METRIC_PROCESS_VIRTUAL] = own->virtual_bytes;
    figures[METRIC_PROCESS_FDS] = own->open_fds;
    figures[METRIC_PROCESS_FDS_MAX] = own->max_fds;
    figures[METRIC_PROCESS_START] = (uint64_t)process->started_us;
    figures[METRIC_WORKERS] = process->worker_count;
    figures[METRIC_DRAINING] = atomic_load(api->readiness->draining);
    figures[METRIC_CONNECTIONS_MAX] = process->connections_max;
}

static void ask_parts(const struct api *api, uint64_t figures[static METRIC_COUNT])
{
    struct memory_table_usage memory = memory_table_usage(api->local);
    struct memory_table_usage own_limits = memory_table_usage(api->own_limits);
    struct journal_counts journal = journal_counts(api->journal);
    enum catalogue_continuity continuity = catalogue_continuity(api->catalogue);

    figures[METRIC_APPS] = app_index_count(api->index);
    figures[METRIC_CATALOGUE_READY] = catalogue_is_writable(api->catalogue);
    figures[METRIC_CATALOGUE_LOST] = continuity == CATALOGUE_LOST;
    figures[METRIC_CATALOGUE_FOREIGN] = continuity == CATALOGUE_FOREIGN;
    figures[METRIC_CATALOGUE_LOSSES] = catalogue_losses(api->catalogue);
    figures[METRIC_APPS_REMOVED] = catalogue_removed(api->catalogue);
    figures[METRIC_JOURNAL_FLUSH_FAILURES] = journal.flush_failures;
    figures[METRIC_JOURNAL_DROPPED] = journal.dropped;
    figures[METRIC_JOURNAL_REPLACED] = journal.replaced;
    figures[METRIC_JOURNAL_BYTES] = journal.bytes;
    figures[METRIC_JOURNAL_GAVE_WAY] = journal.gave_way;
    figures[METRIC_MEMORY_COUNTERS] = memory.counters;
    figures[METRIC_MEMORY_BYTES] = memory.bytes;
    figures[METRIC_MEMORY_EVICTIONS] = memory.evictions;
    figures[METRIC_OWN_LIMITS_BYTES] = own_limits.bytes;
    figures[METRIC_OWN_LIMITS_EVICTIONS] = own_limits.evictions;
    figures[METRIC_STATES_REFUSED] += memory.refused + own_limits.refused;
    figures[METRIC_LOG_LINES_DEBUG] = log_lines(LOG_DEBUG);
    figures[METRIC_LOG_LINES_INFO] = log_lines(LOG_INFO);
    figures[METRIC_LOG_LINES_WARN] = log_lines(LOG_WARN);
    figures[METRIC_LOG_LINES_ERROR] = log_lines(LOG_ERROR);
    figures[METRIC_LOG_LINES_DROPPED] = log_lines_dropped();
}

static void write_build(const struct api *api, struct buffer *out)
{
    exposition_add_family(out, "sluice_build_info", "gauge", "1; the labels say what runs.");
    exposition_begin(out, "sluice_build_info", "");
    exposition_add_label(out, "version", TEXT(SLUICE_VERSION));
    exposition_add_label(out, "engine", text_of(api->readiness->engine));
    exposition_end(out, 1);
}

static void write_requests(const struct metrics_report *report, struct buffer *out)
{
    struct metrics_route labels[METRICS_ROUTES_MAX];
    const struct route_table *table = routes();

    for (size_t i = 0; i < table->count; i++)
        labels[i] = (struct metrics_route){table->rows[i].method, table->rows[i].path};
    metrics_report_write_requests(report, labels, table->count, out);
}
