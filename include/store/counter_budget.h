/* SPDX-License-Identifier: MIT
 *
 * How many counters each tenant has in Redis through this process, and whether it may have more.
 * A key counts, which holds the counters of a policy by one set of subjects. So does each charge
 * that a log keeps. Both take about the same memory if the policy has one limit. A key with eight
 * limits, and eight that an edit has replaced, takes four times as much.
 *
 * Each process counts what its own scripts report (take_reply_lives()). A counter is counted until
 * it expires, and at most a seventh of that time longer (expiries.h). A charge that lets a key live
 * longer moves its end, so it stays counted. A charge that leaves the expiry as it is, as most do,
 * costs nothing here. Processes do not tell each other, and a new process begins with no counters,
 * so a tenant may have so many from each process. If one process creates a key and another lets it
 * live longer, the first counts it until its former expiry, and from then on only the other does,
 * which cannot refuse it. Calls on their way are not counted yet, so a tenant may have some too
 * many: at most eight for each of these calls. Keys that others delete in Redis are counted until
 * they would have expired. So are keys that Redis loses, unless counter_budget_clear() is called.
 *
 * A tenant's count takes little more than a kilobyte, and is freed when there is nothing to count.
 * Tenant 0, the service itself, has no bound. Any thread. Tenants share a short lock; while no
 * tenant has as many as it may, only operations that change a life need it. */
#ifndef STORE_COUNTER_BUDGET_H
#define STORE_COUNTER_BUDGET_H

#include "store/take_reply.h"

struct counter_budget;

struct counter_budget *counter_budget_new(int64_t counters_max);
void counter_budget_free(struct counter_budget *budget);

/* Sets the most counters for each tenant, from now on. */
void counter_budget_set_max(struct counter_budget *budget, int64_t counters_max);

/* Redis has lost its counters: none is counted any more. */
void counter_budget_clear(struct counter_budget *budget);

/* Whether the tenant may have another counter. Always true if `budget` is NULL. */
bool counter_budget_allows(struct counter_budget *budget, uint32_t tenant, int64_t now_us);

/* The life of one of the tenant's keys has begun, or has changed. */
void counter_budget_note(struct counter_budget *budget, uint32_t tenant,
                         const struct take_life *life, int64_t now_us);

/* One of the tenant's keys was deleted, which would have lived for `left_us`. Does nothing if no
 * counted key can be it. */
void counter_budget_give_back(struct counter_budget *budget, uint32_t tenant, int64_t left_us,
                              int64_t now_us);

/* The time from now until the first of its counters has expired: at least a second. */
int64_t counter_budget_room_us(struct counter_budget *budget, uint32_t tenant, int64_t now_us);

/* For tests: how many counters it has, and how many tenants are counted. */
int64_t counter_budget_live(struct counter_budget *budget, uint32_t tenant, int64_t now_us);
size_t counter_budget_tenants(struct counter_budget *budget);

#endif
