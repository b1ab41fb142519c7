/* SPDX-License-Identifier: MIT
 *
 * What tests of catalogues that get lost are made of: instances on the Redis of redis_group.h with
 * one app and its policy. */
#ifndef UNIT_LOSS_H
#define UNIT_LOSS_H

#include "instance.h"

#define LOSS_PEPPER   "sluice:{catalogue}:pepper"
#define LOSS_IDENTITY "sluice:{catalogue}:identity"

/* With one app, which has this policy. */
struct instance loss_start_instance(const struct policy *policy);
/* Of its own. */
struct catalogue_backend *loss_new_backend(void);
/* How many scripts Redis has run. */
long long loss_scripts_run(void);
void loss_wait_until(const struct instance *instance, enum catalogue_continuity continuity);
/* The instance has noticed so many losses, and all is well again. */
void loss_wait_until_whole(const struct instance *instance, unsigned losses);
/* The instance, and one that starts now, know the app and its policy. */
void loss_expect_all_there(struct instance *instance, const struct policy *policy);

/* The instance alone knows an app of this id, whose key is all `key`. */
void loss_publish_app(const struct instance *instance, const char *app_id, uint8_t key);
/* Keeps a copy of the catalogue in Redis; and puts it back, with one more app that somebody has
 * created there since, before anybody can look. */
void loss_copy(void);
void loss_go_back_and_on(void);
/* In the database file, behind the back of the instances. */
void loss_run_sql(const char *path, const char *sql);

#endif
