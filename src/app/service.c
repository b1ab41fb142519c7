/* SPDX-License-Identifier: MIT
 *
 * The main thread: make, start, wait for signals, drain, in this order. Signals are blocked in
 * every thread and taken here by sigwait(), so no code of ours runs in a signal handler. */
#include "app/service.h"

#include "app/worker.h"
#include "auth/api_key.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

struct service {
    struct settings *settings;
    const struct settings_source *source;
    struct app_index *index;
    struct catalogue *catalogue;
    struct journal *journal;
    struct memory_table *table;
    atomic_bool draining;
    atomic_int starting;
    size_t worker_count;
    struct worker *workers[SETTINGS_WORKERS_MAX];
};

static void block_signals(sigset_t *signals);
static void raise_file_limit(void);
static bool make(struct service *service, struct error *error);
static struct catalogue_backend *open_backend(const struct settings *settings, struct error *error);
static bool make_workers(struct service *service, struct error *error);
static void warn_when_shared(const struct settings *settings);
static void declare_apps(struct catalogue *catalogue, const struct settings *settings);
static void start(struct service *service);
static void obey(struct service *service, const sigset_t *signals);
static void reload(struct service *service);
static bool drain(struct service *service, const sigset_t *signals);
static void dispose(struct service *service);
static void log_listening(const struct service *service);

int service_run(struct settings *settings, const struct settings_source *source)
{
    struct service service = {.settings = settings, .source = source};
    struct error error = {0};
    sigset_t signals;

    block_signals(&signals);
    raise_file_limit();
    if (!settings->core_dumps)
        sandbox_forbid_core_dumps();
    log_set_level(settings->log_level);
    if (!make(&service, &error) || (settings->sandbox && !sandbox_enter(&error))) {
        log_write(LOG_ERROR, "cannot start", LOG_STRING("reason", error.message));
        dispose(&service);
        return EX_UNAVAILABLE;
    }
    start(&service);
    obey(&service, &signals);
    if (!drain(&service, &signals)) {
        /* Requests still hold what disposing would free. */
        log_write(LOG_ERROR, "drain timed out", LOG_NONE);
        _exit(EXIT_FAILURE);
    }
    log_write(LOG_INFO, "stopped", LOG_NONE);
    dispose(&service);
    return EXIT_SUCCESS;
}

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

/* Each connection is a descriptor; the soft limit of most systems is 1,024. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool make(struct service *service, struct error *error)
{
    const struct settings *settings = service->settings;
    struct catalogue_backend *backend = open_backend(settings, error);

    if (!backend)
        return false;
    service->index = app_index_new();
    service->catalogue =
        catalogue_new(backend, service->index, settings->has_pepper ? &settings->pepper : NULL);
    service->journal = journal_new(settings->engine == ENGINE_REDIS ? &settings->redis : NULL);
    service->table = memory_table_new(settings->memory_counters_max);
    return make_workers(service, error);
}

static struct catalogue_backend *open_backend(const struct settings *settings, struct error *error)
{
    switch (settings->catalogue) {
    case CATALOGUE_KIND_SQLITE:
        return catalogue_sqlite_new(settings->catalogue_path, error);
    case CATALOGUE_KIND_REDIS:
        return catalogue_redis_new(&settings->redis);
    }
    ASSERT(!"a catalogue of the table");
    return NULL;
}

/* With port 0 the first worker finds a free port and the others share it. */
static bool make_workers(struct service *service, struct error *error)
{
    const struct settings *settings = service->settings;
    struct worker_shared shared = {
        .settings = settings,
        .api_settings = &settings->api,
        .index = service->index,
        .catalogue = service->catalogue,
        .journal = service->journal,
        .table = service->table,
        .draining = &service->draining,
        .starting = &service->starting,
    };
    struct sockaddr_storage address = settings->listen;
    in_port_t port;

    randombytes_buf(&shared.local_key, sizeof shared.local_key);
    warn_when_shared(settings);
    while (service->worker_count < (size_t)settings->workers) {
        struct worker *worker =
            worker_new(&shared, (const struct sockaddr *)&address, settings->listen_length, error);

        if (!worker)
            return false;
        service->workers[service->worker_count++] = worker;
        port = htons((in_port_t)worker_port(worker));
        if (address.ss_family == AF_INET6)
            ((struct sockaddr_in6 *)&address)->sin6_port = port;
        else
            ((struct sockaddr_in *)&address)->sin_port = port;
    }
    return true;
}

/* Workers share the port, so another process of the same user may share it, too: wanted while one
 * instance takes over from another, a mistake otherwise. */
static void warn_when_shared(const struct settings *settings)
{
    int fd = socket(settings->listen.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&settings->listen, settings->listen_length) != 0 &&
        errno == EADDRINUSE)
        log_write(LOG_WARN, "another process has this address, too", LOG_NONE);
    (void)close(fd);
}

static void declare_apps(struct catalogue *catalogue, const struct settings *settings)
{
    struct catalogue_provision *provisions;

    if (settings->app_count == 0)
        return;
    provisions = memory_new(settings->app_count, sizeof *provisions);
    for (size_t i = 0; i < settings->app_count; i++) {
        const struct settings_app *app = &settings->apps[i];

        provisions[i].name = app->name;
        provisions[i].api_key = app->api_key;
        provisions[i].policies = app->policies;
        provisions[i].policy_count = app->policy_count;
        memcpy(provisions[i].app_id, "app_", 4);
        api_key_random_base62(provisions[i].app_id + 4, APP_ID_BYTES - 4);
    }
    catalogue_provision(catalogue, provisions, settings->app_count);
    free(provisions);
}

static void start(struct service *service)
{
    declare_apps(service->catalogue, service->settings);
    catalogue_start(service->catalogue);
    for (size_t i = 0; i < service->worker_count; i++)
        worker_start(service->workers[i]);
    log_listening(service);
}

static void obey(struct service *service, const sigset_t *signals)
{
    for (;;) {
        int number = sigwaitinfo(signals, NULL);

        if (number == SIGHUP)
            reload(service);
        else if (number == SIGTERM || number == SIGINT)
            return;
    }
}

/* A file that is wrong changes nothing; a setting that needs a restart is named and keeps its
 * old value. */
static void reload(struct service *service)
{
    struct error error = {0};
    int exit_code;
    struct settings *settings = settings_load(service->source, &exit_code, &error);
    const char *kept;

    if (!settings) {
        log_write(LOG_ERROR, "reload refused", LOG_STRING("reason", error.message));
        return;
    }
    kept = settings_changed_for_restart(service->settings, settings);
    if (kept)
        log_write(LOG_WARN, "setting needs a restart", LOG_STRING("setting", kept));
    log_set_level(settings->log_level);
    for (size_t i = 0; i < service->worker_count; i++)
        worker_reload(service->workers[i], &settings->api);
    declare_apps(service->catalogue, settings);
    settings_free(service->settings);
    service->settings = settings;
    log_write(LOG_INFO, "reloaded", LOG_NONE);
}

/* A second signal ends the process at once, by its default action. */
static bool drain(struct service *service, const sigset_t *signals)
{
    int64_t deadline_us = clock_monotonic_us() + service->settings->drain_timeout_s * 1000000;
    bool drained = true;

    log_write(LOG_INFO, "draining", LOG_NONE);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    atomic_store(&service->draining, true);
    for (size_t i = 0; i < service->worker_count; i++)
        worker_drain(service->workers[i]);
    for (size_t i = 0; i < service->worker_count; i++)
        drained &= worker_join(service->workers[i], deadline_us);
    return drained;
}

/* Workers first: the threads they ask must outlive them. */
static void dispose(struct service *service)
{
    for (size_t i = 0; i < service->worker_count; i++)
        worker_free(service->workers[i]);
    journal_free(service->journal);
    catalogue_free(service->catalogue);
    memory_table_free(service->table);
    app_index_free(service->index);
    settings_free(service->settings);
}

static void log_listening(const struct service *service)
{
    const struct settings *settings = service->settings;
    const struct sockaddr_storage *listen = &settings->listen;
    const void *address = listen->ss_family == AF_INET6
                              ? (const void *)&((const struct sockaddr_in6 *)listen)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)listen)->sin_addr;
    char text[INET6_ADDRSTRLEN] = "";

    inet_ntop(listen->ss_family, address, text, sizeof text);
    log_write(
        LOG_INFO, "listening", LOG_STRING("address", text),
        LOG_INTEGER("port", worker_port(service->workers[0])),
        LOG_INTEGER("workers", (int64_t)service->worker_count),
        LOG_STRING("engine", settings->engine == ENGINE_REDIS ? "redis" : "memory"),
        LOG_STRING("catalogue", settings->catalogue == CATALOGUE_KIND_REDIS ? "redis" : "sqlite"));
}
