/* SPDX-License-Identifier: MIT */
#include "service_parts.h"

#include "api/audit.h"
#include "api/local_limit.h"
#include "app/open_catalogue.h"
#include "app/open_redis.h"
#include "app/registration.h"
#include "base/clock.h"
#include "catalogue/catalogue.h"
#include "http/site_counts.h"
#include "journal/journal.h"
#include "metrics/metrics_apps.h"
#include "signals.h"
#include "store/counter_budget.h"
#include "store/store_memory.h"

#include <sodium.h>
#include <sysexits.h>

static void make_metrics(struct service_parts *parts, const struct settings *settings);
static bool make_workers(struct service_parts *parts, struct settings *settings,
                         struct error *error);
static bool open_listeners(struct service_parts *parts, const struct settings *settings,
                           struct error *error);

int service_parts_make(struct service_parts *parts, struct settings *settings, struct error *error)
{
    struct catalogue_options options = {
        .pepper = settings->has_pepper ? &settings->pepper : NULL,
        .restores = settings->restore_catalogue,
        .unused_kept_us = settings->unused_apps_kept_s * SECOND_US,
    };

    wall_ahead_init(&parts->wall_ahead);
    process_files_open(&parts->files);
    parts->topology = open_redis(settings);
    struct catalogue_backend *backend = open_catalogue(settings, parts->topology, error);
    if (!backend)
        return EX_UNAVAILABLE;
    parts->index = app_index_new();
    options.backend = backend;
    options.index = parts->index;
    parts->catalogue = catalogue_new(&options);
    if (!catalogue_admits(backend, options.pepper, error))
        return EX_CONFIG;
    signals_hold_ends(); /* from now on there is something to drain */
    parts->journal = journal_new(settings->engine == ENGINE_REDIS ? parts->topology : NULL);
    if (settings->usage_path != NULL)
        journal_keep_usage(parts->journal, settings->usage_path);
    parts->audit = audit_new();
    parts->table = memory_table_new(settings->memory_counters_max);
    parts->own_limits = memory_table_new(LOCAL_LIMIT_COUNTERS_MAX);
    parts->budget = counter_budget_new(settings->counters_per_app_max);
    if (settings->connections_per_ip_max > 0)
        parts->site_counts =
            site_counts_new(settings->connections_max, settings->connections_per_ip_max);
    make_metrics(parts, settings);
    return make_workers(parts, settings, error) ? EXIT_SUCCESS : EX_UNAVAILABLE;
}

static void make_metrics(struct service_parts *parts, const struct settings *settings)
{
    size_t worker_count = (size_t)settings->workers;

    parts->blocks = metrics_new(worker_count, settings->metrics_apps + 1);
    parts->process = (struct scrape_process){
        .blocks = parts->blocks,
        .worker_count = worker_count,
        .files = &parts->files,
        .connections_max = settings->connections_max,
        .started_us = clock_wall_us(),
    };
    if (settings->metrics_apps > 0)
        parts->apps = metrics_apps_new(settings->metrics_apps);
}

static bool make_workers(struct service_parts *parts, struct settings *settings,
                         struct error *error)
{
    struct worker_shared shared = {
        .settings = settings,
        .api_settings = &settings->api,
        .process = &parts->process,
        .apps = parts->apps,
        .audit = parts->audit,
        .listener = &parts->listener,
        .operation = settings->metrics_listen_length > 0 ? &parts->operation : NULL,
        .blocks = parts->blocks,
        .index = parts->index,
        .catalogue = parts->catalogue,
        .journal = parts->journal,
        .table = parts->table,
        .own_limits = parts->own_limits,
        .budget = parts->budget,
        .handbacks = &parts->handbacks,
        .topology = parts->topology,
        .site_counts = parts->site_counts,
        .wall_ahead = &parts->wall_ahead,
        .draining = &parts->draining,
        .starting = &parts->starting,
    };

    if (!open_listeners(parts, settings, error))
        return false;
    registration_settle(&settings->api, listener_address(&parts->listener));
    randombytes_buf(&shared.local_key, sizeof shared.local_key);
    while (parts->worker_count < (size_t)settings->workers) {
        struct worker *worker = worker_new(&shared, parts->worker_count, error);

        if (!worker)
            return false;
        parts->workers[parts->worker_count++] = worker;
    }
    return true;
}

static bool open_listeners(struct service_parts *parts, const struct settings *settings,
                           struct error *error)
{
    const struct listener_options options = {
        .setting = "listen",
        .address = &settings->listen,
        .shares = settings->share_address,
        .socket_mode = settings->socket_mode,
        .servers = (size_t)settings->workers,
    };
    const struct listener_options operation = {
        .setting = "metrics_listen",
        .address = &settings->metrics_listen,
        .shares = settings->share_address,
        .socket_mode = settings->socket_mode,
        .servers = 1,
    };

    return listener_find(&parts->listener, &options, error) &&
           (settings->metrics_listen_length == 0 ||
            listener_open(&parts->operation, &operation, error));
}

/* Workers before the threads that they ask, and listeners before the workers, which close the
 * sockets. */
void service_parts_dispose(struct service_parts *parts)
{
    listener_close(&parts->listener);
    listener_close(&parts->operation);
    for (size_t i = 0; i < parts->worker_count; i++)
        worker_free(parts->workers[i]);
    journal_free(parts->journal);
    catalogue_free(parts->catalogue);
    redis_topology_free(parts->topology);
    memory_table_free(parts->table);
    memory_table_free(parts->own_limits);
    counter_budget_free(parts->budget);
    site_counts_free(parts->site_counts);
    metrics_free(parts->blocks, parts->process.worker_count);
    metrics_apps_free(parts->apps);
    audit_free(parts->audit);
    app_index_free(parts->index);
    process_files_close(&parts->files);
}
