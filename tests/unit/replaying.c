/* SPDX-License-Identifier: MIT */
#include "replaying.h"

#include "catalogue/app_index.h"
#include "limit/policy.h"
#include "sample_policy.h"
#include "support/cmocka.h"

#include <sodium.h>

#define POLICIES_MAX 8
#define SUBJECTS     16 /* records that may be in use */

void replaying_open(struct replaying *replaying, const char *const policies[])
{
    static const struct pepper pepper;
    struct policy *made[POLICIES_MAX];
    size_t count = 0;

    assert_true(sodium_init() >= 0);
    *replaying = (struct replaying){.app = app_new()};
    replaying->api.index = app_index_new();
    app_index_set_pepper(replaying->api.index, &pepper);
    memcpy(replaying->app->id, "app_000000000000", sizeof(replaying->app->id));
    for (; policies[count] != NULL; count++)
        made[count] = sample_policy(&replaying->app->arena, policies[count]);
    replaying->app->policies = policy_set_new(&replaying->app->arena, made, count);
}

void replaying_close(struct replaying *replaying)
{
    app_release(replaying->app);
    app_index_free(replaying->api.index);
}

struct record replaying_record(const char *route, const char *user_id, int64_t time_us)
{
    static struct subject subjects[SUBJECTS];
    static size_t used;
    struct subject *subject = &subjects[used++ % SUBJECTS];

    *subject = (struct subject){TEXT(SUBJECT_USER), text_of(user_id)};
    return (struct record){
        .time_us = time_us,
        .subjects = {1, subject},
        .route = text_of(route),
        .role = TEXT(POLICY_ROLE_DEFAULT),
        .costs = {.requests = 1},
        .allowed = true,
        .mode = policy_mode_words[POLICY_ENFORCE],
    };
}
