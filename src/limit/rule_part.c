/* SPDX-License-Identifier: MIT */
#include "limit/rule_part.h"

#define NOT_TAKEN UINT8_MAX

static void sets_choose(struct rule_part *part, const struct rule *rule, const void *context,
                        rule_part_takes_fn *takes, uint8_t places[]);

void rule_part_choose(struct rule_part *part, const struct rule *rule, const void *context,
                      rule_part_takes_fn *takes)
{
    uint8_t places[LIMITS_MAX];

    part->rule = *rule;
    part->rule.limits = part->limits;
    part->rule.sets = part->sets;
    part->rule.limit_count = 0;
    sets_choose(part, rule, context, takes, places);
    for (size_t i = 0; i < rule->limit_count; i++) {
        const uint8_t place = places[rule->limits[i].set];

        if (place == NOT_TAKEN)
            continue;
        part->limits[part->rule.limit_count] = rule->limits[i];
        part->limits[part->rule.limit_count++].set = place;
    }
}

/* By the rule's sets, `places` says where each is in the part. */
static void sets_choose(struct rule_part *part, const struct rule *rule, const void *context,
                        rule_part_takes_fn *takes, uint8_t places[])
{
    part->rule.set_count = 0;
    part->rule.common_set = -1;
    for (size_t i = 0; i < rule->set_count; i++) {
        places[i] = NOT_TAKEN;
        if (!takes(context, rule->sets[i]))
            continue;
        if ((int)i == rule->common_set)
            part->rule.common_set = (int)part->rule.set_count;
        places[i] = (uint8_t)part->rule.set_count;
        part->sets[part->rule.set_count++] = rule->sets[i];
    }
}
