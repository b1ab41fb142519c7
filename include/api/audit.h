/* SPDX-License-Identifier: MIT
 *
 * What the operator is told of what callers change and of what they are refused, as lines of the
 * log. A tenant or an address that does much of it gets so many lines in a minute, and then one
 * with the number of the others; keys that are refused are summed up alone. No user's identity is
 * told. Shared by the workers. Where api->audit is NULL nothing is told. */
#ifndef API_AUDIT_H
#define API_AUDIT_H

#include "api/api.h"
#include "http/request.h"
#include "limit/policy.h"

struct app;
struct audit;

struct audit *audit_new(void);
/* Tells of what it has not told yet. */
void audit_free(struct audit *audit);

/* To be called every few seconds: tells of minutes that are over (clock_monotonic_us()). Any
 * thread. */
void audit_turn(struct audit *audit, int64_t now_us);

/* The request has done this, and is about to be answered so. Worker's thread, as all below. */
void audit_registered(const struct api *api, struct request *request, const char *app_id,
                      struct text name);
void audit_policy_saved(const struct api *api, struct request *request,
                        const struct policy_identity *identity, int64_t version);
void audit_policy_deleted(const struct api *api, struct request *request,
                          const struct policy_identity *identity);
void audit_reset(const struct api *api, struct request *request, struct text route_key,
                 struct text role);

/* A counter of the app was not created, because it has counters_per_app_max of them. */
void audit_counter_refused(const struct api *api, const struct app *app);

/* Once for each answer: tells of it if it refuses a key, or something that is to be managed. */
void audit_answered(const struct api *api, struct request *request);

#endif
