/* SPDX-License-Identifier: MIT
 *
 * Work handed from any thread to the one thread that drains the queue, in order. The reader waits
 * on queue_fd() in its event loop or poll(). Items are intrusive: posting allocates nothing. */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

struct queue_item {
    struct queue_item *next;
    void (*run)(struct queue_item *item); /* on the reader's thread; owns the item from here on */
};

struct queue;

/* Holds at most `capacity` items that were posted and not yet run; 0 is no bound, for replies,
 * whose number the requests bound. */
struct queue *queue_new(size_t capacity);
/* Reader's thread, or after it has ended. May follow the run of the last item at once: it waits for
 * posters that are still in queue_post() with an item that has run. No thread may begin to post any
 * more. Items that have not run stay with their posters. */
void queue_free(struct queue *queue);

/* False when full: the item was not taken. Any thread; never blocks on I/O. The run of the item may
 * free the queue. */
MUST_USE bool queue_post(struct queue *queue, struct queue_item *item);

/* Runs what was posted before the call. Reader's thread only. Returns how many ran. */
size_t queue_drain(struct queue *queue);

/* One relaxed load: whether a drain would find something. Any thread. */
bool queue_has_items(const struct queue *queue);

/* Readable while there are items, and sometimes once without any. Owned by the queue. */
int queue_fd(const struct queue *queue);

#endif
