/* SPDX-License-Identifier: MIT
 *
 * A ready server is told at most as often as its troubles are, so it needs no bound of its own. */
#include "redis_told.h"

#include "base/duration.h"
#include "base/hash.h"
#include "base/memory.h"
#include "redis/redis_complaints.h"

#include <pthread.h>
#include <sys/queue.h>

#define SILENCE_US     SECOND_US
#define SILENCE_MAX_US (10 * MINUTE_US)
/* While the trouble lasts, each line makes the silence after it so many times as long. Another
 * cause waits for a part of it. */
#define SILENCE_GROWTH 4
#define OTHER_PART     8

struct redis_told {
    struct redis_endpoint endpoint;
    size_t references;
    bool says_ready;
    bool says_trouble;
    int64_t silent_until_us; /* before that it is not told again that it is ready no more */
    uint64_t cause;          /* a hash of the one that was told last */
    int64_t told_us;         /* when, if `says_trouble` */
    int64_t silence_us;      /* how long the same cause is not told again */
    LIST_ENTRY(redis_told) in_all;
};

/* For all below. It is never held while something is written. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, redis_told) all = LIST_HEAD_INITIALIZER(all);
static struct redis_complaints complaints;
static int64_t no_repetition_until_us;

static bool is_silent(const struct redis_told *told, uint64_t cause, int64_t now_us);
static bool may_tell(const struct redis_told *told, uint64_t cause, const char *whole,
                     int64_t now_us);
static void note_trouble(struct redis_told *told, uint64_t cause, int64_t now_us);
static struct redis_told *find(const struct redis_endpoint *endpoint);

struct redis_told *redis_told_open(const struct redis_endpoint *endpoint)
{
    (void)pthread_mutex_lock(&lock);
    struct redis_told *told = find(endpoint);

    if (told == NULL) {
        told = MEMORY_NEW(struct redis_told);
        told->endpoint = *endpoint;
        LIST_INSERT_HEAD(&all, told, in_all);
    }
    told->references++;
    (void)pthread_mutex_unlock(&lock);
    return told;
}

void redis_told_close(struct redis_told *told)
{
    (void)pthread_mutex_lock(&lock);
    const bool is_last = --told->references == 0;
    if (is_last)
        LIST_REMOVE(told, in_all);
    (void)pthread_mutex_unlock(&lock);
    if (is_last)
        free(told);
}

bool redis_told_ready(struct redis_told *told)
{
    (void)pthread_mutex_lock(&lock);
    const bool is_news = !told->says_ready;
    told->says_ready = true;
    told->says_trouble = false;
    (void)pthread_mutex_unlock(&lock);
    return is_news;
}

bool redis_told_trouble(struct redis_told *told, const char *cause, int64_t now_us)
{
    const uint64_t hash = hash_text(text_of(cause));
    char whole[REDIS_ENDPOINT_BYTES + 256];
    char where[REDIS_ENDPOINT_BYTES];

    redis_endpoint_write(&told->endpoint, where);
    (void)snprintf(whole, sizeof(whole), "%s %s", where, cause);
    (void)pthread_mutex_lock(&lock);
    const bool is_news = !told->says_trouble && now_us >= told->silent_until_us;
    const bool is_told =
        !is_silent(told, hash, now_us) && (may_tell(told, hash, whole, now_us) || is_news);
    if (is_told)
        note_trouble(told, hash, now_us);
    (void)pthread_mutex_unlock(&lock);
    return is_told;
}

static bool is_silent(const struct redis_told *told, uint64_t cause, int64_t now_us)
{
    const int64_t silence_us =
        cause == told->cause ? told->silence_us : told->silence_us / OTHER_PART;

    return told->says_trouble && now_us - told->told_us < silence_us;
}

/* What is told again shares a line a second with that of all servers. */
static bool may_tell(const struct redis_told *told, uint64_t cause, const char *whole,
                     int64_t now_us)
{
    if (!told->says_trouble || cause != told->cause)
        return redis_complaints_allow(&complaints, whole, now_us);
    if (now_us < no_repetition_until_us)
        return false;
    no_repetition_until_us = now_us + SILENCE_US;
    return true;
}

static void note_trouble(struct redis_told *told, uint64_t cause, int64_t now_us)
{
    if (told->says_trouble) {
        told->silence_us *= SILENCE_GROWTH;
        if (told->silence_us > SILENCE_MAX_US)
            told->silence_us = SILENCE_MAX_US;
    } else {
        told->silence_us = SILENCE_US;
        told->silent_until_us = now_us + SILENCE_US;
    }
    told->cause = cause;
    told->told_us = now_us;
    told->says_trouble = true;
    told->says_ready = false;
}

static struct redis_told *find(const struct redis_endpoint *endpoint)
{
    struct redis_told *told;

    LIST_FOREACH (told, &all, in_all) {
        if (redis_endpoint_equal(&told->endpoint, endpoint))
            return told;
    }
    return NULL;
}
