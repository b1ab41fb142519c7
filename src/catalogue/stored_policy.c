/* SPDX-License-Identifier: MIT */
#include "catalogue/stored_policy.h"

#include "base/document.h"
#include "base/log.h"
#include "catalogue/policy_zones.h"

#include <sodium.h>

#define DOCUMENT_BYTES_USUAL 512
#define NAME_BYTES_USUAL     64

static void skip(struct stored_policies *policies, const struct error *reason);
static void zones_look_up(struct stored_policies *policies, const struct policy *policy);
static int compare_newest_first(const void *left, const void *right);

struct text stored_policy_write(const struct policy *policy, struct arena *arena)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, arena, DOCUMENT_BYTES_USUAL);
    writer_init(&writer, &buffer);
    policy_write(policy, &writer, NULL);
    return buffer_text(&buffer);
}

struct policy *stored_policy_read(struct text document, struct arena *arena, struct error *error)
{
    struct faults faults = {0};
    if (document.length > STORED_POLICY_BYTES_MAX) {
        (void)error_set(error, "the policy is longer than %d bytes", STORED_POLICY_BYTES_MAX);
        return NULL;
    }
    json_t *value = document_parse(document, error);
    if (value == NULL)
        return NULL;
    struct policy *policy = policy_read(value, "", arena, &faults);
    json_decref(value);
    if (policy == NULL)
        (void)error_set(error, "%s: %s", faults.at[0].pointer, faults.at[0].detail);
    return policy;
}

struct text stored_policy_name(const struct policy_identity *identity, struct arena *arena)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, arena, NAME_BYTES_USUAL);
    writer_init(&writer, &buffer);
    writer_begin_array(&writer, NULL);
    writer_text(&writer, NULL, identity->route_key);
    writer_text(&writer, NULL, identity->role);
    if (subject_is_other(&identity->subject))
        subject_write(&identity->subject, &writer, NULL);
    else
        writer_text(&writer, NULL, subject_user(&identity->subject));
    writer_end_array(&writer);
    return buffer_text(&buffer);
}

uint64_t stored_policy_new_id(void)
{
    uint64_t id = 0;

    while (id == 0)
        randombytes_buf(&id, sizeof(id));
    return id;
}

int64_t stored_policy_next_version(int64_t stored)
{
    return stored < 0 || stored >= POLICY_VERSION_MAX ? 1 : stored + 1;
}

void stored_policy_number(struct policy *policy, struct text stored, uint64_t new_id)
{
    struct error unreadable;
    struct arena arena = {0};
    const struct policy *before =
        text_is_absent(stored) ? NULL : stored_policy_read(stored, &arena, &unreadable);

    policy->id = before == NULL ? new_id : before->id;
    policy->version = before == NULL ? 1 : stored_policy_next_version(before->version);
    arena_close(&arena);
}

bool stored_policy_starts_afresh(const struct policy *policy, struct text stored, uint64_t new_id)
{
    struct error unreadable;
    struct arena arena = {0};
    const struct policy *before = stored_policy_read(stored, &arena, &unreadable);
    const bool is_afresh = policy->id == new_id ||
                           (before != NULL && rule_counters_differ(&before->rule, &policy->rule));

    arena_close(&arena);
    return is_afresh;
}

void stored_policies_begin(struct stored_policies *policies, struct app *app)
{
    policies->app = app;
    policies->count = 0;
    policies->skipped = 0;
    policies->zoneless = 0;
}

void stored_policies_add(struct stored_policies *policies, struct text document)
{
    struct error error = {.message = "the app has too many policies"};
    struct policy *policy = NULL;

    if (policies->count < POLICIES_PER_APP_MAX)
        policy = stored_policy_read(document, &policies->app->arena, &error);
    if (policy == NULL) {
        skip(policies, &error);
        return;
    }
    zones_look_up(policies, policy);
    policies->at[policies->count++] = policy;
}

void stored_policies_finish(struct stored_policies *policies)
{
    const struct error same = {.message = "the app has a policy of the same identity"};
    size_t kept = 0;

    qsort(policies->at, policies->count, sizeof(policies->at[0]), compare_newest_first);
    for (size_t i = 0; i < policies->count; i++) {
        struct policy *policy = policies->at[i];

        if (kept > 0 && policy_identity_equal(&policies->at[kept - 1]->identity, &policy->identity))
            skip(policies, &same);
        else
            policies->at[kept++] = policy;
    }
    policies->count = kept;
    policies->app->policies = policy_set_new(&policies->app->arena, policies->at, policies->count);
    if (policies->skipped > 0) {
        log_write(LOG_WARN, "stored policies skipped", LOG_STRING("app_id", policies->app->id),
                  LOG_INTEGER("policies", (int64_t)policies->skipped),
                  LOG_STRING("reason", policies->reason.message));
    }
    if (policies->zoneless > 0) {
        log_write(LOG_WARN, "time zones of policies not known here",
                  LOG_STRING("app_id", policies->app->id),
                  LOG_INTEGER("policies", (int64_t)policies->zoneless),
                  LOG_TEXT("zone", policies->zone));
    }
}

static void skip(struct stored_policies *policies, const struct error *reason)
{
    if (policies->skipped++ == 0)
        policies->reason = *reason;
}

/* Also reads the files of the zones, so that no check has to. */
static void zones_look_up(struct stored_policies *policies, const struct policy *policy)
{
    const struct period *period = policy_zones_find_unknown(policy);

    if (period != NULL && policies->zoneless++ == 0)
        policies->zone = period->zone;
}

/* By identity; for one identity the newest version first. */
static int compare_newest_first(const void *left, const void *right)
{
    const struct policy *const *a = left;
    const struct policy *const *b = right;
    int order = policy_identity_compare(&(*a)->identity, &(*b)->identity);

    if (order != 0)
        return order;
    return ((*a)->version < (*b)->version) - ((*a)->version > (*b)->version);
}
