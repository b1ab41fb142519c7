/* SPDX-License-Identifier: MIT
 *
 * Log lines for the operator about what callers change and which requests are refused. A tenant or
 * an address gets a limited number of lines per minute, and then one line with the number of the
 * others. Refused keys are only summed up. No line names a user. Shared by the workers. If
 * api->audit is NULL, nothing is written. */
#ifndef API_AUDIT_H
#define API_AUDIT_H

#include "api/api.h"
#include "http/request.h"
#include "limit/policy.h"

struct app;
struct audit;

struct audit *audit_new(void);
/* Writes the sums that are still open. */
void audit_free(struct audit *audit);

/* To be called every few seconds: writes the sums of minutes that are over (clock_monotonic_us()).
 * Any thread. */
void audit_turn(struct audit *audit, int64_t now_us);

/* To be called when the request has done this, just before its answer. Worker's thread, like all
 * below. */
void audit_registered(const struct api *api, struct request *request, const char *app_id,
                      struct text name);
void audit_policy_saved(const struct api *api, struct request *request,
                        const struct policy_identity *identity, int64_t version);
void audit_policy_deleted(const struct api *api, struct request *request,
                          const struct policy_identity *identity);
void audit_reset(const struct api *api, struct request *request, struct text route_key,
                 struct text role);

/* A counter of the app was not created, because the app has counters_per_app_max of them. */
void audit_counter_refused(const struct api *api, const struct app *app);

/* What was allowed or charged for one counter while the store was away is lost for the same
 * reason. */
void audit_not_handed_back(const struct api *api, const char *app_id);

/* To be called once per answer: writes a line if it refuses a key or a management request. */
void audit_answered(const struct api *api, struct request *request);

#endif
