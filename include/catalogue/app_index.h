/* SPDX-License-Identifier: MIT
 *
 * The apps that this process knows, by API key digest. The hot path reads it and need not ask a
 * catalogue. It also holds the pepper, because no key can be looked up without it. All functions:
 * any thread; the lock inside is never held across I/O. */
#ifndef CATALOGUE_APP_INDEX_H
#define CATALOGUE_APP_INDEX_H

#include "base/digest.h"
#include "catalogue/app.h"

struct app_index;

struct app_index *app_index_new(void);
void app_index_free(struct app_index *index);

/* The app whose key has this digest, retained for the caller, or NULL. Compared in constant
 * time. */
struct app *app_index_find(struct app_index *index, const struct key_digest *digest);

/* Takes over the caller's reference, and sets app->tenant: the number of its id, or the next one. A
 * number is never given twice, so a higher number is a younger app. An app of the same id is
 * replaced, and its is_replaced is set, unless it has a newer revision. If the new value is
 * damaged, the old one is only removed. The last APPS_DELETED_MAX deleted apps are remembered. */
void app_index_publish_give(struct app_index *index, struct app *app);

/* How many apps there are that are not deleted. */
size_t app_index_count(struct app_index *index);

/* All apps, also deleted ones, each retained for the caller, who frees the array with free(). */
struct app **app_index_list(struct app_index *index, size_t *count);

#define APP_INDEX_USED_MAX 16

/* Apps that the catalogue knows as unused: some that have decided something in this process since
 * then, and of the others the one that has been unchanged for the longest time. Each is
 * retained. */
struct app_index_unused {
    size_t used_count;
    struct app *used[APP_INDEX_USED_MAX];
    struct app *oldest; /* NULL: none has a revision below `before` */
};
void app_index_find_unused(struct app_index *index, int64_t before, struct app_index_unused *found);
void app_index_unused_release(const struct app_index_unused *found);

/* From now on revisions belong to another catalogue: each published app replaces the one that was
 * there before. */
void app_index_begin_epoch(struct app_index *index);
/* Removes the apps that were not published since then. */
void app_index_end_epoch(struct app_index *index);

/* Set once, as soon as the catalogue has been reached; later calls change nothing. */
void app_index_set_pepper(struct app_index *index, const struct pepper *pepper);
/* NULL until it is set; valid for as long as the index. */
const struct pepper *app_index_pepper(const struct app_index *index);
/* Derived from the pepper: the key of subject digests, the same at every instance of one catalogue.
 * NULL until the pepper is set. */
const struct digest_key *app_index_subject_key(const struct app_index *index);

#endif
