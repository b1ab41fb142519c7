/* SPDX-License-Identifier: MIT
 *
 * Helpers for tests in which a catalogue is lost: instances on the Redis of redis_group.h, with one
 * app and its policy. */
#ifndef UNIT_LOSS_H
#define UNIT_LOSS_H

#include "instance.h"
#include "support/cmocka.h"
#include "support/redis_group.h"

#define LOSS_PEPPER   "sluice:{catalogue}:pepper"
#define LOSS_IDENTITY "sluice:{catalogue}:identity"

/* Of the app. Each test may change it. */
extern struct policy *policy;

/* Setup and teardown of each test: empties Redis, and makes the policy. */
int loss_begin(void **state);
int loss_end(void **state);

/* Starts the instance, and creates the app and its policy there. */
struct instance loss_start(struct instance instance);
/* The same of a new one on Redis. */
struct instance loss_start_instance(void);
/* A backend of the test's own. */
struct catalogue_backend *loss_new_backend(void);
/* How many scripts Redis has run. */
long long loss_scripts_run(void);
void loss_wait_until(const struct instance *instance, enum catalogue_continuity continuity);
/* Waits until the instance has noticed so many losses, and all is well again. */
void loss_wait_until_whole(const struct instance *instance, unsigned losses);
/* The instance knows the app and its policy, and so does an instance that starts now. */
void loss_expect_all_there(struct instance *instance);

/* Only the instance knows this app, whose key digest is all `key`. */
void loss_publish_app(const struct instance *instance, const char *app_id, uint8_t key);
/* loss_copy() keeps a copy of the catalogue in Redis. loss_go_back_and_on() puts it back, and adds
 * an app that somebody has created there meanwhile, before any instance can look. */
void loss_copy(void);
void loss_go_back_and_on(void);
/* Changes the database file without the instances. */
void loss_run_sql(const char *path, const char *sql);

#endif
