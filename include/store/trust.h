/* SPDX-License-Identifier: MIT
 *
 * Whether Redis is asked: what its calls say of it goes to the breaker, and when that opens or
 * closes the log is told. While Redis goes on replying, and to some in time, a call that is late
 * has waited behind others: one tenant's load must not take Redis away from all of them. Worker's
 * thread. */
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
};

/* `link` and `complaints` are borrowed. */
void trust_init(struct trust *trust, struct event_base *base, const struct redis_link *link,
                struct redis_complaints *complaints, void *context, breaker_probe_fn *probe);
void trust_close(struct trust *trust);

/* Redis can be asked, and does not keep failing. */
bool trust_asks(const struct trust *trust);

/* A reply has been read, to a call that somebody still waited for. */
void trust_heard(struct trust *trust);

/* A call that was begun at `begun_us` is over. `is_at_fault`: by an error of its own. */
void trust_judge(struct trust *trust, int64_t begun_us, enum take_status status, bool is_at_fault,
                 int64_t now_us);

/* A call could not be sent in time, the last one was at `sent_us`. That is as if one had been late
 * when Redis has been silent since then, and for the time of a call. */
void trust_judge_unsent(struct trust *trust, int64_t sent_us, int64_t timeout_us, int64_t now_us);

#endif
