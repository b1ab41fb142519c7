/* SPDX-License-Identifier: MIT
 *
 * One hash table with open addressing holds every name of every app: its id and the digests of its
 * keys. A slot has only the name's hash and its app. The name itself lies in the app, so a look-up
 * among thousands touches little memory. An app's names go in and out together under the write
 * lock, so no reader sees half of an app. */
#include "catalogue/app_index.h"

#include "base/hash.h"
#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>

#define SLOTS_MIN 64 /* a power of two */
#define NAMES_MAX (1 + APP_KEYS_MAX)

struct slot {
    uint64_t hash;
    struct app *app; /* NULL: free */
};

struct secrets {
    struct pepper pepper;
    struct digest_key subject_key;
};

struct app_index {
    pthread_rwlock_t lock; /* guards the members below, up to the secrets */
    struct slot *slots;
    size_t slot_mask;     /* the number of slots is a power of two */
    size_t name_count;    /* at most half of the slots */
    size_t app_count;     /* without deleted ones */
    size_t deleted_count; /* at most APPS_DELETED_MAX */
    size_t unused_count;  /* apps that the catalogue knows as unused */
    unsigned epoch;
    uint32_t tenants;                  /* numbers given */
    _Atomic(struct secrets *) secrets; /* NULL until set, then never changed */
};

static void add_unused(struct app_index_unused *found, struct app *app, int64_t before);
static struct app *find(const struct app_index *index, struct text name);
static bool has_name(const struct app *app, struct text name);
static size_t names_of(const struct app *app, struct text names[NAMES_MAX]);
static void insert(struct app_index *index, struct app *app);
static void erase(struct app_index *index, const struct app *app);
static void take_out(struct app_index *index, struct app *app);
static size_t *count_of(struct app_index *index, const struct app *app);
static void forget_oldest_deleted(struct app_index *index);
static void slot_fill(struct app_index *index, uint64_t hash, struct app *app);
static void slot_empty(struct app_index *index, uint64_t hash, const struct app *app);
static void grow(struct app_index *index);
static struct text digest_text(const struct key_digest *digest);

struct app_index *app_index_new(void)
{
    struct app_index *index = MEMORY_NEW(struct app_index);
    pthread_rwlockattr_t attributes;

    /* By default a writer would wait until no worker looks anything up. */
    ASSERT(pthread_rwlockattr_init(&attributes) == 0);
    ASSERT(pthread_rwlockattr_setkind_np(&attributes,
                                         PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0);
    ASSERT(pthread_rwlock_init(&index->lock, &attributes) == 0);
    (void)pthread_rwlockattr_destroy(&attributes);
    index->slot_mask = SLOTS_MIN - 1;
    index->slots = memory_new(SLOTS_MIN, sizeof(*index->slots));
    return index;
}

void app_index_free(struct app_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i <= index->slot_mask; i++) {
        while (index->slots[i].app != NULL) {
            struct app *app = index->slots[i].app;
            erase(index, app);
            app_release(app);
        }
    }
    struct secrets *secrets = atomic_load(&index->secrets);
    if (secrets != NULL)
        sodium_memzero(secrets, sizeof(*secrets));
    free(secrets);
    free(index->slots);
    ASSERT(pthread_rwlock_destroy(&index->lock) == 0);
    free(index);
}

struct app *app_index_find(struct app_index *index, const struct key_digest *digest)
{
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    struct app *app = find(index, digest_text(digest));
    if (app != NULL)
        app_retain(app);
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    return app;
}

void app_index_publish_give(struct app_index *index, struct app *app)
{
    struct app *dropped = NULL;

    ASSERT(pthread_rwlock_wrlock(&index->lock) == 0);
    struct app *old = find(index, text_of(app->id));
    app->epoch = index->epoch;
    app->tenant = old != NULL ? old->tenant : ++index->tenants;
    if (old != NULL && atomic_load(&old->has_decided))
        atomic_store(&app->has_decided, true);
    if (old == NULL || old->epoch != app->epoch || old->revision <= app->revision) {
        dropped = old;
        if (old != NULL)
            erase(index, old);
        if (app->state != APP_DAMAGED)
            insert(index, app_retain(app));
        if (old != NULL)
            atomic_store(&old->is_replaced, true);
        if (index->deleted_count > APPS_DELETED_MAX)
            forget_oldest_deleted(index);
    }
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    app_release(dropped);
    app_release(app);
}

size_t app_index_count(struct app_index *index)
{
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    size_t count = index->app_count;
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    return count;
}

struct app **app_index_list(struct app_index *index, size_t *count)
{
    size_t found = 0;

    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    struct app **apps =
        memory_new(index->app_count + index->deleted_count + 1, sizeof(struct app *));
    for (size_t i = 0; i <= index->slot_mask; i++) {
        struct app *app = index->slots[i].app;

        /* Each app has several slots, one of which is its id's. */
        if (app != NULL && index->slots[i].hash == hash_text(text_of(app->id)))
            apps[found++] = app_retain(app);
    }
    ASSERT(found == index->app_count + index->deleted_count);
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    *count = found;
    return apps;
}

/* If there is none, as where nobody registers, it costs nothing. */
void app_index_find_unused(struct app_index *index, int64_t before, struct app_index_unused *found)
{
    *found = (struct app_index_unused){0};
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    for (size_t i = 0; i <= index->slot_mask && index->unused_count > 0; i++) {
        struct app *app = index->slots[i].app;

        if (app != NULL && app->is_unused && index->slots[i].hash == hash_text(text_of(app->id)))
            add_unused(found, app, before);
    }
    if (found->oldest != NULL)
        app_retain(found->oldest);
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
}

void app_index_unused_release(const struct app_index_unused *found)
{
    for (size_t i = 0; i < found->used_count; i++)
        app_release(found->used[i]);
    app_release(found->oldest);
}

void app_index_begin_epoch(struct app_index *index)
{
    ASSERT(pthread_rwlock_wrlock(&index->lock) == 0);
    index->epoch++;
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
}

void app_index_end_epoch(struct app_index *index)
{
    size_t count = 0;
    struct app **apps = app_index_list(index, &count);

    ASSERT(pthread_rwlock_wrlock(&index->lock) == 0);
    for (size_t i = 0; i < count; i++) {
        if (apps[i]->epoch == index->epoch || find(index, text_of(apps[i]->id)) != apps[i])
            continue;
        take_out(index, apps[i]);
    }
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    for (size_t i = 0; i < count; i++)
        app_release(apps[i]);
    free(apps);
}

void app_index_set_pepper(struct app_index *index, const struct pepper *pepper)
{
    struct secrets *secrets = MEMORY_NEW(struct secrets);
    struct secrets *unset = NULL;

    secrets->pepper = *pepper;
    secrets->subject_key = digest_key_derive(pepper, TEXT("subject"));
    if (atomic_compare_exchange_strong(&index->secrets, &unset, secrets))
        return;
    sodium_memzero(secrets, sizeof(*secrets));
    free(secrets);
}

const struct pepper *app_index_pepper(const struct app_index *index)
{
    const struct secrets *secrets = atomic_load_explicit(&index->secrets, memory_order_acquire);

    return secrets == NULL ? NULL : &secrets->pepper;
}

const struct digest_key *app_index_subject_key(const struct app_index *index)
{
    const struct secrets *secrets = atomic_load_explicit(&index->secrets, memory_order_acquire);

    return secrets == NULL ? NULL : &secrets->subject_key;
}

static void add_unused(struct app_index_unused *found, struct app *app, int64_t before)
{
    if (!app_is_unused(app)) {
        if (found->used_count < APP_INDEX_USED_MAX)
            found->used[found->used_count++] = app_retain(app);
        return;
    }
    if (app->revision < before &&
        (found->oldest == NULL || app->revision < found->oldest->revision))
        found->oldest = app;
}

static struct app *find(const struct app_index *index, struct text name)
{
    uint64_t hash = hash_text(name);

    for (size_t at = hash & index->slot_mask; index->slots[at].app != NULL;
         at = (at + 1) & index->slot_mask) {
        if (index->slots[at].hash == hash && has_name(index->slots[at].app, name))
            return index->slots[at].app;
    }
    return NULL;
}

/* Digests in constant time. */
static bool has_name(const struct app *app, struct text name)
{
    struct key_digest digest;

    _Static_assert(KEY_DIGEST_BYTES > APP_ID_BYTES, "a digest is told from an id by its length");
    if (name.length != KEY_DIGEST_BYTES)
        return text_equal(text_of(app->id), name);
    memcpy(digest.bytes, name.at, sizeof(digest.bytes));
    return app_has_key(app, &digest);
}

static size_t names_of(const struct app *app, struct text names[NAMES_MAX])
{
    names[0] = text_of(app->id);
    for (size_t i = 0; i < app->key_count; i++)
        names[1 + i] = digest_text(&app->keys[i]);
    return 1 + app->key_count;
}

static void insert(struct app_index *index, struct app *app)
{
    struct text names[NAMES_MAX];
    size_t count = names_of(app, names);

    *count_of(index, app) += 1;
    index->unused_count += app->is_unused;
    index->name_count += count;
    while (2 * index->name_count > index->slot_mask + 1)
        grow(index);
    for (size_t i = 0; i < count; i++)
        slot_fill(index, hash_text(names[i]), app);
}

static void erase(struct app_index *index, const struct app *app)
{
    struct text names[NAMES_MAX];
    size_t count = names_of(app, names);

    *count_of(index, app) -= 1;
    index->unused_count -= app->is_unused;
    index->name_count -= count;
    for (size_t i = 0; i < count; i++)
        slot_empty(index, hash_text(names[i]), app);
}

/* Another value of the app takes its place, or none. */
static void take_out(struct app_index *index, struct app *app)
{
    erase(index, app);
    atomic_store(&app->is_replaced, true);
    app_release(app);
}

static size_t *count_of(struct app_index *index, const struct app *app)
{
    return app->state == APP_DELETED ? &index->deleted_count : &index->app_count;
}

static void forget_oldest_deleted(struct app_index *index)
{
    struct app *oldest = NULL;

    for (size_t i = 0; i <= index->slot_mask; i++) {
        struct app *app = index->slots[i].app;

        if (app != NULL && app->state == APP_DELETED &&
            (oldest == NULL || app->revision < oldest->revision))
            oldest = app;
    }
    ASSERT(oldest != NULL);
    take_out(index, oldest);
}

static void slot_fill(struct app_index *index, uint64_t hash, struct app *app)
{
    size_t at = hash & index->slot_mask;

    while (index->slots[at].app != NULL)
        at = (at + 1) & index->slot_mask;
    index->slots[at] = (struct slot){hash, app};
}

/* Moves entries back into the hole that a probe could no longer reach behind it. */
static void slot_empty(struct app_index *index, uint64_t hash, const struct app *app)
{
    struct slot *slots = index->slots;
    const size_t mask = index->slot_mask;
    size_t hole = hash & mask;

    while (slots[hole].hash != hash || slots[hole].app != app)
        hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; slots[at].app != NULL; at = (at + 1) & mask) {
        if (((at - slots[at].hash) & mask) < ((at - hole) & mask))
            continue;
        slots[hole] = slots[at];
        hole = at;
    }
    slots[hole] = (struct slot){0};
}

static void grow(struct app_index *index)
{
    struct slot *old = index->slots;
    size_t old_count = index->slot_mask + 1;

    index->slot_mask = 2 * old_count - 1;
    index->slots = memory_new(2 * old_count, sizeof(*index->slots));
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].app != NULL)
            slot_fill(index, old[i].hash, old[i].app);
    }
    free(old);
}

static struct text digest_text(const struct key_digest *digest)
{
    return (struct text){(const char *)digest->bytes, sizeof(digest->bytes)};
}
