/* SPDX-License-Identifier: MIT */
#include "catalogue/policy_zones.h"

#include "catalogue/calendars.h"

#include "zones.h"

static void rule_check(const struct rule *rule, const char *pointer, struct faults *faults);
static void zone_refuse(struct text zone, const char *pointer, struct faults *faults);
static const struct period *find_unknown(const struct rule *rule);

void policy_zones_check(const struct policy *policy, const char *pointer, struct faults *faults)
{
    char candidate[sizeof(((struct fault *)NULL)->pointer)];

    rule_check(&policy->rule, pointer, faults);
    if (policy->candidate == NULL)
        return;
    (void)snprintf(candidate, sizeof(candidate), "%s/candidate", pointer);
    rule_check(policy->candidate, candidate, faults);
}

const struct period *policy_zones_find_unknown(const struct policy *policy)
{
    const struct period *live = find_unknown(&policy->rule);
    const struct period *candidate =
        policy->candidate == NULL ? NULL : find_unknown(policy->candidate);

    return live == NULL ? candidate : live;
}

static void rule_check(const struct rule *rule, const char *pointer, struct faults *faults)
{
    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct period *period = rule->limits[i].period;
        char place[sizeof(((struct fault *)NULL)->pointer)];

        if (period == NULL || calendars_know(period->zone))
            continue;
        if (rule->is_listed)
            (void)snprintf(place, sizeof(place), "%s/limits/%zu", pointer, i);
        else
            (void)snprintf(place, sizeof(place), "%s", pointer);
        zone_refuse(period->zone, place, faults);
    }
}

/* To look for the nearest of all names takes long, so it is done for one zone of a document. */
static void zone_refuse(struct text zone, const char *pointer, struct faults *faults)
{
    const char *nearest = faults->count == 0 ? zones_nearest(zone) : NULL;

    faults_add(faults, pointer, "zone",
               "must be a zone of the tz database that this machine can read%s%s",
               nearest == NULL ? "" : ", such as ", nearest == NULL ? "" : nearest);
}

static const struct period *find_unknown(const struct rule *rule)
{
    const struct period *unknown = NULL;

    for (size_t i = 0; i < rule->limit_count; i++) {
        const struct period *period = rule->limits[i].period;

        if (period != NULL && !calendars_know(period->zone) && unknown == NULL)
            unknown = period;
    }
    return unknown;
}
