/* SPDX-License-Identifier: MIT */
#include "flood.h"

#include "support/cmocka.h"
#include "support/process.h"
#include "support/world.h"
#include "system/scrape.h"

#define ROOM         "100000"
#define WAIT_SECONDS 120 /* beyond the flood itself */
#define NUMBER_BYTES 16
#define CALLS        "sluice_store_calls_total"

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
    char port[NUMBER_BYTES];
    char connections[NUMBER_BYTES];
    char seconds[NUMBER_BYTES];
    char output[SCRATCH_PATH_BYTES];
    const char *const argv[] = {FLOODER, port, client_key(tenant), connections, seconds, NULL};
    enum { ANSWERED, DEGRADED, FAILED, P99_US, TOOK_US, COUNT };
    long long told[COUNT];

    (void)snprintf(port, sizeof(port), "%d", service_port(service));
    (void)snprintf(connections, sizeof(connections), "%zu", options->connections);
    (void)snprintf(seconds, sizeof(seconds), "%d", options->seconds);
    scratch_file("flooder", "", output);
    pid_t flooder = process_start(argv, NULL, output);
    int code = process_wait(flooder, options->seconds + WAIT_SECONDS);
    if (code == PROCESS_RUNNING)
        process_kill(flooder);
    char *text = scratch_read(output);
    char *rest = text;
    for (size_t i = 0; i < COUNT; i++)
        told[i] = strtoll(rest, &rest, 10);
    if (code != 0 || *rest != '\n')
        fail_msg("the flooder ended with %d: %s", code, text);
    free(text);
    summary->answered = (long)told[ANSWERED];
    summary->degraded = (long)told[DEGRADED];
    summary->failed = (long)told[FAILED];
    summary->p99_us = told[P99_US];
    summary->per_second = (double)summary->answered * 1e6 / (double)told[TOOK_US];
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
