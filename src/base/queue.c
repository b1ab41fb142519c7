/* SPDX-License-Identifier: MIT
 *
 * A list under a mutex that is held for a few instructions, and an eventfd. The eventfd is written
 * only when the list stops being empty, so a burst of posts costs one wake-up. The reader clears
 * the eventfd before it takes the list. So a post in between may wake it once more than needed, but
 * no wake-up is lost. All of a post happens under the mutex. So a thread that holds it after an
 * item has run knows that the item's poster is done with the queue. */
#include "base/queue.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
    pthread_mutex_t mutex;
    _Atomic(struct queue_item *) first; /* written under `mutex`, read without it */
    struct queue_item *last;            /* under `mutex`; unset while `first` is NULL */
    atomic_size_t unfinished;           /* posted and not yet run; grows under `mutex` only */
    size_t capacity;
    int fd;
};

static bool queue_append(struct queue *queue, struct queue_item *item);
static void queue_wake(const struct queue *queue);
static void queue_clear_wakes(const struct queue *queue);
static struct queue_item *queue_take_all(struct queue *queue);

struct queue *queue_new(size_t capacity)
{
    struct queue *queue = MEMORY_NEW(struct queue);

    queue->capacity = capacity;
    queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(queue->fd >= 0);
    pthread_mutex_init(&queue->mutex, NULL);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (queue == NULL)
        return;
    /* A poster whose item has run may still be in queue_post(). */
    pthread_mutex_lock(&queue->mutex);
    pthread_mutex_unlock(&queue->mutex);
    close(queue->fd);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

bool queue_post(struct queue *queue, struct queue_item *item)
{
    bool fits;

    item->next = NULL;
    pthread_mutex_lock(&queue->mutex);
    fits = queue_append(queue, item);
    pthread_mutex_unlock(&queue->mutex);
    return fits;
}

size_t queue_drain(struct queue *queue)
{
    size_t ran = 0;

    queue_clear_wakes(queue);

    struct queue_item *item = queue_take_all(queue);

    while (item != NULL) {
        struct queue_item *next = item->next; /* run() may free the item */
        atomic_fetch_sub_explicit(&queue->unfinished, 1, memory_order_relaxed);
        item->run(item);
        item = next;
        ran++;
    }
    return ran;
}

bool queue_has_items(const struct queue *queue)
{
    return atomic_load_explicit(&queue->first, memory_order_relaxed) != NULL;
}

int queue_fd(const struct queue *queue)
{
    return queue->fd;
}

/* Under `mutex`. */
static bool queue_append(struct queue *queue, struct queue_item *item)
{
    bool was_empty = !queue_has_items(queue);

    if (queue->capacity > 0 &&
        atomic_load_explicit(&queue->unfinished, memory_order_relaxed) >= queue->capacity)
        return false;
    atomic_fetch_add_explicit(&queue->unfinished, 1, memory_order_relaxed);
    if (was_empty) {
        atomic_store_explicit(&queue->first, item, memory_order_relaxed);
        queue_wake(queue);
    } else {
        queue->last->next = item;
    }
    queue->last = item;
    return true;
}

/* An eventfd refuses only at 2^64 - 2 unread wake-ups, and then the reader is awake anyway. */
static void queue_wake(const struct queue *queue)
{
    int result = eventfd_write(queue->fd, 1);

    ASSERT(result == 0);
}

/* Reads nothing if the reader drains without a wake-up. */
static void queue_clear_wakes(const struct queue *queue)
{
    eventfd_t wakes;

    (void)eventfd_read(queue->fd, &wakes);
}

static struct queue_item *queue_take_all(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    struct queue_item *first = atomic_load_explicit(&queue->first, memory_order_relaxed);
    atomic_store_explicit(&queue->first, NULL, memory_order_relaxed);
    pthread_mutex_unlock(&queue->mutex);
    return first;
}
