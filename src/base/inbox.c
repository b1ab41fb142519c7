/* SPDX-License-Identifier: MIT
 *
 * A mutex guards all of it, for a few instructions at a time. Under it an eventfd is written when
 * the first item comes, and read when the last one goes. */
#include "base/inbox.h"

#include "base/memory.h"
#include "base/shares.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define COST    1 /* of any job */
#define QUANTUM 1

struct inbox {
    pthread_mutex_t mutex;
    struct shares shares;
    struct fair_queue queue;
    int fd;
};

static void wake(const struct inbox *inbox);
static void free_place(struct inbox *inbox, const struct fair_item *item);

struct inbox *inbox_new(size_t places)
{
    struct inbox *inbox = MEMORY_NEW(struct inbox);

    inbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(inbox->fd >= 0);
    pthread_mutex_init(&inbox->mutex, NULL);
    shares_init(&inbox->shares, places);
    fair_queue_init(&inbox->queue, QUANTUM);
    return inbox;
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    fair_queue_close(&inbox->queue);
    shares_close(&inbox->shares);
    pthread_mutex_destroy(&inbox->mutex);
    close(inbox->fd);
    free(inbox);
}

bool inbox_post(struct inbox *inbox, struct fair_item *item, uint32_t tenant)
{
    pthread_mutex_lock(&inbox->mutex);
    const bool fits = shares_take(&inbox->shares, tenant, COST);
    if (fits) {
        fair_queue_put(&inbox->queue, item, tenant, COST);
        wake(inbox);
    }
    pthread_mutex_unlock(&inbox->mutex);
    return fits;
}

struct fair_item *inbox_take(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    struct fair_item *item = fair_queue_take(&inbox->queue);
    if (item != NULL)
        free_place(inbox, item);
    pthread_mutex_unlock(&inbox->mutex);
    return item;
}

struct fair_item *inbox_oldest(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    struct fair_item *item = fair_queue_oldest(&inbox->queue);
    pthread_mutex_unlock(&inbox->mutex);
    return item;
}

void inbox_take_out(struct inbox *inbox, struct fair_item *item)
{
    pthread_mutex_lock(&inbox->mutex);
    fair_queue_remove(&inbox->queue, item);
    free_place(inbox, item);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_put_back(struct inbox *inbox, struct fair_item *item)
{
    pthread_mutex_lock(&inbox->mutex);
    shares_retake(&inbox->shares, item->tenant, COST);
    fair_queue_put_back(&inbox->queue, item, COST);
    wake(inbox);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_set_aside(struct inbox *inbox, const struct fair_item *item)
{
    pthread_mutex_lock(&inbox->mutex);
    shares_retake(&inbox->shares, item->tenant, COST);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_resume(struct inbox *inbox, struct fair_item *item)
{
    pthread_mutex_lock(&inbox->mutex);
    fair_queue_put(&inbox->queue, item, item->tenant, COST);
    wake(inbox);
    pthread_mutex_unlock(&inbox->mutex);
}

int inbox_fd(const struct inbox *inbox)
{
    return inbox->fd;
}

/* After an item has come. */
static void wake(const struct inbox *inbox)
{
    if (inbox->queue.count == 1)
        ASSERT(eventfd_write(inbox->fd, 1) == 0);
}

/* The item has left the queue. */
static void free_place(struct inbox *inbox, const struct fair_item *item)
{
    eventfd_t posted;

    shares_give(&inbox->shares, item->tenant, COST);
    if (inbox->queue.count == 0)
        (void)eventfd_read(inbox->fd, &posted);
}
