/* SPDX-License-Identifier: MIT
 *
 * One hash table holds every name of every app: its id and the digests of its keys, which differ
 * in length. An app's names are one allocation, the entry, and go in and out together under the
 * write lock, so no reader sees half of an app. */
#include "catalogue/app_index.h"

#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>

#define BUCKETS_MIN 64 /* a power of two */

struct name {
    struct name *next; /* in its bucket */
    struct entry *entry;
    const void *at; /* lies in the app */
    size_t length;
};

struct entry {
    struct app *app;
    size_t name_count;
    struct name names[];
};

struct secrets {
    struct pepper pepper;
    struct digest_key subject_key;
};

struct app_index {
    pthread_rwlock_t lock; /* guards what follows, up to the secrets */
    struct name **buckets;
    size_t bucket_count;
    size_t name_count;
    size_t app_count;
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* random: nobody can aim at one bucket */
    _Atomic(struct secrets *) secrets;           /* NULL until set, then never changed */
};

static struct app *find(struct app_index *index, const void *at, size_t length);
static struct entry *entry_find(const struct app_index *index, const void *at, size_t length);
static bool same_bytes(const void *a, const void *b, size_t length);
static struct entry *entry_new(struct app *app);
static void entry_insert(struct app_index *index, struct entry *entry);
static void entry_remove(struct app_index *index, struct entry *entry);
static void entry_free(struct entry *entry);
static void buckets_grow(struct app_index *index);
static struct name **bucket_of(const struct app_index *index, const void *at, size_t length);

struct app_index *app_index_new(void)
{
    struct app_index *index = MEMORY_NEW(struct app_index);
    pthread_rwlockattr_t attributes;

    /* By default a change would wait until no worker happens to look anything up. */
    ASSERT(pthread_rwlockattr_init(&attributes) == 0);
    ASSERT(pthread_rwlockattr_setkind_np(&attributes,
                                         PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0);
    ASSERT(pthread_rwlock_init(&index->lock, &attributes) == 0);
    (void)pthread_rwlockattr_destroy(&attributes);
    index->bucket_count = BUCKETS_MIN;
    index->buckets = memory_new(index->bucket_count, sizeof(*index->buckets));
    crypto_shorthash_keygen(index->hash_key);
    return index;
}

void app_index_free(struct app_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < index->bucket_count; i++) {
        while (index->buckets[i] != NULL) {
            struct entry *entry = index->buckets[i]->entry;
            entry_remove(index, entry);
            entry_free(entry);
        }
    }
    struct secrets *secrets = atomic_load(&index->secrets);
    if (secrets != NULL)
        sodium_memzero(secrets, sizeof(*secrets));
    free(secrets);
    free(index->buckets);
    ASSERT(pthread_rwlock_destroy(&index->lock) == 0);
    free(index);
}

struct app *app_index_find(struct app_index *index, const struct key_digest *digest)
{
    return find(index, digest->bytes, sizeof(digest->bytes));
}

struct app *app_index_find_by_id(struct app_index *index, const char *app_id)
{
    return find(index, app_id, strlen(app_id));
}

void app_index_publish_give(struct app_index *index, struct app *app)
{
    struct entry *entry = entry_new(app);
    struct entry *dropped = NULL;

    ASSERT(pthread_rwlock_wrlock(&index->lock) == 0);
    struct entry *old = entry_find(index, app->id, strlen(app->id));
    if (old != NULL && old->app->revision > app->revision) {
        dropped = entry;
    } else {
        dropped = old;
        if (old != NULL)
            entry_remove(index, old);
        entry_insert(index, entry);
    }
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    entry_free(dropped);
}

size_t app_index_count(struct app_index *index)
{
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    size_t count = index->app_count;
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    return count;
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

static struct app *find(struct app_index *index, const void *at, size_t length)
{
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    struct entry *entry = entry_find(index, at, length);
    struct app *app = entry == NULL ? NULL : app_retain(entry->app);
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
    return app;
}

static struct entry *entry_find(const struct app_index *index, const void *at, size_t length)
{
    struct name *name = *bucket_of(index, at, length);

    while (name != NULL && (name->length != length || !same_bytes(name->at, at, length)))
        name = name->next;
    return name == NULL ? NULL : name->entry;
}

/* In constant time: digests by vectors, ids byte by byte. */
static bool same_bytes(const void *a, const void *b, size_t length)
{
    if (length == crypto_verify_32_BYTES)
        return crypto_verify_32(a, b) == 0;
    return sodium_memcmp(a, b, length) == 0;
}

static struct entry *entry_new(struct app *app)
{
    size_t name_count = 1 + app->key_count;
    struct entry *entry = memory_new(1, sizeof(*entry) + name_count * sizeof(entry->names[0]));

    entry->app = app;
    entry->name_count = name_count;
    entry->names[0] = (struct name){.entry = entry, .at = app->id, .length = strlen(app->id)};
    for (size_t i = 0; i < app->key_count; i++) {
        entry->names[1 + i] = (struct name){
            .entry = entry, .at = app->keys[i].bytes, .length = sizeof(app->keys[i].bytes)};
    }
    return entry;
}

static void entry_insert(struct app_index *index, struct entry *entry)
{
    index->app_count++;
    index->name_count += entry->name_count;
    if (index->name_count > index->bucket_count)
        buckets_grow(index);
    for (size_t i = 0; i < entry->name_count; i++) {
        struct name *name = &entry->names[i];
        struct name **bucket = bucket_of(index, name->at, name->length);
        name->next = *bucket;
        *bucket = name;
    }
}

static void entry_remove(struct app_index *index, struct entry *entry)
{
    index->app_count--;
    index->name_count -= entry->name_count;
    for (size_t i = 0; i < entry->name_count; i++) {
        struct name *name = &entry->names[i];
        struct name **link = bucket_of(index, name->at, name->length);
        while (*link != name)
            link = &(*link)->next;
        *link = name->next;
    }
}

static void entry_free(struct entry *entry)
{
    if (entry == NULL)
        return;
    app_release(entry->app);
    free(entry);
}

static void buckets_grow(struct app_index *index)
{
    struct name **old = index->buckets;
    size_t old_count = index->bucket_count;

    index->bucket_count *= 2;
    index->buckets = memory_new(index->bucket_count, sizeof(*index->buckets));
    for (size_t i = 0; i < old_count; i++) {
        while (old[i] != NULL) {
            struct name *name = old[i];
            struct name **bucket = bucket_of(index, name->at, name->length);
            old[i] = name->next;
            name->next = *bucket;
            *bucket = name;
        }
    }
    free(old);
}

static struct name **bucket_of(const struct app_index *index, const void *at, size_t length)
{
    uint64_t hash = 0;

    _Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "a short hash is one integer");
    crypto_shorthash((unsigned char *)&hash, at, length, index->hash_key);
    return &index->buckets[hash & (index->bucket_count - 1)];
}
