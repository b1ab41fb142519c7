/* SPDX-License-Identifier: MIT */
#include "service_check.h"

static void overrides_write_quoted(const struct reference_terms *terms,
                                   const struct reference_policy *policy, FILE *out);

/* A check that says nothing of its limits has none of the members for that. */
void service_check_write_quoted(const struct service_operation *operation, size_t which,
                                const struct reference_policy *policy, uint64_t route, FILE *out)
{
    const int64_t *costs = operation->costs[which];

    (void)fputs("{'subjects':", out);
    reference_values_write_quoted((1U << REFERENCE_SUBJECTS) - 1, operation->values, out);
    (void)fprintf(out, ",'route_key':'/%llu','cost':%lld,'costs':{", (unsigned long long)route,
                  (long long)costs[0]);
    for (size_t i = 1; i < REFERENCE_MEASURES; i++)
        (void)fprintf(out, "%s'%s':%lld", i == 1 ? "" : ",", reference_measures[i],
                      (long long)costs[i]);
    (void)fputs("}", out);
    if (operation->terms.override_count > 0)
        overrides_write_quoted(&operation->terms, policy, out);
    if (operation->terms.is_low)
        (void)fputs(",'priority':'low'", out);
    if (service_check_is_partial(operation, policy))
        (void)fputs(",'partial':true", out);
    (void)fputs("}", out);
}

bool service_check_is_partial(const struct service_operation *operation,
                              const struct reference_policy *policy)
{
    bool is_one_measure = true;

    for (size_t i = 0; i < policy->count; i++)
        is_one_measure = is_one_measure && policy->limits[i].measure == policy->limits[0].measure;
    return operation->is_partial && operation->kind == SERVICE_CHECK && is_one_measure;
}

/* Only those of limits that the policy has. */
static void overrides_write_quoted(const struct reference_terms *terms,
                                   const struct reference_policy *policy, FILE *out)
{
    const char *comma = "";

    (void)fputs(",'limit_overrides':{", out);
    for (size_t i = 0; i < policy->count; i++) {
        const int64_t quota = reference_override_of(terms, &policy->limits[i]);

        if (quota < 0)
            continue;
        (void)fprintf(out, "%s'%c':%lld", comma, policy->limits[i].name, (long long)quota);
        comma = ",";
    }
    (void)fputs("}", out);
}
