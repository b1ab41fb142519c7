/* SPDX-License-Identifier: MIT
 *
 * hiredis can bound only each single array. But it makes every value with a function that can be
 * replaced, and takes a NULL from it as a lack of memory. */
#include "redis/redis_bounds.h"

#include <hiredis/async.h>
#include <pthread.h>

static redisReplyObjectFunctions originals;
static redisReplyObjectFunctions replacements;

static void make_replacements(void);
static void *create_array(const redisReadTask *task, size_t length);
static void *create_string(const redisReadTask *task, char *at, size_t length);
static void *create_integer(const redisReadTask *task, long long value);
static void *create_double(const redisReadTask *task, double value, char *at, size_t length);
static void *create_nil(const redisReadTask *task);
static void *create_bool(const redisReadTask *task, int value);
static bool is_asked(const redisReadTask *task);
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

bool redis_bounds_has_begun(const redisReader *reader)
{
    const struct redis_bounds *bounds = reader->privdata;

    return bounds != NULL && bounds->has_begun;
}

/* Our own code aborts when memory is short, so that is hardly ever the cause. */
const char *redis_bounds_explain(const redisContext *context)
{
    const struct redis_bounds *bounds = context->reader->privdata;

    if (context->err != REDIS_ERR_OOM)
        return context->errstr;
    return bounds->is_unasked ? REDIS_BOUNDS_UNASKED : REDIS_BOUNDS_PASSED;
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
    replacements.createInteger = create_integer;
    replacements.createDouble = create_double;
    replacements.createNil = create_nil;
    replacements.createBool = create_bool;
}

static void *create_array(const redisReadTask *task, size_t length)
{
    struct redis_bounds *bounds = task->privdata;

    return is_asked(task) && take(&bounds->values_left, length)
               ? originals.createArray(task, length)
               : NULL;
}

static void *create_string(const redisReadTask *task, char *at, size_t length)
{
    struct redis_bounds *bounds = task->privdata;

    return is_asked(task) && take(&bounds->bytes_left, length)
               ? originals.createString(task, at, length)
               : NULL;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    return is_asked(task) ? originals.createInteger(task, value) : NULL;
}

static void *create_double(const redisReadTask *task, double value, char *at, size_t length)
{
    return is_asked(task) ? originals.createDouble(task, value, at, length) : NULL;
}

static void *create_nil(const redisReadTask *task)
{
    return is_asked(task) ? originals.createNil(task) : NULL;
}

static void *create_bool(const redisReadTask *task, int value)
{
    return is_asked(task) ? originals.createBool(task, value) : NULL;
}

/* Whether the value may be made. One that is a whole reply, and no part of one, begins the next
 * reply. */
static bool is_asked(const redisReadTask *task)
{
    struct redis_bounds *bounds = task->privdata;

    if (task->parent != NULL)
        return true;
    bounds->has_begun = true;
    bounds->values_left = bounds->values_max;
    bounds->bytes_left = bounds->bytes_max;
    bounds->is_unasked =
        bounds->next != NULL && *bounds->next == NULL && task->type != REDIS_REPLY_ERROR;
    return !bounds->is_unasked;
}

static bool take(size_t *left, size_t amount)
{
    if (amount > *left)
        return false;
    *left -= amount;
    return true;
}
