/* SPDX-License-Identifier: MIT
 *
 * What the cases that every catalogue must pass are made of. */
#ifndef UNIT_CATALOGUE_CASE_H
#define UNIT_CATALOGUE_CASE_H

#include "catalogue_cases.h"

#define CREATED_AT_US INT64_C(1763733600123456)

/* Fails with the reason. */
void expect_status(enum catalogue_status status, enum catalogue_status expected,
                   const struct error *error);

/* policy_save(), which must come to this. */
void save_policy(struct catalogue_backend *backend, const char *app_id, struct policy *policy,
                 enum catalogue_status expected);

/* The ids of the apps that changes() gives, in order, as their letters, without damaged ones. */
struct seen {
    char letters[64];
    size_t count;
    int64_t revision;
};

/* As catalogue_visit_fn, for a struct seen. */
void on_seen(void *context, struct app *app);

/* From *revision on, changes() gives the apps of these letters and no others. */
void expect_changes(struct catalogue_backend *backend, int64_t *revision, const char *letters);

/* An app of each letter from 'b' on gets a damage of its own, between 'a' and 'z' without any. */
void damage_apps(struct catalogue_pair *pair);

/* Parts of catalogue_cases_run(): what cannot be read; who registers; what operators do; what is
 * put back. */
int catalogue_damage_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);
int catalogue_newcomer_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);
int catalogue_operator_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);
int catalogue_restore_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);

#endif
