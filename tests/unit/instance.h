/* SPDX-License-Identifier: MIT
 *
 * One process as the catalogue sees it: an index, a catalogue thread, and the queue of one worker,
 * which is the test's thread. What goes wrong fails the test. */
#ifndef UNIT_INSTANCE_H
#define UNIT_INSTANCE_H

#include "catalogue/catalogue.h"
#include "support/redis_server.h"
#include "support/scratch.h"

#define INSTANCE_PATIENCE_S 20
#define INSTANCE_PATH_BYTES (2 * SCRATCH_PATH_BYTES)
/* Of the app that the shorthands below are about. */
#define INSTANCE_APP_ID  "app_a00000000000"
#define INSTANCE_APP_KEY 'a'

struct instance {
    struct app_index *index;
    struct catalogue *catalogue;
    struct queue *replies;
};

/* Not started yet. */
struct instance instance_new(struct catalogue_backend *backend, const struct pepper *pepper);
struct instance instance_open_file(const char *path);
struct instance instance_open_redis(const struct redis_server *server);
/* One that puts nothing back. */
struct instance instance_open_redis_as_it_is(const struct redis_server *server);
void instance_close(struct instance *instance);

/* The path of a database that is not there yet. */
void instance_new_file(char path[static INSTANCE_PATH_BYTES]);

/* Returns once the catalogue is ready. */
void instance_start(struct instance *instance);

/* Sets *is_done when the job is answered and instance_is_answered() has been asked. */
void instance_submit(struct instance *instance, struct catalogue_job *job, bool *is_done);
bool instance_is_answered(struct instance *instance, const bool *is_done);
/* Waits for the answer. */
enum catalogue_status instance_ask(struct instance *instance, struct catalogue_job *job);

/* A key digest that is all `byte`. */
struct key_digest instance_key(uint8_t byte);

/* Creates the app; looks a key up; saves a policy of the app. */
enum catalogue_status instance_create(struct instance *instance);
enum catalogue_status instance_look_up(struct instance *instance, uint8_t byte);
enum catalogue_status instance_save(struct instance *instance, struct policy *policy);
/* The version of the policy as the index has it, 0 when it is not there. */
int64_t instance_version(struct instance *instance, const struct policy *policy);
/* The same of an app of the index; NULL has no policies. */
int64_t instance_version_take(struct app *app, const struct policy *policy);

#endif
