/* SPDX-License-Identifier: MIT
 *
 * One registered app as the hot path sees it. Once published, only its atomic members change. It is
 * reference-counted, and replaced as a whole when anything about the app changes. */
#ifndef CATALOGUE_APP_H
#define CATALOGUE_APP_H

#include "base/app_id.h"
#include "base/arena.h"
#include "base/key_digest.h"
#include "limit/policy_set.h"

#include <stdatomic.h>

#define APP_NAME_BYTES_MAX 100
#define APP_KEYS_MAX       16
#define APPS_DELETED_MAX   1000 /* how many deleted apps are remembered, the latest */

/* A deleted app has only id and revision. It tells an index to drop its own value, which no older
 * value brings back. A damaged app has changed but cannot be read. It also has only id and
 * revision, and tells an index to drop its own value, but is never kept in the index. */
enum app_state { APP_ACTIVE, APP_SUSPENDED, APP_DELETED, APP_DAMAGED };

struct journal_app;

/* The members that a decision reads come first, to lie together. */
struct app {
    atomic_uint references;
    atomic_bool is_replaced; /* a newer value was published */
    enum app_state state;
    unsigned key_count;
    uint32_t tenant; /* the app's number in this process, from 1 on: see app_index.h */
    const struct policy_set *policies;     /* never NULL */
    _Atomic(struct journal_app *) journal; /* set by its first decision */
    char id[APP_ID_BYTES + 1];
    struct key_digest keys[APP_KEYS_MAX];
    struct text name;
    int64_t created_at_us;   /* wall clock */
    bool is_unused;          /* registered, and the catalogue knows of no decision */
    atomic_bool has_decided; /* in this process */
    unsigned epoch;          /* of the index */
    int64_t revision;   /* of the catalogue when this value was read; a newer replaces an older */
    struct arena arena; /* holds everything the members point to */
};

/* A new app value with one reference, no keys and an empty set of policies; fill it before it is
 * published. */
struct app *app_new(void);
/* A value that says that the app of this id was deleted. */
struct app *app_new_deleted(const char *app_id, int64_t revision);
/* A value that says that the app of this id cannot be read. */
struct app *app_new_damaged(const char *app_id, int64_t revision);
/* Whether it has never decided, as far as this process knows. */
bool app_is_unused(const struct app *app);
/* In constant time. */
bool app_has_key(const struct app *app, const struct key_digest *key);
/* Any thread. */
struct app *app_retain(struct app *app);
/* Any thread; the last release frees it. NULL is fine. */
void app_release(struct app *app);

#endif
