/* SPDX-License-Identifier: MIT */
#include "replies.h"

#define AGGREGATES   "*%~>"
#define DIGITS       "0123456789"
#define COUNT_DIGITS 5 /* of what is too many */

static redisReader *reader;

static bool announces_too_many(struct text bytes);

bool replies_begin(struct text bytes)
{
    if (announces_too_many(bytes))
        return false;
    reader = redisReaderCreate();
    ASSERT(reader != NULL);
    (void)redisReaderFeed(reader, bytes.at, bytes.length);
    return true;
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

static bool announces_too_many(struct text bytes)
{
    size_t digits = COUNT_DIGITS;

    for (size_t i = 0; i < bytes.length; i++) {
        bool is_digit = memchr(DIGITS, bytes.at[i], strlen(DIGITS)) != NULL;

        digits = is_digit ? digits + 1 : COUNT_DIGITS;
        if (memchr(AGGREGATES, bytes.at[i], strlen(AGGREGATES)) != NULL)
            digits = 0;
        if (is_digit && digits == COUNT_DIGITS)
            return true;
    }
    return false;
}
