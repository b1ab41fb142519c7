/* SPDX-License-Identifier: MIT
 *
 * Jobs that tenants give to one thread. Each tenant may have as many waiting as its share of the
 * places; the thread takes them one at a time, in turns. The reader waits on inbox_fd() in its
 * event loop or poll(). Items are intrusive. */
#ifndef BASE_INBOX_H
#define BASE_INBOX_H

#include "base/fair_queue.h"

struct inbox;

struct inbox *inbox_new(size_t places);
/* Reader's thread, once no thread posts any more. Items that were not taken stay with their
 * posters. NULL is fine. */
void inbox_free(struct inbox *inbox);

/* False when it is more than the tenant's share: see shares.h. The item must stay where it is until
 * it is taken. Any thread; never blocks on I/O. */
MUST_USE bool inbox_post(struct inbox *inbox, struct fair_item *item, uint32_t tenant);

/* The item whose turn it is; its place is free again. NULL when there is none. Reader's thread
 * only. */
struct fair_item *inbox_take(struct inbox *inbox);

/* The item that has waited longest, no matter whose turn it is. It stays; NULL when there is none.
 * inbox_take_out() takes it, or another that waits, out of turn. Reader's thread only. */
struct fair_item *inbox_oldest(struct inbox *inbox);
void inbox_take_out(struct inbox *inbox, struct fair_item *item);

/* Puts back the item that was taken last: the rest of its job comes first in its tenant's next
 * turn. Reader's thread only. */
void inbox_put_back(struct inbox *inbox, struct fair_item *item);

/* The item that was taken last waits for something else, and keeps its place meanwhile.
 * inbox_resume() puts it behind its tenant's others. Both: reader's thread only. */
void inbox_set_aside(struct inbox *inbox, const struct fair_item *item);
void inbox_resume(struct inbox *inbox, struct fair_item *item);

/* Readable while there are items. Owned by the inbox. */
int inbox_fd(const struct inbox *inbox);

#endif
