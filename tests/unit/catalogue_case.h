/* SPDX-License-Identifier: MIT
 *
 * Helpers for the cases that every catalogue must pass. */
#ifndef UNIT_CATALOGUE_CASE_H
#define UNIT_CATALOGUE_CASE_H

#include "catalogue_cases.h"

#define CREATED_AT_US INT64_C(1763733600123456)

/* Otherwise fails with the reason. */
void expect_status(enum catalogue_status status, enum catalogue_status expected,
                   const struct error *error);

/* policy_save(), with its expected status. */
void save_policy(struct catalogue_backend *backend, const char *app_id, struct policy *policy,
                 enum catalogue_status expected);

/* The ids of the apps that changes() gives, as their letters, in order. Damaged apps are left
 * out. */
struct seen {
    char letters[64];
    size_t count;
    int64_t revision;
};

/* A catalogue_visit_fn; its context is a struct seen. */
void on_seen(void *context, struct app *app);

/* After *revision, changes() gives the apps of these letters and no others. */
void expect_changes(struct catalogue_backend *backend, int64_t *revision, const char *letters);

/* Makes an app for each damage, with the letters from 'b' on, and damages it so. The apps 'a' and
 * 'z' are whole. */
void damage_apps(struct catalogue_pair *pair);

/* The parts of catalogue_cases_run(): whose counters start afresh, what cannot be read, who
 * registers, what operators do, what is put back. */
int catalogue_afresh_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);
int catalogue_damage_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);
int catalogue_newcomer_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);
int catalogue_operator_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);
int catalogue_restore_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown);

#endif
