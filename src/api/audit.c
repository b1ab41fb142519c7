/* SPDX-License-Identifier: MIT */
#include "api/audit.h"

#include "api/caller.h"
#include "base/log_limit.h"
#include "base/memory.h"
#include "catalogue/app.h"
#include "http/router.h"
#include "limit/word.h"

enum kind { REGISTRATIONS, POLICIES, RESETS, COUNTERS, LOSSES, REFUSALS, KEYS, KIND_COUNT };

static const struct log_limit_kind kinds[KIND_COUNT] = {
    [REGISTRATIONS] = {"more apps registered", "address", 20, LOG_INFO},
    [POLICIES] = {"more policies changed", "app_id", 20, LOG_INFO},
    [RESETS] = {"more counters reset", "app_id", 20, LOG_INFO},
    [COUNTERS] = {"more counters refused", "app_id", 1, LOG_WARN},
    [LOSSES] = {"more not handed back", "app_id", 1, LOG_WARN},
    [REFUSALS] = {"more requests refused", "address", 5, LOG_INFO},
    [KEYS] = {"keys refused", "address", 0, LOG_WARN},
};

struct audit {
    struct log_limit *limits[KIND_COUNT];
};

typedef char address_text[IP_ADDRESS_SITE_BYTES];
typedef char of_text[sizeof("one ") + WORD_BYTES_MAX];

static void policy_changed(const struct api *api, struct request *request, const char *event,
                           const struct policy_identity *identity, int64_t version);
static bool admits(const struct api *api, enum kind kind, const char *subject);
static void write_address(const struct api *api, struct request *request, address_text text);
static void write_of(const struct policy_identity *identity, of_text text);
static const char *app_id_of(const struct request *request);
static void refused(const struct api *api, struct request *request, const char *address);
static enum log_level level_of(int status);

struct audit *audit_new(void)
{
    struct audit *audit = MEMORY_NEW(struct audit);

    for (size_t i = 0; i < KIND_COUNT; i++)
        audit->limits[i] = log_limit_new(&kinds[i]);
    return audit;
}

void audit_free(struct audit *audit)
{
    if (!audit)
        return;
    for (size_t i = 0; i < KIND_COUNT; i++)
        log_limit_free(audit->limits[i]);
    free(audit);
}

void audit_turn(struct audit *audit, int64_t now_us)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        log_limit_turn(audit->limits[i], now_us);
}

void audit_registered(const struct api *api, struct request *request, const char *app_id,
                      struct text name)
{
    address_text address;

    if (!api->audit)
        return;
    write_address(api, request, address);
    if (!admits(api, REGISTRATIONS, address))
        return;
    log_write(LOG_INFO, "app registered", LOG_STRING("app_id", app_id),
              LOG_STRING("address", address), LOG_TEXT("name", name));
}

void audit_policy_saved(const struct api *api, struct request *request,
                        const struct policy_identity *identity, int64_t version)
{
    policy_changed(api, request, "policy saved", identity, version);
}

void audit_policy_deleted(const struct api *api, struct request *request,
                          const struct policy_identity *identity)
{
    policy_changed(api, request, "policy deleted", identity, 0);
}

void audit_reset(const struct api *api, struct request *request, struct text route_key,
                 struct text role)
{
    const char *app_id = app_id_of(request);
    address_text address;

    if (!admits(api, RESETS, app_id))
        return;
    write_address(api, request, address);
    log_write(LOG_INFO, "counters reset", LOG_STRING("app_id", app_id),
              LOG_STRING("address", address), LOG_TEXT("route_key", route_key),
              LOG_TEXT("role", role));
}

void audit_counter_refused(const struct api *api, const struct app *app)
{
    if (admits(api, COUNTERS, app->id))
        log_write(LOG_WARN, "counter refused: the app has too many", LOG_STRING("app_id", app->id),
                  LOG_STRING("setting", "counters_per_app_max"));
}

void audit_not_handed_back(const struct api *api, const char *app_id)
{
    if (admits(api, LOSSES, app_id))
        log_write(LOG_WARN, "not handed back: the app has too many counters",
                  LOG_STRING("app_id", app_id), LOG_STRING("setting", "counters_per_app_max"));
}

void audit_answered(const struct api *api, struct request *request)
{
    const struct route *route = request->route;
    int status = request->response.status;
    address_text address;

    if (!api->audit || !route || status < 400)
        return;
    if (route->access == ROUTE_APP && status == 401) {
        write_address(api, request, address);
        (void)admits(api, KEYS, address); /* never true */
    } else if (route->guard != ROUTE_UNLIMITED) {
        write_address(api, request, address);
        refused(api, request, address);
    }
}

/* `version`: 0 if there is none any more. */
static void policy_changed(const struct api *api, struct request *request, const char *event,
                           const struct policy_identity *identity, int64_t version)
{
    const char *app_id = app_id_of(request);
    address_text address;
    of_text of;

    if (!admits(api, POLICIES, app_id))
        return;
    write_address(api, request, address);
    write_of(identity, of);
    log_write(LOG_INFO, event, LOG_STRING("app_id", app_id), LOG_STRING("address", address),
              LOG_INTEGER(version == 0 ? NULL : "version", version),
              LOG_TEXT("route_key", identity->route_key), LOG_TEXT("role", identity->role),
              LOG_STRING(of[0] == '\0' ? NULL : "of", of));
}

static bool admits(const struct api *api, enum kind kind, const char *subject)
{
    return api->audit && log_limit_admits(api->audit->limits[kind], subject, api->now_us);
}

static void write_address(const struct api *api, struct request *request, address_text text)
{
    struct ip_address site = caller_site(request, api);

    ip_address_write_site(&site, text);
}

/* "one user", "one org"; empty if the policy is for everybody. */
static void write_of(const struct policy_identity *identity, of_text text)
{
    const struct subject *subject = &identity->subject;

    (void)snprintf(text, sizeof(of_text), "%s%.*s", subject_is_absent(subject) ? "" : "one ",
                   TEXT_PRINTF(subject->name));
}

static const char *app_id_of(const struct request *request)
{
    const struct app *app = request->principal;

    return app ? app->id : NULL;
}

static void refused(const struct api *api, struct request *request, const char *address)
{
    const struct route *route = request->route;
    const char *app_id = app_id_of(request);

    if (!admits(api, REFUSALS, address))
        return;
    log_write(level_of(request->response.status), "request refused", LOG_STRING("address", address),
              LOG_STRING(app_id ? "app_id" : NULL, app_id), LOG_STRING("method", route->method),
              LOG_STRING("path", route->path), LOG_INTEGER("status", request->response.status));
}

/* A caller's own mistake needs no warning. */
static enum log_level level_of(int status)
{
    bool concerns_operator = status == 401 || status == 403 || status == 429 || status >= 500;

    return concerns_operator ? LOG_WARN : LOG_INFO;
}
