/* SPDX-License-Identifier: MIT
 *
 * The operations of a catalogue: catalogue_sqlite.c and catalogue_redis.c each fill this table. All
 * operations block for a bounded time, and only the catalogue thread calls them. An operation that
 * returns CATALOGUE_UNAVAILABLE or CATALOGUE_DAMAGED sets `error` to a sentence. An app that cannot
 * be read is logged once, with its name. */
#ifndef CATALOGUE_CATALOGUE_BACKEND_H
#define CATALOGUE_CATALOGUE_BACKEND_H

#include "base/error.h"
#include "catalogue/app.h"
#include "catalogue/catalogue_identity.h"
#include "limit/policy.h"
#include "redis/redis_topology.h"

enum catalogue_status {
    CATALOGUE_OK,
    CATALOGUE_CREATED, /* saved something new */
    CATALOGUE_ABSENT,  /* no such app, key or policy */
    CATALOGUE_FULL,    /* the app has POLICIES_PER_APP_MAX policies, or there are too many apps */
    CATALOGUE_DAMAGED, /* what is stored cannot be read; only this app is concerned */
    CATALOGUE_UNAVAILABLE
};

/* A revision is at least the clock's microseconds, and greater than the last revision. The clock
 * reaches this maximum, which is exact in Lua, in 2112, so a stored last revision that is as great
 * is ignored. If an app's revision is greater than both clock and last revision, it is damaged. So
 * is a time beyond this maximum. */
#define CATALOGUE_REVISION_MAX (INT64_C(1) << 52)

#define CATALOGUE_WRITES_MAX 1000 /* remembered, so that an older copy is recognized */

/* If an instance dies while it puts apps back, the others wait for it this long, also those that
 * start meanwhile. If two put apps back at once, the result is still right: each app is put back by
 * one write, or not at all. */
#define CATALOGUE_RESTORE_MS 10000

struct catalogue_backend;

/* Receives an app with one reference, which it takes over. */
typedef void catalogue_visit_fn(void *context, struct app *app);

/* Reads the stored pepper, identity and progress, and whether the write with revision `written` is
 * part of it. 0 always is, and so is a revision older than all remembered ones. Changes nothing. */
typedef enum catalogue_status catalogue_mark_read_fn(struct catalogue_backend *backend,
                                                     int64_t written, struct catalogue_mark *mark,
                                                     struct error *error);
/* CATALOGUE_CREATED: has stored pepper and identity, if they were missing. CATALOGUE_OK: there is
 * another identity or pepper, and nothing is changed. `pepper` is NULL if it is not to be
 * stored. */
typedef enum catalogue_status catalogue_mark_claim_fn(struct catalogue_backend *backend,
                                                      const struct pepper *pepper,
                                                      const struct catalogue_identity *identity,
                                                      struct error *error);
/* CATALOGUE_CREATED: for CATALOGUE_RESTORE_MS from now on no other instance may put apps back, and
 * all can see that `name` does. CATALOGUE_OK: another instance does. */
typedef enum catalogue_status catalogue_restore_begin_fn(struct catalogue_backend *backend,
                                                         const char *name, struct error *error);
/* `name` has finished. If this is not called, the mark of `name` stays. */
typedef void catalogue_restore_end_fn(struct catalogue_backend *backend, const char *name);
/* CATALOGUE_CREATED: the app is put back as it is, under a new revision. CATALOGUE_OK: nothing is
 * changed, because the app was deleted, or written later, or put back from this revision or a newer
 * one, or because one of its keys belongs to another app. A deleted app is deleted again whatever
 * is stored, because its id is never given to another. All in one step, so that any instance may be
 * first. */
typedef enum catalogue_status catalogue_app_restore_fn(struct catalogue_backend *backend,
                                                       const struct app *app, struct error *error);
/* Creates an app with one key. CATALOGUE_OK: an app with this id or key exists, or one with this id
 * was deleted. CATALOGUE_FULL: there are `apps_max` already. In both cases nothing is changed. All
 * in one step, so that many instances together create no more than `apps_max`. */
struct catalogue_new_app {
    const char *app_id;
    struct text name;
    int64_t created_at_us;
    const struct key_digest *key;
    int64_t apps_max; /* 0: no maximum */
    bool is_unused;   /* stored until app_use() */
};
typedef enum catalogue_status catalogue_app_create_fn(struct catalogue_backend *backend,
                                                      const struct catalogue_new_app *new,
                                                      struct error *error);
/* Finds the id of the app with this key. */
typedef enum catalogue_status catalogue_app_find_fn(struct catalogue_backend *backend,
                                                    const struct key_digest *key,
                                                    char app_id[APP_ID_BYTES + 1],
                                                    struct error *error);
/* Loads the whole app, with one reference for the caller. */
typedef enum catalogue_status catalogue_app_load_fn(struct catalogue_backend *backend,
                                                    const char *app_id, struct app **app,
                                                    struct error *error);
/* The app's revision as it is stored, for much less than a load costs. An impossible one may pass:
 * app_load() tells. */
typedef enum catalogue_status catalogue_app_revision_fn(struct catalogue_backend *backend,
                                                        const char *app_id, int64_t *revision,
                                                        struct error *error);
/* Saves by identity. policy->version is ignored; policy->id is a new id, to be used if the policy
 * is new. Both are set to what is stored. With CATALOGUE_OK, *afresh says whether the counters of
 * the policy that was replaced are not used again: see stored_policy_starts_afresh(). It may be
 * NULL. */
typedef enum catalogue_status catalogue_policy_save_fn(struct catalogue_backend *backend,
                                                       const char *app_id, struct policy *policy,
                                                       bool *afresh, struct error *error);
typedef enum catalogue_status catalogue_policy_remove_fn(struct catalogue_backend *backend,
                                                         const char *app_id,
                                                         const struct policy_identity *identity,
                                                         struct error *error);
/* Deletes the app with its keys and policies, also a damaged one. Its id is not given again while
 * the deletion is remembered. */
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
/* Stores that the app has checked something. CATALOGUE_ABSENT: the app is not marked as unused, and
 * nothing is changed. */
typedef enum catalogue_status catalogue_app_use_fn(struct catalogue_backend *backend,
                                                   const char *app_id, struct error *error);
/* Deletes the app as app_remove() does, if it is unused and has not changed since this revision.
 * The revision must be `kept_us` old by the clock that makes revisions. CATALOGUE_ABSENT otherwise:
 * nothing is changed. */
typedef enum catalogue_status catalogue_app_expire_fn(struct catalogue_backend *backend,
                                                      const char *app_id, int64_t revision,
                                                      int64_t kept_us, struct error *error);
/* Loads every app that any instance has changed after *revision, and moves *revision to the newest
 * one seen. 0 loads all apps. A deleted app is visited as APP_DELETED, with its id and revision,
 * while it is one of the last APPS_DELETED_MAX. An app that cannot be read is visited as
 * APP_DAMAGED, because an older copy of it may say the opposite of the change. An app whose id or
 * revision is damaged is skipped. CATALOGUE_ABSENT: a deletion after *revision is no longer
 * remembered, and nothing is visited. Then all apps must be read from 0; apps that are not among
 * them are gone. */
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
    catalogue_app_revision_fn *app_revision;
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
    /* the newest revision it has given; a reader that starts afresh sets it to 0 */
    int64_t written;
};

/* A database file with WAL and a busy timeout. It is created when it is missing. NULL when it
 * cannot be opened. */
MUST_USE struct catalogue_backend *catalogue_sqlite_new(const char *path, struct error *error);

/* Connects on first use. Keys are sluice:{catalogue}:*, so all of it is in one slot of a cluster.
 * Each write is one script, so it is atomic. */
struct catalogue_backend *catalogue_redis_new(struct redis_topology *topology);

#endif
