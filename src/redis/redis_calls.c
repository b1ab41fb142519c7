/* SPDX-License-Identifier: MIT */
#include "redis/redis_calls.h"

#include "base/memory.h"

struct redis_call {
    STAILQ_ENTRY(redis_call) next; /* in `unanswered` or `spare` */
    TAILQ_ENTRY(redis_call) by_deadline;
    size_t integers; /* how many its reply has */
    int64_t timeout_us;
    int64_t deadline_us; /* REDIS_CALLS_NEVER: not written yet */
    void *context;
    redis_link_done_fn *done;
    bool is_late;
};

static struct redis_call *new_call(struct redis_calls *calls);
static bool may_answer(const struct redis_call *call, const redisReply *reply);
static bool is_integer(const redisReply *reply);
static bool is_one_line(const redisReply *reply);
static void insert_by_deadline(struct redis_calls *calls, struct redis_call *call);
static void finish_oldest(struct redis_calls *calls, enum redis_link_status status,
                          const redisReply *reply);
static void stop_waiting(struct redis_calls *calls, struct redis_call *call);

void redis_calls_init(struct redis_calls *calls)
{
    STAILQ_INIT(&calls->unanswered);
    calls->unwritten = NULL;
    calls->unanswered_count = 0;
    TAILQ_INIT(&calls->by_deadline);
    STAILQ_INIT(&calls->spare);
    calls->in_flight = 0;
    calls->late_us = REDIS_CALLS_NEVER;
}

void redis_calls_close(struct redis_calls *calls)
{
    ASSERT(STAILQ_EMPTY(&calls->unanswered) && calls->in_flight == 0);
    while (!STAILQ_EMPTY(&calls->spare)) {
        struct redis_call *call = STAILQ_FIRST(&calls->spare);
        STAILQ_REMOVE_HEAD(&calls->spare, next);
        free(call);
    }
}

void redis_calls_add(struct redis_calls *calls, size_t integers, int64_t timeout_us, void *context,
                     redis_link_done_fn *done)
{
    struct redis_call *call = new_call(calls);

    call->integers = integers;
    call->timeout_us = timeout_us;
    call->deadline_us = REDIS_CALLS_NEVER;
    call->context = context;
    call->done = done;
    call->is_late = false;
    STAILQ_INSERT_TAIL(&calls->unanswered, call, next);
    calls->unanswered_count++;
    if (calls->unwritten == NULL)
        calls->unwritten = call;
    calls->in_flight++;
}

void redis_calls_written(struct redis_calls *calls, int64_t now_us)
{
    for (; calls->unwritten != NULL; calls->unwritten = STAILQ_NEXT(calls->unwritten, next)) {
        calls->unwritten->deadline_us = now_us + calls->unwritten->timeout_us;
        insert_by_deadline(calls, calls->unwritten);
    }
}

bool redis_calls_answer(struct redis_calls *calls, const redisReply *reply)
{
    const struct redis_call *call = STAILQ_FIRST(&calls->unanswered);

    if (call == calls->unwritten || !may_answer(call, reply))
        return false;
    if (!call->is_late || STAILQ_NEXT(call, next) == NULL)
        calls->late_us = REDIS_CALLS_NEVER;
    finish_oldest(calls, REDIS_LINK_REPLIED, reply);
    return true;
}

void redis_calls_expire(struct redis_calls *calls, int64_t now_us)
{
    while (redis_calls_deadline_us(calls) <= now_us) {
        struct redis_call *call = TAILQ_FIRST(&calls->by_deadline);
        if (calls->late_us == REDIS_CALLS_NEVER)
            calls->late_us = now_us;
        stop_waiting(calls, call);
        call->is_late = true;
        call->done(call->context, REDIS_LINK_LATE, NULL);
    }
}

void redis_calls_lose(struct redis_calls *calls)
{
    calls->late_us = REDIS_CALLS_NEVER;
    calls->unwritten = NULL;
    while (!STAILQ_EMPTY(&calls->unanswered))
        finish_oldest(calls, REDIS_LINK_LOST, NULL);
}

int64_t redis_calls_deadline_us(const struct redis_calls *calls)
{
    const struct redis_call *call = TAILQ_FIRST(&calls->by_deadline);

    return call == NULL ? REDIS_CALLS_NEVER : call->deadline_us;
}

int64_t redis_calls_late_us(const struct redis_calls *calls)
{
    return calls->late_us;
}

static struct redis_call *new_call(struct redis_calls *calls)
{
    struct redis_call *call = STAILQ_FIRST(&calls->spare);

    if (call == NULL)
        return MEMORY_NEW(struct redis_call);
    STAILQ_REMOVE_HEAD(&calls->spare, next);
    return call;
}

static bool may_answer(const struct redis_call *call, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return is_one_line(reply);
    if (!call->is_late || call->integers == REDIS_LINK_ANYTHING)
        return true;
    if (call->integers == REDIS_LINK_AN_INTEGER)
        return is_integer(reply);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != call->integers)
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        if (!is_integer(reply->element[i]))
            return false;
    }
    return true;
}

static bool is_integer(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER;
}

/* A damaged line end makes one error out of two replies. */
static bool is_one_line(const redisReply *reply)
{
    return memchr(reply->str, '\r', reply->len) == NULL &&
           memchr(reply->str, '\n', reply->len) == NULL;
}

/* Deadlines mostly come in order, so the place is nearly always the end. */
static void insert_by_deadline(struct redis_calls *calls, struct redis_call *call)
{
    struct redis_call *before = TAILQ_LAST(&calls->by_deadline, redis_call_list);

    while (before != NULL && before->deadline_us > call->deadline_us)
        before = TAILQ_PREV(before, redis_call_list, by_deadline);
    if (before == NULL)
        TAILQ_INSERT_HEAD(&calls->by_deadline, call, by_deadline);
    else
        TAILQ_INSERT_AFTER(&calls->by_deadline, before, call, by_deadline);
}

/* The call goes back to the spare ones before `done` runs, because that may make the next call. */
static void finish_oldest(struct redis_calls *calls, enum redis_link_status status,
                          const redisReply *reply)
{
    struct redis_call *call = STAILQ_FIRST(&calls->unanswered);

    STAILQ_REMOVE_HEAD(&calls->unanswered, next);
    calls->unanswered_count--;
    STAILQ_INSERT_HEAD(&calls->spare, call, next);
    if (!call->is_late)
        stop_waiting(calls, call);
    call->done(call->context, call->is_late ? REDIS_LINK_REPLIED_LATE : status, reply);
}

static void stop_waiting(struct redis_calls *calls, struct redis_call *call)
{
    if (call->deadline_us != REDIS_CALLS_NEVER)
        TAILQ_REMOVE(&calls->by_deadline, call, by_deadline);
    calls->in_flight--;
}
