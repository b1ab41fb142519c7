/* SPDX-License-Identifier: MIT
 *
 * The main thread. Its steps in order: make, enter the sandbox, start, wait for signals, drain. */
#include "app/service.h"

#include "announcement.h"
#include "api/audit.h"
#include "app/registration.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "catalogue/catalogue.h"
#include "file_limit.h"
#include "held_settings.h"
#include "in_force.h"
#include "journal/journal.h"
#include "redis/redis_topology.h"
#include "sandbox.h"
#include "service_parts.h"
#include "signals.h"
#include "store/counter_budget.h"
#include "systemd.h"

#include <sysexits.h>
#include <unistd.h>

/* How long clients who connect at the start wait until a decision is possible. Then they are
 * answered that it is not. */
#define HOLD_US_MAX (2 * SECOND_US)
/* How often to look at a state that no descriptor reports. */
#define LOOK_US (2 * MILLISECOND_US)
/* How often a drain looks for a reload, to refuse it. */
#define DRAIN_LOOK_US (50 * MILLISECOND_US)
/* How long the catalogue's thread may take to finish its work, and the journal's threads after the
 * last flush. That is some calls of a store, each with its own time-out. */
#define STEP_US_MAX (2 * SECOND_US)
/* The least time for the last flush, even if less is left for the drain. */
#define FLUSH_US_MIN (500 * MILLISECOND_US)
/* How often to write the audit sums of minutes that are over, and to ask the catalogue for
 * losses. */
#define AUDIT_LOOK_US (5 * SECOND_US)

struct service {
    struct held_settings held;
    struct in_force in_force;
    struct service_parts parts;
    struct file_limit files;
    uint64_t map_version; /* of Redis' nodes, as last seen */
    unsigned losses;      /* of the catalogue, as last seen */
    int64_t watchdog_us;  /* 0: no supervisor watches */
    int64_t watched_us;   /* when the supervisor was last told */
    bool is_ending;       /* a signal has asked for it */
};

static void start(struct service *service);
static bool hold(struct service *service);
static bool can_decide(const struct service *service);
static void obey(struct service *service);
static int64_t rest_us(const struct service *service);
static void tell_watchdog(struct service *service);
static void look_for_losses(struct service *service);
static void look_for_nodes(struct service *service);
static void reload(struct service *service);
static void settle(struct service *service);
static const char *drain(struct service *service, int64_t deadline_us);
static bool join(struct worker *worker, int64_t deadline_us);
static const char *end_threads(struct service *service, int64_t deadline_us);
static void dispose(struct service *service);

int service_run(struct settings *settings, const struct settings_source *source)
{
    struct service service = {
        .in_force = {.fd = -1},
    };
    struct error error = {0};
    const char *left;    /* the part that has not ended; NULL: none */
    const char *running; /* the same for the threads */
    int64_t deadline_us;
    int exit_code;

    held_settings_init(&service.held, settings, source);
    memory_give_back_large();
    if (!settings->core_dumps)
        sandbox_forbid_core_dumps();
    log_set_level(settings->log_level);
    log_set_format(settings->log_format);
    settings_warn_of_unused(settings, settings);
    exit_code = file_limit_raise(&service.files, settings, &error)
                    ? service_parts_make(&service.parts, settings, &error)
                    : EX_UNAVAILABLE;
    if (exit_code == EXIT_SUCCESS)
        in_force_open(&service.in_force, settings);
    if (exit_code == EXIT_SUCCESS && settings->sandbox && !sandbox_enter(settings, &error))
        exit_code = EX_UNAVAILABLE;
    if (exit_code != EXIT_SUCCESS) {
        log_write(LOG_ERROR, "cannot start", LOG_STRING("reason", error.message));
        dispose(&service);
        return exit_code;
    }
    log_start();
    start(&service);
    obey(&service);
    deadline_us = clock_monotonic_us() + service.held.started->drain_timeout_s * SECOND_US;
    left = drain(&service, deadline_us);
    audit_turn(service.parts.audit, INT64_MAX);
    /* Also if requests are left, so that recorded decisions are flushed, or the log says that they
     * are not. */
    running = end_threads(&service, deadline_us);
    if (left == NULL)
        left = running;
    if (left != NULL) {
        /* They still use parts that disposing would free. */
        log_write(LOG_ERROR, "drain timed out", LOG_STRING("waited_for", left));
        log_end();
        _exit(EXIT_FAILURE);
    }
    dispose(&service);
    log_write(LOG_INFO, "stopped", LOG_NONE);
    log_end();
    return EXIT_SUCCESS;
}

static void start(struct service *service)
{
    bool decides;

    held_settings_declare_apps(&service->held, &service->parts);
    if (service->parts.topology != NULL)
        redis_topology_start(service->parts.topology);
    catalogue_start(service->parts.catalogue);
    journal_start(service->parts.journal);
    for (size_t i = 0; i < service->parts.worker_count; i++)
        worker_start(service->parts.workers[i]);
    in_force_write(&service->in_force, &service->held.in_force, service->held.latest);
    decides = hold(service);
    for (size_t i = 0; i < service->parts.worker_count; i++)
        worker_open(service->parts.workers[i]);
    announce_listening(&service->parts, service->held.latest, decides);
}

/* Waits until the service can decide. Otherwise a restart would fail the requests that come before
 * the catalogue has been read. False if it takes too long, or the service is to end. */
static bool hold(struct service *service)
{
    int64_t until_us = clock_monotonic_us() + HOLD_US_MAX;

    while (!can_decide(service)) {
        service->is_ending = signals_came(SIGNALS_END, LOOK_US);
        if (service->is_ending || clock_monotonic_us() > until_us)
            return false;
    }
    return true;
}

/* The same test as in /readyz. */
static bool can_decide(const struct service *service)
{
    return atomic_load(&service->parts.starting) == 0 && catalogue_serves(service->parts.catalogue);
}

static void obey(struct service *service)
{
    service->watchdog_us = systemd_watchdog_us();
    while (!service->is_ending) {
        switch (signals_next(rest_us(service))) {
        case SIGNALS_RELOAD:
            reload(service);
            break;
        case SIGNALS_END:
            service->is_ending = true;
            break;
        case SIGNALS_NONE:
            break;
        }
        tell_watchdog(service);
        look_for_losses(service);
        look_for_nodes(service);
        audit_turn(service->parts.audit, clock_monotonic_us());
        /* Until it ends, the instance before this one has the file. */
        if (!service->in_force.has_lock)
            in_force_write(&service->in_force, &service->held.in_force, service->held.latest);
    }
}

static int64_t rest_us(const struct service *service)
{
    int64_t watch_us = service->watchdog_us / 4;

    return watch_us > 0 && watch_us < AUDIT_LOOK_US ? watch_us : AUDIT_LOOK_US;
}

/* Tells the supervisor only if all workers turn. Without news it restarts the service. */
static void tell_watchdog(struct service *service)
{
    int64_t now_us = clock_monotonic_us();
    bool all_turn = true;

    if (service->watchdog_us == 0 || now_us - service->watched_us < service->watchdog_us / 4)
        return;
    service->watched_us = now_us;
    for (size_t i = 0; i < service->parts.worker_count; i++)
        all_turn &= worker_is_turning(service->parts.workers[i]);
    if (all_turn)
        systemd_notify("WATCHDOG=1");
}

/* If Redis has lost the catalogue, it has lost the counters, too. */
static void look_for_losses(struct service *service)
{
    const unsigned losses = catalogue_losses(service->parts.catalogue);

    if (losses == service->losses || service->held.started->catalogue != CATALOGUE_KIND_REDIS)
        return;
    service->losses = losses;
    counter_budget_clear(service->parts.budget);
}

static void look_for_nodes(struct service *service)
{
    struct redis_topology *topology = service->parts.topology;

    if (topology == NULL || redis_topology_version(topology) == service->map_version)
        return;
    service->map_version = redis_topology_version(topology);

    struct redis_map *map = redis_topology_map(topology);

    file_limit_look(&service->files, service->held.started, map->node_count);
    redis_map_release(map);
}

static void reload(struct service *service)
{
    struct error error = {.message = "."};
    bool swapped;

    systemd_notify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us());
    swapped = held_settings_swap(&service->held, &service->parts, &error);
    if (swapped && service->held.pending_count > 0)
        error_set(&error, ", of which %zu need a restart.", service->held.pending_count);
    if (swapped)
        settle(service);
    if (service->is_ending)
        return;
    if (swapped) {
        in_force_write(&service->in_force, &service->held.in_force, service->held.latest);
        log_write(LOG_INFO, "reloaded", LOG_REGISTRATION(service->held.latest));
    } else {
        /* The log line names the sandbox, because otherwise nobody could tell why a readable file
         * is refused. */
        log_write(LOG_ERROR, "reload refused", LOG_STRING("reason", error.message),
                  LOG_STRING(service->held.started->sandbox ? "sandbox" : NULL,
                             "only files beside those named at the start can be read"));
    }
    systemd_notify("READY=1\nSTATUS=Serving with the %s settings%s%s", swapped ? "new" : "old",
                   swapped ? "" : ": ", error.message);
}

/* Waits until all workers use the new settings, or the service is to end, because a worker may
 * hang. */
static void settle(struct service *service)
{
    while (!held_settings_are_taken(&service->parts)) {
        service->is_ending = signals_came(SIGNALS_END, LOOK_US);
        if (service->is_ending)
            return;
    }
    held_settings_drop_replaced(&service->held);
}

/* A second signal ends the process at once. */
static const char *drain(struct service *service, int64_t deadline_us)
{
    bool drained = true;

    signals_release_ends();
    log_write(LOG_INFO, "draining", LOG_NONE);
    systemd_notify("STOPPING=1\nSTATUS=Answering what is under way.");
    atomic_store(&service->parts.draining, true);
    listener_hide(&service->parts.listener);
    for (size_t i = 0; i < service->parts.worker_count; i++)
        worker_drain(service->parts.workers[i]);
    for (size_t i = 0; i < service->parts.worker_count; i++)
        drained &= join(service->parts.workers[i], deadline_us);
    return drained ? NULL : "requests";
}

/* Meanwhile refuses reloads, with a log line. */
static bool join(struct worker *worker, int64_t deadline_us)
{
    for (;;) {
        int64_t left_us = deadline_us - clock_monotonic_us();
        bool is_last = left_us <= DRAIN_LOOK_US;

        if (worker_join(worker, deadline_us - (is_last ? 0 : left_us - DRAIN_LOOK_US)))
            return true;
        if (signals_came(SIGNALS_RELOAD, 0))
            log_write(LOG_WARN, "reload refused", LOG_STRING("reason", "the service is ending"));
        if (is_last)
            return false;
    }
}

/* One after the other, while the workers' queues still exist, because the threads answer to
 * them. */
static const char *end_threads(struct service *service, int64_t deadline_us)
{
    bool ended = catalogue_stop(service->parts.catalogue, clock_monotonic_us() + STEP_US_MAX);
    int64_t give_up_us = clock_monotonic_us() + FLUSH_US_MIN;

    if (give_up_us < deadline_us)
        give_up_us = deadline_us;
    if (!journal_stop(service->parts.journal, give_up_us, give_up_us + STEP_US_MAX))
        return "journal";
    if (service->parts.topology != NULL &&
        !redis_topology_stop(service->parts.topology, clock_monotonic_us() + 2 * STEP_US_MAX))
        return "redis topology";
    return ended ? NULL : "catalogue";
}

static void dispose(struct service *service)
{
    service_parts_dispose(&service->parts);
    in_force_close(&service->in_force);
    held_settings_free(&service->held);
}
