/* SPDX-License-Identifier: MIT */
#include "api/routes.h"

#include "api/handlers.h"
#include "metrics/metrics.h"

#define BODY_BYTES_MAX  ((size_t)16 * 1024)
#define BATCH_BYTES_MAX ((size_t)1024 * 1024)

/* Searched from the top, so the most frequent route comes first. */
/* clang-format off */
static const struct route rows[] = {
    {"POST",   "/check",        ROUTE_APP,    ROUTE_UNLIMITED,   BODY_JSON,     QUERY_READ,
     BODY_BYTES_MAX,  check_post,       "Decide one request"},
    {"POST",   "/check/batch",  ROUTE_APP,    ROUTE_UNLIMITED,   BODY_JSON,     QUERY_NONE,
     BATCH_BYTES_MAX, check_batch_post, "Decide many requests"},
    {"POST",   "/charge",       ROUTE_APP,    ROUTE_UNLIMITED,   BODY_JSON,     QUERY_NONE,
     BODY_BYTES_MAX,  charge_post,      "Charge what was used, or give it back"},
    {"POST",   "/register",     ROUTE_PUBLIC, ROUTE_REGISTERING, BODY_JSON,     QUERY_NONE,
     BODY_BYTES_MAX,  register_post,    "Register an app"},
    {"GET",    "/app",          ROUTE_APP,    ROUTE_MANAGING,    BODY_NONE,     QUERY_NONE,
     BODY_BYTES_MAX,  app_get,          "Read which app a key opens"},
    {"POST",   "/policy",       ROUTE_APP,    ROUTE_MANAGING,    BODY_JSON,     QUERY_NONE,
     BODY_BYTES_MAX,  policy_post,      "Save a policy"},
    {"GET",    "/policy",       ROUTE_APP,    ROUTE_MANAGING,    BODY_NONE,     QUERY_READ,
     BODY_BYTES_MAX,  policy_get,       "List policies"},
    {"DELETE", "/policy",       ROUTE_APP,    ROUTE_MANAGING,    BODY_OPTIONAL, QUERY_OR_BODY,
     BODY_BYTES_MAX,  policy_delete,    "Delete a policy"},
    {"POST",   "/policy/simulate", ROUTE_APP, ROUTE_MANAGING,    BODY_JSON,     QUERY_NONE,
     BODY_BYTES_MAX,  simulation_post,  "Try a policy on the log"},
    {"POST",   "/reset",        ROUTE_APP,    ROUTE_MANAGING,    BODY_JSON,     QUERY_NONE,
     BODY_BYTES_MAX,  reset_post,       "Forget a subject's counters"},
    {"GET",    "/subjects/state", ROUTE_APP,  ROUTE_MANAGING,    BODY_NONE,     QUERY_READ,
     BODY_BYTES_MAX,  subjects_get,     "Read what is used and left"},
    {"GET",    "/logs/latest",  ROUTE_APP,    ROUTE_MANAGING,    BODY_NONE,     QUERY_READ,
     BODY_BYTES_MAX,  logs_latest_get,  "Read the latest decisions"},
    {"GET",    "/logs/stream",  ROUTE_APP,    ROUTE_MANAGING,    BODY_NONE,     QUERY_READ,
     BODY_BYTES_MAX,  logs_stream_get,  "Follow the decisions"},
    {"GET",    "/usage",        ROUTE_APP,    ROUTE_MANAGING,    BODY_NONE,     QUERY_READ,
     BODY_BYTES_MAX,  usage_get,        "Read totals of decisions"},
    {"GET",    "/openapi.json", ROUTE_PUBLIC, ROUTE_UNLIMITED,   BODY_NONE,     QUERY_NONE,
     BODY_BYTES_MAX,  asset_get,        "This contract"},
    {"GET",    "/docs",         ROUTE_PUBLIC, ROUTE_UNLIMITED,   BODY_NONE,     QUERY_NONE,
     BODY_BYTES_MAX,  asset_get,        "The contract as a page"},
    {"GET",    "/dashboard",    ROUTE_PUBLIC, ROUTE_UNLIMITED,   BODY_NONE,     QUERY_NONE,
     BODY_BYTES_MAX,  asset_get,        "The app's decisions and policies as a page"},
    /* The operator's routes, /metrics last: see routes.h. */
    {"GET",    "/livez",        ROUTE_PUBLIC, ROUTE_UNLIMITED,   BODY_NONE,     QUERY_NONE,
     BODY_BYTES_MAX,  livez_get,        "Is the process alive"},
    {"GET",    "/readyz",       ROUTE_PUBLIC, ROUTE_UNLIMITED,   BODY_NONE,     QUERY_NONE,
     BODY_BYTES_MAX,  readyz_get,       "Can the service decide"},
    {"GET",    "/metrics",      ROUTE_PUBLIC, ROUTE_UNLIMITED,   BODY_NONE,     QUERY_NONE,
     BODY_BYTES_MAX,  metrics_get,      "Figures for Prometheus"},
};
/* clang-format on */

#define OPERATION_ROWS 3

static const struct route_table table = {rows, ARRAY_COUNT(rows)};
static const struct route_table without_metrics = {rows, ARRAY_COUNT(rows) - 1};
static const struct route_table of_operation = {rows + ARRAY_COUNT(rows) - OPERATION_ROWS,
                                                OPERATION_ROWS};

_Static_assert(ARRAY_COUNT(rows) <= METRICS_ROUTES_MAX, "each route is counted by itself");

const struct route_alias route_aliases[] = {
    {"/policies", "/policy"},
    {"/rules", "/policy"},
    {"/rule", "/policy"},
    {"/limits", "/policy"},
    {"/limit", "/policy"},
    {"/simulate", "/policy/simulate"},
    {"/simulation", "/policy/simulate"},
    {"/apps", "/register"},
    {"/keys", "/register"},
    {"/whoami", "/app"},
    {"/me", "/app"},
    {"/signup", "/register"},
    {"/checks", "/check/batch"},
    {"/batch", "/check/batch"},
    {"/throttle", "/check"},
    {"/charges", "/charge"},
    {"/refund", "/charge"},
    {"/ratelimit", "/check"},
    {"/subject", "/subjects/state"},
    {"/state", "/subjects/state"},
    {"/counters", "/subjects/state"},
    {"/logs", "/logs/latest"},
    {"/log", "/logs/latest"},
    {"/decisions", "/logs/latest"},
    {"/stream", "/logs/stream"},
    {"/events", "/logs/stream"},
    {"/tail", "/logs/stream"},
    {"/stats", "/usage"},
    {"/health", "/readyz"},
    {"/healthz", "/readyz"},
    {"/ready", "/readyz"},
    {"/status", "/readyz"},
    {"/live", "/livez"},
    {"/ping", "/livez"},
    {"/prometheus", "/metrics"},
    {"/swagger", "/docs"},
    {"/redoc", "/docs"},
    {"/api-docs", "/docs"},
    {"/console", "/dashboard"},
    {"/ui", "/dashboard"},
    {"/swagger.json", "/openapi.json"},
    {NULL, NULL},
};

const struct route_table *routes(void)
{
    return &table;
}

const struct route_table *routes_without_metrics(void)
{
    return &without_metrics;
}

const struct route_table *routes_of_operation(void)
{
    return &of_operation;
}
