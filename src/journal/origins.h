/* SPDX-License-Identifier: MIT
 *
 * The newest entry that was seen of each instance. Entries of one instance come in order, so any
 * that is not newer has been seen before. It knows the ORIGINS_MAX instances that were noted last.
 * A zeroed one knows none. Not shared between threads. */
#ifndef JOURNAL_ORIGINS_H
#define JOURNAL_ORIGINS_H

#include "journal/entry_id.h"

#define ORIGINS_MAX 32

struct origins {
    size_t count;
    struct entry_id newest[ORIGINS_MAX]; /* noted last first */
};

/* The sequence of its newest entry; 0 when the instance is not known. */
uint64_t origins_find(const struct origins *origins, uint64_t instance);

/* It is the newest one of its instance. */
void origins_note(struct origins *origins, const struct entry_id *id);

#endif
