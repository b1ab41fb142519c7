/* SPDX-License-Identifier: MIT
 *
 * The calls of one connection, from sending to reply or deadline. Replies come in the order of
 * sending, so `unanswered` is a queue and its head owns the next reply. The time of a call begins
 * when it is written, because a worker that writes late is not Redis' fault. From then on a call
 * is also in `by_deadline`, until it is late. */
#ifndef REDIS_REDIS_CALLS_H
#define REDIS_REDIS_CALLS_H

#include "redis/redis_link.h"

#include <sys/queue.h>

/* When nothing is due. */
#define REDIS_CALLS_NEVER INT64_MAX

struct redis_call;
STAILQ_HEAD(redis_call_queue, redis_call);
TAILQ_HEAD(redis_call_list, redis_call);

/* The owner's storage; the members are the calls' own. */
struct redis_calls {
    struct redis_call_queue unanswered; /* in the order of sending */
    struct redis_call *unwritten;       /* the first of those that is not written yet */
    struct redis_call_list by_deadline; /* those that are not late; the earliest first */
    struct redis_call_queue spare;
    size_t unanswered_count;
    size_t in_flight; /* how many are not late */
    int64_t late_us;  /* see redis_calls_late_us() */
};

void redis_calls_init(struct redis_calls *calls);
/* Every call must have been answered, or lost by redis_calls_lose(). */
void redis_calls_close(struct redis_calls *calls);

/* Adds a call that was just sent. `done` runs in one of the functions below: once, and once more
 * after LATE. */
void redis_calls_add(struct redis_calls *calls, size_t integers, int64_t timeout_us, void *context,
                     redis_link_done_fn *done);

/* All calls added so far are written: their time begins. */
void redis_calls_written(struct redis_calls *calls, int64_t now_us);

/* Gives the next reply to its call. False when no call was written, or the reply cannot be that
 * call's. An error must have one line. The reply to a late call must have the integers that the
 * call expects, because its caller only counts by it. */
MUST_USE bool redis_calls_answer(struct redis_calls *calls, const redisReply *reply);

/* Calls whose deadline has come are LATE. */
void redis_calls_expire(struct redis_calls *calls, int64_t now_us);

/* The connection has ended: every call is LOST, or REPLIED_LATE without a reply. None may be added
 * until this returns. */
void redis_calls_lose(struct redis_calls *calls);

/* The next deadline, or REDIS_CALLS_NEVER. */
int64_t redis_calls_deadline_us(const struct redis_calls *calls);

/* When the first call was LATE since one was answered in time, or none was out; else
 * REDIS_CALLS_NEVER. */
int64_t redis_calls_late_us(const struct redis_calls *calls);

#endif
