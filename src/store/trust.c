/* SPDX-License-Identifier: MIT */
#include "store/trust.h"

#include "base/duration.h"
#include "base/log.h"
#include "redis/redis_complaints.h"
#include "redis/redis_link.h"

/* A Redis that has answered no call in time for so long is not only slow. */
#define IN_TIME_US SECOND_US

static bool is_answered(enum take_status status);
static bool is_only_slow(const struct trust *trust, int64_t begun_us, enum take_status status);
static void tell(struct trust *trust, int64_t now_us);

void trust_init(struct trust *trust, struct event_base *base, const struct redis_link *link,
                struct redis_complaints *complaints, void *context, breaker_probe_fn *probe)
{
    *trust = (struct trust){.link = link, .complaints = complaints};
    breaker_init(&trust->breaker, base, context, probe);
}

void trust_close(struct trust *trust)
{
    breaker_close(&trust->breaker);
}

bool trust_asks(const struct trust *trust)
{
    return redis_link_is_ready(trust->link) && !breaker_is_open(&trust->breaker);
}

void trust_heard(struct trust *trust)
{
    trust->in_time_us = redis_link_heard_us(trust->link);
}

void trust_judge(struct trust *trust, int64_t begun_us, enum take_status status, bool is_at_fault,
                 int64_t now_us)
{
    const bool was_open = breaker_is_open(&trust->breaker);

    if (is_answered(status) || is_at_fault)
        breaker_succeeded(&trust->breaker);
    else if (was_open || !is_only_slow(trust, begun_us, status))
        breaker_failed(&trust->breaker);
    if (breaker_is_open(&trust->breaker) != trust->has_told_open)
        tell(trust, now_us);
}

void trust_judge_unsent(struct trust *trust, int64_t sent_us, int64_t timeout_us, int64_t now_us)
{
    const int64_t heard_us = redis_link_heard_us(trust->link);

    if (now_us - timeout_us >= (heard_us > sent_us ? heard_us : sent_us))
        trust_judge(trust, now_us, TAKE_LATE, false, now_us);
}

/* A store that does not decide for a good reason has not failed. */
static bool is_answered(enum take_status status)
{
    return status == TAKE_DONE || status == TAKE_QUOTA || status == TAKE_ELSEWHEN;
}

static bool is_only_slow(const struct trust *trust, int64_t begun_us, enum take_status status)
{
    const int64_t heard_us = redis_link_heard_us(trust->link);

    return status == TAKE_LATE && heard_us > begun_us && heard_us - trust->in_time_us < IN_TIME_US;
}

/* A breaker that opens again and again is logged once a second. If its opening comes too soon for
 * that, this is called again after the next failure, which is at the latest that of a probe. Its
 * closing is logged only after its opening was. */
static void tell(struct trust *trust, int64_t now_us)
{
    static const char open[] = "redis is not asked: it keeps failing";
    const char *where = redis_link_where(trust->link);
    const bool is_open = breaker_is_open(&trust->breaker);
    char cause[sizeof(open) + REDIS_ENDPOINT_BYTES];

    (void)snprintf(cause, sizeof(cause), "%s %s", open, where);
    if (is_open && !redis_complaints_allow(trust->complaints, cause, now_us))
        return;
    log_write(is_open ? LOG_WARN : LOG_INFO, is_open ? open : "redis is asked again",
              LOG_STRING("redis", where), LOG_INTEGER("node", trust->node));
    trust->has_told_open = is_open;
}
