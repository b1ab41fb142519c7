/* SPDX-License-Identifier: MIT
 *
 * hiredis can bound only each single array. But it makes every value with a function that can be
 * replaced, and takes a NULL from it as a lack of memory. */
#include "redis/redis_bounds.h"

#include <pthread.h>

static redisReplyObjectFunctions originals;
static redisReplyObjectFunctions replacements;

static void make_replacements(void);
static void *create_array(const redisReadTask *task, size_t length);
static void *create_string(const redisReadTask *task, char *at, size_t length);
static struct redis_bounds *bounds_of(const redisReadTask *task);
static bool take(size_t *left, size_t amount);

void redis_bounds_hold(struct redis_bounds *bounds, redisReader *reader)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_replacements);
    reader->fn = &replacements;
    reader->privdata = bounds;
}

bool redis_bounds_are_passed(const struct redis_bounds *bounds, const redisReader *reader)
{
    return reader->len - reader->pos > bounds->bytes_max;
}

/* Our own code aborts when memory is short, so that is hardly ever the cause. */
const char *redis_bounds_explain(const redisContext *context)
{
    return context->err == REDIS_ERR_OOM ? REDIS_BOUNDS_PASSED : context->errstr;
}

static void make_replacements(void)
{
    redisReader *reader = redisReaderCreate();

    ASSERT(reader != NULL);
    originals = *reader->fn;
    redisReaderFree(reader);
    replacements = originals;
    replacements.createArray = create_array;
    replacements.createString = create_string;
}

static void *create_array(const redisReadTask *task, size_t length)
{
    if (!take(&bounds_of(task)->values_left, length))
        return NULL;
    return originals.createArray(task, length);
}

static void *create_string(const redisReadTask *task, char *at, size_t length)
{
    if (!take(&bounds_of(task)->bytes_left, length))
        return NULL;
    return originals.createString(task, at, length);
}

/* A value that is a whole reply, and no part of one, begins the next reply. */
static struct redis_bounds *bounds_of(const redisReadTask *task)
{
    struct redis_bounds *bounds = task->privdata;

    if (task->parent == NULL) {
        bounds->values_left = bounds->values_max;
        bounds->bytes_left = bounds->bytes_max;
    }
    return bounds;
}

static bool take(size_t *left, size_t amount)
{
    if (amount > *left)
        return false;
    *left -= amount;
    return true;
}
