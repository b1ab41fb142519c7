/* SPDX-License-Identifier: MIT
 *
 * One registered app as the hot path sees it: immutable once published but for its
 * atomic members, reference-counted, replaced whole when anything about it changes. */
#ifndef CATALOGUE_APP_H
#define CATALOGUE_APP_H

#include "base/app_id.h"
#include "base/arena.h"
#include "base/key_digest.h"
#include "limit/policy_set.h"

#include <stdatomic.h>

#define APP_NAME_BYTES_MAX 100
#define APP_KEYS_MAX       16
#define APPS_DELETED_MAX   1000 /* that are remembered, the last ones */

/* A deleted one has no more than id and revision. It tells an index to let go of its own, which no
 * older value brings back. One that has changed and cannot be read has no more either, and is never
 * among the apps of an index: it tells it to let go of its own. */
enum app_state { APP_ACTIVE, APP_SUSPENDED, APP_DELETED, APP_DAMAGED };

struct journal_app;

/* What a decision looks at comes first, to lie together. */
struct app {
    atomic_uint references;
    atomic_bool is_replaced; /* a newer value has been published since */
    enum app_state state;
    unsigned key_count;
    uint32_t tenant; /* the app's number in this process, from 1 on: see app_index.h */
    const struct policy_set *policies;     /* never NULL */
    _Atomic(struct journal_app *) journal; /* set by its first decision */
    char id[APP_ID_BYTES + 1];
    struct key_digest keys[APP_KEYS_MAX];
    struct text name;
    int64_t created_at_us;   /* wall clock */
    bool is_unused;          /* it has registered, and the catalogue knows of no decision of it */
    atomic_bool has_decided; /* in this process */
    unsigned epoch;          /* the index's */
    int64_t revision; /* of the catalogue when this value was read: the newer replaces the older */
    struct arena arena; /* holds everything the members point to */
};

/* A new app value with one reference, no keys and an empty set of policies; fill it before it is
 * published. */
struct app *app_new(void);
/* One that says that the app of this id was deleted. */
struct app *app_new_deleted(const char *app_id, int64_t revision);
/* One that says that the app of this id cannot be read. */
struct app *app_new_damaged(const char *app_id, int64_t revision);
/* As far as this process knows. */
bool app_is_unused(const struct app *app);
/* In constant time. */
bool app_has_key(const struct app *app, const struct key_digest *key);
/* Any thread. */
struct app *app_retain(struct app *app);
/* Any thread; the last one frees. NULL is fine. */
void app_release(struct app *app);

#endif
