/* SPDX-License-Identifier: MIT
 *
 * A minute begins with the first line after the end of the one before. */
#include "base/log_limit.h"

#include "base/duration.h"
#include "base/memory.h"

#include <pthread.h>

struct subject {
    char name[LOG_LIMIT_SUBJECT_BYTES];
    unsigned lines;   /* lines admitted */
    uint64_t counted; /* further lines, only counted */
};

struct minute {
    int64_t end_us; /* 0: no minute has begun */
    size_t count;
    struct subject subjects[LOG_LIMIT_SUBJECTS_MAX];
    struct subject others; /* all further subjects; its name is not set */
};

struct log_limit {
    const struct log_limit_kind *kind;
    pthread_mutex_t mutex;
    struct minute minute; /* under `mutex` */
};

static bool minute_admits(struct minute *minute, const char *name, unsigned lines_max);
static struct subject *minute_find_or_add(struct minute *minute, const char *name);
static void minute_tell(const struct minute *minute, const struct log_limit_kind *kind);
static void tell(const struct log_limit_kind *kind, const char *name, uint64_t count);

struct log_limit *log_limit_new(const struct log_limit_kind *kind)
{
    struct log_limit *limit = MEMORY_NEW(struct log_limit);

    limit->kind = kind;
    pthread_mutex_init(&limit->mutex, NULL);
    return limit;
}

void log_limit_free(struct log_limit *limit)
{
    if (limit == NULL)
        return;
    minute_tell(&limit->minute, limit->kind);
    pthread_mutex_destroy(&limit->mutex);
    free(limit);
}

bool log_limit_admits(struct log_limit *limit, const char *subject, int64_t now_us)
{
    bool admits;

    log_limit_turn(limit, now_us);
    pthread_mutex_lock(&limit->mutex);
    if (limit->minute.end_us == 0)
        limit->minute.end_us = now_us + MINUTE_US;
    admits = minute_admits(&limit->minute, subject, limit->kind->lines_max);
    pthread_mutex_unlock(&limit->mutex);
    return admits;
}

/* Writes the sums without the lock. */
void log_limit_turn(struct log_limit *limit, int64_t now_us)
{
    WRITTEN_FIRST struct minute over;
    bool is_over;

    pthread_mutex_lock(&limit->mutex);
    is_over = limit->minute.end_us != 0 && now_us >= limit->minute.end_us;
    if (is_over) {
        over = limit->minute;
        limit->minute = (struct minute){0};
    }
    pthread_mutex_unlock(&limit->mutex);
    if (is_over)
        minute_tell(&over, limit->kind);
}

static bool minute_admits(struct minute *minute, const char *name, unsigned lines_max)
{
    struct subject *subject = minute_find_or_add(minute, name);

    if (subject->lines == lines_max) {
        subject->counted++;
        return false;
    }
    subject->lines++;
    return true;
}

static struct subject *minute_find_or_add(struct minute *minute, const char *name)
{
    struct subject *added;

    for (size_t i = 0; i < minute->count; i++) {
        if (strncmp(minute->subjects[i].name, name, LOG_LIMIT_SUBJECT_BYTES - 1) == 0)
            return &minute->subjects[i];
    }
    if (minute->count == LOG_LIMIT_SUBJECTS_MAX)
        return &minute->others;
    added = &minute->subjects[minute->count++];
    (void)snprintf(added->name, sizeof(added->name), "%s", name);
    return added;
}

static void minute_tell(const struct minute *minute, const struct log_limit_kind *kind)
{
    for (size_t i = 0; i < minute->count; i++)
        tell(kind, minute->subjects[i].name, minute->subjects[i].counted);
    tell(kind, "others", minute->others.counted);
}

static void tell(const struct log_limit_kind *kind, const char *name, uint64_t count)
{
    if (count > 0)
        log_write(kind->level, kind->event, LOG_STRING(kind->subject, name),
                  LOG_INTEGER("count", (int64_t)count));
}
