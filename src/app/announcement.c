/* SPDX-License-Identifier: MIT */
#include "announcement.h"

#include "app/registration.h"
#include "base/log.h"
#include "systemd.h"

static void log_listening(const struct service_parts *parts, const struct settings *settings,
                          bool decides);

void announce_listening(const struct service_parts *parts, const struct settings *settings,
                        bool decides)
{
    char address[LISTENER_TEXT_BYTES];

    log_listening(parts, settings, decides);
    listener_write(&parts->listener, address);
    systemd_notify("READY=1\nSTATUS=%s on %s.",
                   decides ? "Serving" : "Waiting for the store or the catalogue", address);
}

static void log_listening(const struct service_parts *parts, const struct settings *settings,
                          bool decides)
{
    const int port = listener_port(&parts->listener);
    const int metrics_port = listener_port(&parts->operation);
    const bool has_path = parts->operation.address.ss_family == AF_UNIX;
    char address[LISTENER_TEXT_BYTES];
    char metrics[LISTENER_TEXT_BYTES];

    listener_write_host(&parts->listener, address);
    listener_write_host(&parts->operation, metrics);
    log_write(
        decides ? LOG_INFO : LOG_WARN, "listening", LOG_STRING("address", address),
        LOG_INTEGER(port > 0 ? "port" : NULL, port),
        LOG_INTEGER(metrics_port > 0 ? "metrics_port" : NULL, metrics_port),
        LOG_STRING(has_path ? "metrics_address" : NULL, metrics),
        LOG_INTEGER("workers", (int64_t)parts->worker_count),
        LOG_STRING("engine", settings->engine == ENGINE_REDIS ? "redis" : "memory"),
        LOG_STRING("catalogue", settings->catalogue == CATALOGUE_KIND_REDIS ? "redis" : "sqlite"),
        LOG_STRING("decides", decides ? "yes" : "not yet"), LOG_REGISTRATION(settings));
}
