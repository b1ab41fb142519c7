/* SPDX-License-Identifier: MIT
 *
 * The apps this process knows, by API key digest: what the hot path reads instead of asking a
 * catalogue. Also holds the pepper, without which no key can be looked up. All functions: any
 * thread; the lock inside is never held across I/O. */
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
 * number is never given again, so the higher, the younger. An app of the same id is replaced, and
 * told so, unless it has a newer revision; by a damaged one, with nothing. Of deleted ones the last
 * APPS_DELETED_MAX are remembered. */
void app_index_publish_give(struct app_index *index, struct app *app);

/* Of the apps that are not deleted. */
size_t app_index_count(struct app_index *index);

/* All apps, also deleted ones, each retained for the caller, who frees the array with free(). */
struct app **app_index_list(struct app_index *index, size_t *count);

#define APP_INDEX_USED_MAX 16

/* Of the apps that the catalogue knows as unused: some that have decided something in this process
 * since, and of the others the one that has been unchanged for longest. Each is retained. */
struct app_index_unused {
    size_t used_count;
    struct app *used[APP_INDEX_USED_MAX];
    struct app *oldest; /* NULL: none of a revision below `before` */
};
void app_index_find_unused(struct app_index *index, int64_t before, struct app_index_unused *found);
void app_index_unused_release(const struct app_index_unused *found);

/* From now on revisions are those of another catalogue: whatever is published replaces what was
 * there before. */
void app_index_begin_epoch(struct app_index *index);
/* Takes out the apps that have not been published since. */
void app_index_end_epoch(struct app_index *index);

/* Set once, as soon as the catalogue has been reached; later calls change nothing. */
void app_index_set_pepper(struct app_index *index, const struct pepper *pepper);
/* NULL until it is set; valid as long as the index. */
const struct pepper *app_index_pepper(const struct app_index *index);
/* Derived from the pepper: the key of subject digests, the same at every instance of one catalogue.
 * NULL until the pepper is set. */
const struct digest_key *app_index_subject_key(const struct app_index *index);

#endif
