/* SPDX-License-Identifier: MIT
 *
 * One process as the catalogue sees it: an index, a catalogue thread, and the queue of one worker,
 * which is the test's thread. A fault fails the test. */
#ifndef UNIT_INSTANCE_H
#define UNIT_INSTANCE_H

#include "catalogue/catalogue.h"
#include "support/redis_server.h"
#include "support/scratch.h"

#define INSTANCE_PATIENCE_S 20
#define INSTANCE_PATH_BYTES (2 * SCRATCH_PATH_BYTES)
/* The app that the helpers below use. */
#define INSTANCE_APP_ID  "app_a00000000000"
#define INSTANCE_APP_KEY 'a'

struct instance {
    struct app_index *index;
    struct catalogue *catalogue;
    struct queue *replies;
};

/* The instance is not started yet. */
struct instance instance_new(struct catalogue_backend *backend, const struct pepper *pepper);
struct instance instance_open_file(const char *path);
struct instance instance_open_redis(const struct redis_server *server);
/* The instance puts nothing back. */
struct instance instance_open_redis_as_it_is(const struct redis_server *server);
void instance_close(struct instance *instance);

/* A path for a database that does not exist yet. */
void instance_new_file(char path[static INSTANCE_PATH_BYTES]);

/* Returns once the catalogue is ready. */
void instance_start(struct instance *instance);

/* *is_done is set once the job is answered and instance_is_answered() was called. */
void instance_submit(struct instance *instance, struct catalogue_job *job, bool *is_done);
bool instance_is_answered(struct instance *instance, const bool *is_done);
/* Waits for the answer. */
enum catalogue_status instance_ask(struct instance *instance, struct catalogue_job *job);

/* A key digest in which each byte is `byte`. */
struct key_digest instance_key(uint8_t byte);

/* Create the app; look a key up; save a policy of the app. */
enum catalogue_status instance_create(struct instance *instance);
enum catalogue_status instance_look_up(struct instance *instance, uint8_t byte);
enum catalogue_status instance_save(struct instance *instance, struct policy *policy);
/* The policy's version in the index; 0 when it is not there. */
int64_t instance_version(struct instance *instance, const struct policy *policy);
/* The same for an app of the index, whose reference it releases. NULL has no policies. */
int64_t instance_version_take(struct app *app, const struct policy *policy);

#endif
