/* SPDX-License-Identifier: MIT
 *
 * Whether a Redis server is asked. The results of calls go to the breaker, and the log says when
 * that opens or closes. If it opens too often for that, it is told when it stays open.
 *
 * While the server still replies, and to some calls in time, a late call has only waited behind
 * others. It does not count as a failure, because one tenant's load must not take Redis away from
 * all. Worker's thread. */
#ifndef STORE_TRUST_H
#define STORE_TRUST_H

#include "limit/limit.h"
#include "store/breaker.h"

struct redis_complaints;
struct redis_link;

/* The owner's storage; the members are the trust's own. */
struct trust {
    struct breaker breaker;
    const struct redis_link *link;
    struct redis_complaints *complaints;
    int64_t in_time_us; /* when a reply last came in time */
    bool has_told_open; /* the log says that Redis is not asked */
    uint16_t node;      /* its number, for the log; set by the owner */
};

/* `link` and `complaints` are borrowed. */
void trust_init(struct trust *trust, struct event_base *base, const struct redis_link *link,
                struct redis_complaints *complaints, void *context, breaker_probe_fn *probe);
void trust_close(struct trust *trust);

/* Whether the link is ready and the breaker is closed. */
bool trust_asks(const struct trust *trust);

/* A reply has been read for a call whose caller still waited. */
void trust_heard(struct trust *trust);

/* A call that began at `begun_us` is over. `is_at_fault`: it failed by its own error. */
void trust_judge(struct trust *trust, int64_t begun_us, enum take_status status, bool is_at_fault,
                 int64_t now_us);

/* A call could not be sent in time; the last one was sent at `sent_us`. If Redis has been silent
 * since then, and for the time of a call, this counts as a late call. */
void trust_judge_unsent(struct trust *trust, int64_t sent_us, int64_t timeout_us, int64_t now_us);

#endif
