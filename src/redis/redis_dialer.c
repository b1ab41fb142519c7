/* SPDX-License-Identifier: MIT */
#include "redis/redis_dialer.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "redis/redis_connector.h"

#include <event2/event.h>

struct redis_dialer {
    struct event_base *base;
    struct redis_connector *connector;
    bool is_over; /* the attempt; its result is below */
    int fd;
    struct error error;
};

static void on_connected(void *context, int fd, const char *reason);

struct redis_dialer *redis_dialer_new(const char *resolv_conf)
{
    struct redis_dialer *dialer = MEMORY_NEW(struct redis_dialer);

    dialer->base = event_base_new();
    ASSERT(dialer->base != NULL);
    dialer->connector = redis_connector_new(dialer->base, resolv_conf, dialer, on_connected);
    return dialer;
}

void redis_dialer_free(struct redis_dialer *dialer)
{
    if (dialer == NULL)
        return;
    redis_connector_free(dialer->connector);
    /* a look-up that was cut off ends in it */
    (void)event_base_loop(dialer->base, EVLOOP_NONBLOCK);
    event_base_free(dialer->base);
    free(dialer);
}

int redis_dialer_dial(struct redis_dialer *dialer, const struct redis_endpoint *endpoint,
                      int timeout_ms, struct error *error)
{
    dialer->is_over = false;
    redis_connector_begin(dialer->connector, endpoint,
                          clock_monotonic_us() + timeout_ms * MILLISECOND_US);
    while (!dialer->is_over)
        (void)event_base_loop(dialer->base, EVLOOP_ONCE);
    if (dialer->fd < 0)
        *error = dialer->error;
    return dialer->fd;
}

void redis_dialer_trust(struct redis_dialer *dialer)
{
    redis_connector_trust(dialer->connector);
}

static void on_connected(void *context, int fd, const char *reason)
{
    struct redis_dialer *dialer = context;

    dialer->is_over = true;
    dialer->fd = fd;
    if (fd < 0)
        error_set(&dialer->error, "%s", reason);
}
