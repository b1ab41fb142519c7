/* SPDX-License-Identifier: MIT
 *
 * What a catalogue must be able to do: catalogue_sqlite.c and catalogue_redis.c each fill this
 * table. All operations block, for a bounded time, and are called by the catalogue thread alone.
 * Each leaves `error` with a sentence when it returns CATALOGUE_UNAVAILABLE or CATALOGUE_DAMAGED.
 * An app that cannot be read is logged once, by its name. */
#ifndef CATALOGUE_CATALOGUE_BACKEND_H
#define CATALOGUE_CATALOGUE_BACKEND_H

#include "base/error.h"
#include "catalogue/app.h"
#include "catalogue/catalogue_identity.h"
#include "limit/policy.h"
#include "redis/redis_url.h"

enum catalogue_status {
    CATALOGUE_OK,
    CATALOGUE_CREATED, /* saved something that was not there */
    CATALOGUE_ABSENT,  /* no such app, key or policy */
    CATALOGUE_FULL,    /* the app has POLICIES_PER_APP_MAX policies, or there are too many apps */
    CATALOGUE_DAMAGED, /* what is stored cannot be read: it concerns this app and nothing else */
    CATALOGUE_UNAVAILABLE
};

/* A revision is at least the clock's microseconds, and above the last one that was given. The clock
 * reaches this one, which is exact in Lua, in 2112: a last one that is as great explains nothing.
 * An app's that is ahead of both clock and last one is damage; so is a time past this one. */
#define CATALOGUE_REVISION_MAX (INT64_C(1) << 52)

#define CATALOGUE_WRITES_MAX 1000 /* that are remembered, so that an older copy is known as such */

/* An instance that died while it put apps back is waited for this long, also by those that start
 * meanwhile. What two put back at once is right all the same: each app is put back by one write, or
 * not at all. */
#define CATALOGUE_RESTORE_MS 10000

struct catalogue_backend;

/* Receives an app with one reference that it takes over. */
typedef void catalogue_visit_fn(void *context, struct app *app);

/* What is stored of pepper, identity and progress, and whether the write of this revision is part
 * of it: 0 is, and so is what is older than all that are remembered. Nothing is changed. */
typedef enum catalogue_status catalogue_mark_read_fn(struct catalogue_backend *backend,
                                                     int64_t written, struct catalogue_mark *mark,
                                                     struct error *error);
/* Stores both, what is missing of them: CATALOGUE_CREATED. CATALOGUE_OK when there is another
 * identity or pepper: nothing is changed then. `pepper` is NULL where it is not to be stored. */
typedef enum catalogue_status catalogue_mark_claim_fn(struct catalogue_backend *backend,
                                                      const struct pepper *pepper,
                                                      const struct catalogue_identity *identity,
                                                      struct error *error);
/* For CATALOGUE_RESTORE_MS from now on keeps others from putting apps back, and tells everybody
 * that `name` does: CATALOGUE_CREATED. CATALOGUE_OK: another does. */
typedef enum catalogue_status catalogue_restore_begin_fn(struct catalogue_backend *backend,
                                                         const char *name, struct error *error);
/* `name` is done. What is not ended remains as a mark of it. */
typedef void catalogue_restore_end_fn(struct catalogue_backend *backend, const char *name);
/* Puts an app back as it is, under a new revision: CATALOGUE_CREATED. CATALOGUE_OK, and nothing is
 * changed, when the app was deleted, or written since, or put back from this revision or a newer
 * one; or when one of its keys is another app's. A deleted app is deleted again whatever there is:
 * its id is never given to another. All in one step, so that it does not matter which instance is
 * first. */
typedef enum catalogue_status catalogue_app_restore_fn(struct catalogue_backend *backend,
                                                       const struct app *app, struct error *error);
/* A new app with one key. CATALOGUE_OK when an app with this id or this key already exists, or one
 * with this id was deleted; CATALOGUE_FULL when there are `apps_max` already: nothing is changed
 * then. All in one step, so that many instances together create no more. */
struct catalogue_new_app {
    const char *app_id;
    struct text name;
    int64_t created_at_us;
    const struct key_digest *key;
    int64_t apps_max; /* 0: as many as there are */
    bool is_unused;   /* is remembered, until app_use() */
};
typedef enum catalogue_status catalogue_app_create_fn(struct catalogue_backend *backend,
                                                      const struct catalogue_new_app *new,
                                                      struct error *error);
/* The id of the app with this key. */
typedef enum catalogue_status catalogue_app_find_fn(struct catalogue_backend *backend,
                                                    const struct key_digest *key,
                                                    char app_id[APP_ID_BYTES + 1],
                                                    struct error *error);
/* The whole app, one reference for the caller. */
typedef enum catalogue_status catalogue_app_load_fn(struct catalogue_backend *backend,
                                                    const char *app_id, struct app **app,
                                                    struct error *error);
/* Saves by identity. policy->version is ignored, policy->id is the id to use if it is new; both are
 * set to what is stored. */
typedef enum catalogue_status catalogue_policy_save_fn(struct catalogue_backend *backend,
                                                       const char *app_id, struct policy *policy,
                                                       struct error *error);
typedef enum catalogue_status catalogue_policy_remove_fn(struct catalogue_backend *backend,
                                                         const char *app_id,
                                                         const struct policy_identity *identity,
                                                         struct error *error);
/* Deletes the app with its keys and policies, also one that is damaged; its id is never given again
 * while it is remembered. */
typedef enum catalogue_status catalogue_app_remove_fn(struct catalogue_backend *backend,
                                                      const char *app_id, struct error *error);
typedef enum catalogue_status catalogue_app_suspend_fn(struct catalogue_backend *backend,
                                                       const char *app_id, bool is_suspended,
                                                       struct error *error);
/* From now on the app has this key and no other. */
typedef enum catalogue_status catalogue_app_rekey_fn(struct catalogue_backend *backend,
                                                     const char *app_id,
                                                     const struct key_digest *key,
                                                     struct error *error);
/* The app has checked something, which is remembered. CATALOGUE_ABSENT, and nothing is changed,
 * when it is not known to be unused. */
typedef enum catalogue_status catalogue_app_use_fn(struct catalogue_backend *backend,
                                                   const char *app_id, struct error *error);
/* Deletes the app as app_remove() does, if it is unused and nothing of it has changed since this
 * revision, which must be `kept_us` old by the clock that gives revisions. CATALOGUE_ABSENT
 * otherwise: nothing is changed then. */
typedef enum catalogue_status catalogue_app_expire_fn(struct catalogue_backend *backend,
                                                      const char *app_id, int64_t revision,
                                                      int64_t kept_us, struct error *error);
/* Loads every app changed after *revision, by anybody, and moves *revision to the newest one seen.
 * From 0: all apps. A deleted one is visited as such, with its id and revision, as long as it is
 * one of the last APPS_DELETED_MAX. So is one that cannot be read: an older copy of it may say the
 * opposite of what was changed. One whose id or revision is damaged is passed over.
 * CATALOGUE_ABSENT, and nothing is visited, when a deletion after *revision is no longer
 * remembered: then all apps are to be read from 0, and those that are not among them are gone. */
typedef enum catalogue_status catalogue_changes_fn(struct catalogue_backend *backend,
                                                   int64_t *revision, void *context,
                                                   catalogue_visit_fn *visit, struct error *error);
typedef void catalogue_free_fn(struct catalogue_backend *backend);

struct catalogue_operations {
    catalogue_mark_read_fn *mark_read;
    catalogue_mark_claim_fn *mark_claim;
    catalogue_restore_begin_fn *restore_begin;
    catalogue_restore_end_fn *restore_end;
    catalogue_app_restore_fn *app_restore;
    catalogue_app_create_fn *app_create;
    catalogue_app_find_fn *app_find;
    catalogue_app_load_fn *app_load;
    catalogue_policy_save_fn *policy_save;
    catalogue_policy_remove_fn *policy_remove;
    catalogue_app_remove_fn *app_remove;
    catalogue_app_suspend_fn *app_suspend;
    catalogue_app_rekey_fn *app_rekey;
    catalogue_app_use_fn *app_use;
    catalogue_app_expire_fn *app_expire;
    catalogue_changes_fn *changes;
    catalogue_free_fn *free;
};

struct catalogue_backend {
    const struct catalogue_operations *operations;
    int64_t written; /* the newest revision it has given; whoever reads afresh makes it 0 */
};

/* A database file, created when it is missing, with WAL and a busy timeout. NULL when it cannot be
 * opened. */
MUST_USE struct catalogue_backend *catalogue_sqlite_new(const char *path, struct error *error);

/* Connects when first used. Keys are sluice:{catalogue}:*, so all of it is one slot of a cluster,
 * and each write is one script, so it is atomic. */
struct catalogue_backend *catalogue_redis_new(const struct redis_url *url);

#endif
