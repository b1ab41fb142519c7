/* SPDX-License-Identifier: MIT */
#include "flood.h"

#include "flood_requests.h"
#include "flooding.h"
#include "support/cmocka.h"
#include "support/world.h"
#include "system/scrape.h"

#define ROOM          "100000"
#define REQUEST_BYTES 512
#define CALLS         "sluice_store_calls_total"

/* For a user of each connection's own. */
static const char question[] = "{\"user_id\":\"" FLOOD_CONNECTION "\",\"route_key\":\"/a\"}";

static void flood_service(const struct service *service, const struct client *tenant,
                          const struct flood_options *options, struct flood_summary *summary);
static void read_figures(const struct service *service, struct client *tenant,
                         struct flood_summary *summary);
static void print_row(const struct flood_options *options, const struct flood_summary *summary);

void flood_print_head(void)
{
    print_message("  redis away  connections  decisions/s   p99 ms  degraded %%   late %%  "
                  "kept waiting %%  breaker opened\n");
}

struct flood_summary flood_run(const struct flood_options *options)
{
    static const char *const flags[] = {"--workers", "1", "--connections-max", ROOM, NULL};
    const struct service_options service_options = {
        .redis_url = options->redis_url,
        .redis_timeout_ms = options->redis_timeout_ms,
        .flags = flags,
    };
    struct service *service = service_start(&service_options);
    struct client *tenant = tenant_new(service);
    struct flood_summary summary = {0};

    tenant_policy(tenant, "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
    flood_service(service, tenant, options, &summary);
    read_figures(service, tenant, &summary);
    print_row(options, &summary);
    client_free(tenant);
    service_stop(service);
    if (summary.failed > 0)
        fail_msg("%ld were answered otherwise, or not at all", summary.failed);
    return summary;
}

double flood_degraded_share(const struct flood_summary *summary)
{
    return 100 * (double)summary->degraded / (double)summary->answered;
}

double flood_late_share(const struct flood_summary *summary)
{
    return 100 * summary->late / summary->calls;
}

static void flood_service(const struct service *service, const struct client *tenant,
                          const struct flood_options *options, struct flood_summary *summary)
{
    char requests[SCRATCH_PATH_BYTES];
    char request[REQUEST_BYTES];
    struct flooding flooding;
    struct flooding_summary told;
    const struct flooding_options flooding_options = {
        .port = service_port(service),
        .connections = options->connections,
        .seconds = options->seconds,
        .requests = requests,
        .manner = "floods",
    };

    (void)snprintf(request, sizeof(request),
                   "POST /check HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   client_key(tenant), strlen(question), question);
    scratch_file("requests", request, requests);
    flooding_begin(&flooding, &flooding_options);
    flooding_end(&flooding, &told);
    summary->answered = told.answered;
    summary->degraded = told.degraded;
    summary->failed = told.others;
    summary->p99_us = told.p99_us;
    summary->per_second = (double)told.answered * 1e6 / (double)told.took_us;
}

static void read_figures(const struct service *service, struct client *tenant,
                         struct flood_summary *summary)
{
    static const char *const results[] = {"done", "late", "down", "refused", "broken"};
    static struct scrape scrape;
    char label[32];

    scrape_read(&scrape, tenant);
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        (void)snprintf(label, sizeof(label), "result=\"%s\"", results[i]);
        summary->calls += scrape_value(&scrape, CALLS, label);
    }
    summary->late = scrape_value(&scrape, CALLS, "result=\"late\"");
    summary->kept_waiting = scrape_value(&scrape, "sluice_store_replies_kept_waiting_total", "");
    summary->openings = service_count_events(service, "redis is not asked: it keeps failing");
}

static void print_row(const struct flood_options *options, const struct flood_summary *summary)
{
    print_message("  %7d ms  %11zu  %11.0f  %7.1f  %10.3f  %7.3f  %14.3f  %14d\n",
                  options->distance_ms, options->connections, summary->per_second,
                  (double)summary->p99_us / 1e3, flood_degraded_share(summary),
                  flood_late_share(summary), 100 * summary->kept_waiting / summary->calls,
                  summary->openings);
}
