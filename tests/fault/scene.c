/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include "support/cmocka.h"
#include "support/process.h"
#include "support/wait.h"
#include "system/scrape.h"

#define PER_SECOND  300
#define CONNECTIONS 4
#define WARM_CHECKS 150

/* The promised figure. */
#define P99_US_MAX INT64_C(20000)

void scene_open(struct scene *scene, const char *const flags[], bool is_strict)
{
    const struct service_options options = {
        .flags = flags,
        .environment = (const char *const[]){PROCESS_MAY_BE_SEEN, NULL},
    };

    *scene = (struct scene){.service = service_start(&options), .is_strict = is_strict};
    scene->tenant = tenant_new(scene->service);
    tenant_policy(scene->tenant, "{'route_key':'/a','limit':%d,'window_seconds':31536000}",
                  SCENE_QUOTA);
    scene->check_bytes = scene_write_check(scene->tenant, scene->check);
    const struct load_options load_options = {
        .port = service_port(scene->service),
        .api_key = client_key(scene->tenant),
        .routes = {"/a"},
        .threads = CONNECTIONS,
        .per_second = PER_SECOND,
        .counted_user = "load",
        .denying_route = "none",
    };
    scene->load = load_begin(&load_options);
    load_wait_for_checks(scene->load, WARM_CHECKS, SCENE_WAIT_SECONDS);
    scene->connections = scene_figure(scene, "sluice_http_connections");
    scene->fds = process_open_fds(service_process(scene->service));
    scene->resident_kb = process_resident_kb(service_process(scene->service));
}

void scene_close(struct scene *scene)
{
    WAIT_FOR (SCENE_WAIT_SECONDS, scene_has_all_back(scene))
        ;
    const struct load_summary summary = load_end(scene->load);
    const int64_t p99_us = load_percentile_us(&summary, 0.99);
    client_free(scene->tenant);
    service_stop(scene->service);
    print_message("  the good client: %ld checks, %ld failed, p50 %.1f ms, p99 %.1f ms, at most "
                  "%.1f ms\n",
                  summary.checks, summary.failed, (double)load_percentile_us(&summary, 0.50) / 1e3,
                  (double)p99_us / 1e3, (double)summary.slowest_us / 1e3);
    load_expect_answered(&summary);
    load_expect_counted(&summary, false);
    if (scene->is_strict)
        assert_in_range(p99_us, 0, P99_US_MAX);
}

double scene_figure(const struct scene *scene, const char *name)
{
    return scrape_figure(scene->tenant, name, "");
}

double scene_grown_kb(const struct scene *scene)
{
    return (double)process_resident_kb(service_process(scene->service)) -
           (double)scene->resident_kb;
}

bool scene_has_all_back(const struct scene *scene)
{
    return scene_figure(scene, "sluice_http_connections") <= scene->connections &&
           process_open_fds(service_process(scene->service)) <= scene->fds;
}

size_t scene_write_check(const struct client *tenant, char request[static SCENE_REQUEST_BYTES])
{
    static const char body[] = "{\"user_id\":\"one of many\",\"route_key\":\"/a\"}";
    int length = snprintf(request, SCENE_REQUEST_BYTES,
                          "POST /check HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          client_key(tenant), strlen(body), body);

    ASSERT(length > 0 && length < SCENE_REQUEST_BYTES);
    return (size_t)length;
}
