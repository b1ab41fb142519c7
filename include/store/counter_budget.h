/* SPDX-License-Identifier: MIT
 *
 * How many counters each tenant has in Redis through this process, and whether it may have more.
 * What is counted is a key for each subject under a policy, and each charge that a log keeps: both
 * take about as much memory.
 *
 * Each process counts what its own scripts tell (take_script_lives()), by how long it lives: one
 * is counted until it expires, and for a seventh of that time longer at most (expiries.h). A
 * charge that lets a key live longer moves it, so it stays counted; one whose expiry stands, as
 * most do, costs nothing. Processes do not tell each other, and one that starts begins with none:
 * so a tenant may have as many from each. What one has created and another lets live longer is
 * counted by the one until its former expiry, and from then on by the other alone, which cannot
 * refuse it. Calls that are on their way are not counted yet: a tenant may have some more than it
 * may. What others delete in Redis is counted until it would have expired, and so is what Redis
 * loses, unless somebody clears the budget.
 *
 * A tenant's count takes little more than a kilobyte, and goes when there is nothing to count.
 * Tenant 0, the service itself, has no bound. Any thread; a short lock that tenants share, and of
 * the takes only those have it that change a life, while nobody has as many as he may. */
#ifndef STORE_COUNTER_BUDGET_H
#define STORE_COUNTER_BUDGET_H

#include "store/take_script.h"

struct counter_budget;

struct counter_budget *counter_budget_new(int64_t counters_max);
void counter_budget_free(struct counter_budget *budget);

/* From now on, for each tenant. */
void counter_budget_set_max(struct counter_budget *budget, int64_t counters_max);

/* Redis has lost its counters: none is counted. */
void counter_budget_clear(struct counter_budget *budget);

/* Whether the tenant may have another counter. Always without a budget. */
bool counter_budget_allows(struct counter_budget *budget, uint32_t tenant, int64_t now_us);

/* The life of one of its keys has begun, or has changed. */
void counter_budget_note(struct counter_budget *budget, uint32_t tenant,
                         const struct take_life *life, int64_t now_us);

/* One of its keys was deleted, which would have lived for so long: nothing where none is counted
 * that could be it. */
void counter_budget_give_back(struct counter_budget *budget, uint32_t tenant, int64_t left_us,
                              int64_t now_us);

/* Until when, from now on, the first of its counters has expired: at least a second. */
int64_t counter_budget_room_us(struct counter_budget *budget, uint32_t tenant, int64_t now_us);

/* For tests: how many counters it has, and how many tenants are counted. */
int64_t counter_budget_live(struct counter_budget *budget, uint32_t tenant, int64_t now_us);
size_t counter_budget_tenants(struct counter_budget *budget);

#endif
