/* SPDX-License-Identifier: MIT */
#include "model_version.h"

#include "limit/by.h"
#include "sample_policy.h"
#include "support/cmocka.h"

#define POLICY_ID 7

static struct digest digest_of_set(const struct by *by, unsigned values);

struct model_version model_version_of(const struct reference_policy *reference, struct arena *arena)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    (void)fputs("{'route_key':'*','limits':[", out);
    reference_policy_write_quoted(reference, out);
    (void)fputs("]}", out);
    assert_int_equal(fclose(out), 0);

    const struct policy *policy = sample_policy(arena, text);

    free(text);
    return (struct model_version){.reference = *reference, .policy = policy};
}

struct operation model_version_bind(const struct model_version *version, unsigned values)
{
    const struct rule *rule = &version->policy->rule;
    struct operation operation = {
        .kind = OPERATION_TAKE,
        .policy_id = POLICY_ID,
        .tag = digest_of_set(rule->common, values),
        .set_count = rule->set_count,
        .limit_count = rule->limit_count,
        .limits = rule->limits,
    };

    for (size_t i = 0; i < rule->set_count; i++)
        operation.sets[i] = digest_of_set(rule->sets[i], values);
    return operation;
}

/* By default a limit counts by user. Names of subjects and values are not told apart by their
 * lengths alone, so each is a part of its own. */
static struct digest digest_of_set(const struct by *by, unsigned values)
{
    static const struct digest_key key = {{1}};
    struct text parts[2 * BY_MAX];
    size_t count = 0;

    for (size_t i = 0; i < REFERENCE_SUBJECTS; i++) {
        const struct text name = text_of(reference_subjects[i]);

        if (by == NULL ? i > 0 : !by_has(by, name))
            continue;
        parts[count++] = name;
        parts[count++] = text_of((values >> i & 1U) == 0 ? "0" : "1");
    }
    return digest_of(&key, parts, count);
}
