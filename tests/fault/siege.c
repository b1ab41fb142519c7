/* SPDX-License-Identifier: MIT */
#include "siege.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"
#include "system/scrape.h"

#include <time.h>

#define CHECKING_THREADS 2
#define ROUNDS_MAX       10 /* on a busy machine one may be too short */
#define PAUSE_NS         5000000
#define FLAGS_MAX        (HOSTILITY_FLAGS_MAX + 10)

const int siege_per_second[SIEGE_ASKS] = {[SIEGE_CHECKS] = 200, [SIEGE_ALSO] = 20};

/* siege_play(), in the order it runs. */
static void put_redis_away(struct siege *siege);
static struct service *start_service(const struct siege *siege);
static void add_flags(const char *const more[], const char *flags[static FLAGS_MAX]);
static void add_known_flags(const struct hostility *row, const char *flags[static FLAGS_MAX]);
static void watch_alone(struct siege *siege);
static void write_requests(struct siege *siege, char path[static SCRATCH_PATH_BYTES]);
static void begin_loads(struct siege *siege, struct load *loads[static SIEGE_ASKS]);
static void end_loads(const struct siege *siege, struct load *loads[static SIEGE_ASKS],
                      struct load_summary summaries[static SIEGE_ASKS]);

static void run_hook(void (*hook)(struct siege *siege), struct siege *siege)
{
    if (hook != NULL)
        hook(siege);
}

void siege_play(struct siege *siege, const struct hostility *row,
                const struct siege_options *options)
{
    siege_open(siege, row, options);
    run_hook(row->prepare, siege);
    watch_alone(siege);
    run_hook(row->before, siege);
    siege->figure_before = siege_figure(siege, &row->figure);
    siege_besiege(siege, siege->world->service);
    while (!siege_was_telling(siege) && siege->rounds < ROUNDS_MAX) {
        siege_judge_good(siege);
        siege_besiege(siege, siege->world->service);
    }
    run_hook(row->after, siege);
    siege_judge(siege);
    siege_close(siege);
}

void siege_open(struct siege *siege, const struct hostility *row,
                const struct siege_options *options)
{
    void *world = NULL;

    (void)world_open_engine(&world);
    *siege = (struct siege){
        .row = row,
        .options = options,
        .world = world,
        .connections =
            row->connections > options->connections ? row->connections : options->connections,
        .app_count = row->apps == 0 ? 1 : row->apps,
    };
    if (row->redis_away_ms > 0)
        put_redis_away(siege);
    if (row->is_https)
        https_files_write(&siege->https, &(struct certificate_options){.name = "besieged"});
    siege->world->service = start_service(siege);
    siege->good = tenant_new(siege->world->service);
    tenant_policy(siege->good, "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
    if (row->has_second)
        siege_add_second(siege);
    for (int i = 0; i < siege->app_count; i++)
        siege->apps[i] = tenant_new(siege->world->service);
}

void siege_add_second(struct siege *siege)
{
    siege->world->second = start_service(siege);
    siege->good_elsewhere = tenant_at_second(siege->world, siege->good);
}

void siege_besiege(struct siege *siege, const struct service *service)
{
    char requests[SCRATCH_PATH_BYTES];
    struct load *loads[SIEGE_ASKS] = {NULL};
    struct flooding flooding;
    const struct flooding_options options = {
        .port = service_port(service),
        .connections = siege->connections,
        .seconds = siege->options->seconds_beside,
        .requests = requests,
        .manner = siege->row->manner,
        .from = siege->row->from,
    };

    siege->rounds++;
    write_requests(siege, requests);
    flooding_begin(&flooding, &options);
    begin_loads(siege, loads);
    run_hook(siege->row->meanwhile, siege);
    flooding_end(&flooding, &siege->hostile);
    end_loads(siege, loads, siege->beside);
}

void siege_close(struct siege *siege)
{
    for (int i = 0; i < siege->app_count; i++)
        client_free(siege->apps[i]);
    client_free(siege->good);
    client_free(siege->good_elsewhere);
    void *world = siege->world;
    if (siege->options->is_killed) {
        service_kill(siege->world->service);
        siege->world->service = NULL;
    }
    siege->world = NULL;
    (void)world_close(&world);
    if (siege->proxy != NULL)
        fault_proxy_stop(siege->proxy);
}

void siege_miss(struct siege *siege, const char *format, ...)
{
    const size_t length = strlen(siege->misses);
    char miss[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(miss, sizeof(miss), format, arguments);
    va_end(arguments);
    (void)snprintf(siege->misses + length, sizeof(siege->misses) - length, "%s%s",
                   length > 0 ? "; " : "", miss);
}

double siege_figure(struct siege *siege, const struct hostility_figure *figure)
{
    static struct scrape scrape;

    if (figure->name == NULL)
        return 0;
    scrape_read(&scrape, siege->good);
    const struct scrape_sample *sample = scrape_find(&scrape, figure->name, figure->labels);
    return sample == NULL ? 0 : sample->value;
}

void siege_wait_for(struct siege *siege, const struct hostility_figure *figure, double value)
{
    const int64_t until_us = clock_monotonic_us() + siege->options->seconds_beside * SECOND_US;

    while (siege_figure(siege, figure) < value && clock_monotonic_us() < until_us)
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

long siege_refused(const struct load_summary *summary)
{
    return summary->failed + summary->denied;
}

static void put_redis_away(struct siege *siege)
{
    const struct fault_proxy_options options = {.port = redis_server_port(siege->world->redis)};

    siege->proxy = fault_proxy_start(&options);
    fault_proxy_set(siege->proxy, FAULT_PROXY_DELAY, siege->row->redis_away_ms);
}

static struct service *start_service(const struct siege *siege)
{
    /* What the hostile app has begun may take its time at the end. */
    const char *flags[FLAGS_MAX] = {"--workers", "1", "--drain-timeout-s", "30"};
    struct service_options options = world_options(siege->world);
    char url[REDIS_SERVER_URL_BYTES];

    if (siege->proxy != NULL) {
        redis_server_write_url(siege->world->redis, fault_proxy_port(siege->proxy), url);
        options.redis_url = url;
    }
    add_flags(siege->https.flags, flags);
    add_known_flags(siege->row, flags);
    options.flags = flags;
    options.https = siege->row->is_https;
    options.redis_timeout_ms = siege->options->redis_timeout_ms;
    return service_start(&options);
}

static void add_flags(const char *const more[], const char *flags[static FLAGS_MAX])
{
    while (*flags != NULL)
        flags++;
    while (*more != NULL)
        *flags++ = *more++;
}

/* An older binary is besieged without the settings that it has not. */
static void add_known_flags(const struct hostility *row, const char *flags[static FLAGS_MAX])
{
    char *help = NULL;
    size_t count = 0;

    assert_int_equal(service_run_command((const char *const[]){"serve", "--help", NULL}, &help), 0);
    while (flags[count] != NULL)
        count++;
    for (size_t i = 0; row->flags[i] != NULL; i += 2) {
        if (strstr(help, row->flags[i]) == NULL)
            continue;
        flags[count++] = row->flags[i];
        flags[count++] = row->flags[i + 1];
    }
    free(help);
}

/* The first time only lets pass what has been prepared. */
static void watch_alone(struct siege *siege)
{
    struct load *loads[SIEGE_ASKS] = {NULL};
    const struct timespec alone = {.tv_sec = siege->options->seconds_alone};

    for (int i = 0; i < 2 && alone.tv_sec > 0; i++) {
        begin_loads(siege, loads);
        (void)nanosleep(&alone, NULL);
        end_loads(siege, loads, siege->alone);
    }
}

static void write_requests(struct siege *siege, char path[static SCRATCH_PATH_BYTES])
{
    scratch_file("requests", "", path);
    FILE *requests = fopen(path, "we");
    assert_non_null(requests);
    for (int i = 0; i < siege->app_count; i++)
        siege->row->write_request(siege, i, requests);
    assert_int_equal(fclose(requests), 0);
}

static void begin_loads(struct siege *siege, struct load *loads[static SIEGE_ASKS])
{
    struct load_options options = {
        .port = service_port(siege->world->service),
        .api_key = client_key(siege->good),
        .routes = {"/a"},
        .threads = CHECKING_THREADS,
        .https = service_is_https(siege->world->service),
        .per_second = siege_per_second[SIEGE_CHECKS],
    };

    loads[SIEGE_CHECKS] = load_begin(&options);
    if (siege->row->also_ask == NULL)
        return;
    options.threads = 1;
    options.per_second = siege_per_second[SIEGE_ALSO];
    options.ask = siege->row->also_ask;
    loads[SIEGE_ALSO] = load_begin(&options);
}

static void end_loads(const struct siege *siege, struct load *loads[static SIEGE_ASKS],
                      struct load_summary summaries[static SIEGE_ASKS])
{
    summaries[SIEGE_CHECKS] = load_end(loads[SIEGE_CHECKS]);
    if (siege->row->also_ask != NULL)
        summaries[SIEGE_ALSO] = load_end(loads[SIEGE_ALSO]);
}
