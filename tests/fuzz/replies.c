/* SPDX-License-Identifier: MIT */
#include "replies.h"

#include "redis/redis_bounds.h"

/* The bounds of a session. */
static struct redis_bounds bounds = {.values_max = 65536, .bytes_max = 64 * 1024 * 1024};
static redisReader *reader;

void replies_begin(struct text bytes)
{
    reader = redisReaderCreate();
    ASSERT(reader != NULL);
    redis_bounds_hold(&bounds, reader);
    (void)redisReaderFeed(reader, bytes.at, bytes.length);
}

void replies_end(void)
{
    redisReaderFree(reader);
    reader = NULL;
}

redisReply *replies_next(void)
{
    void *reply = NULL;

    if (redisReaderGetReply(reader, &reply) != REDIS_OK)
        return NULL;
    return reply;
}
