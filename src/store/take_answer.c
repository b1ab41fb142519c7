/* SPDX-License-Identifier: MIT */
#include "store/take_answer.h"

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "redis/redis_complaints.h"
#include "redis/redis_error.h"

static bool decision_read(const struct take_asked *asked, const redisReply *reply,
                          struct outcome *outcome);
static bool forgotten_read(const struct take_asked *asked, const redisReply *reply,
                           struct outcome *outcome);
static void count_refused(const struct take_answers *answers, const struct take_asked *asked,
                          const redisReply *reply, const struct outcome *outcome);
static void complain(const struct take_answers *answers, const struct take_asked *asked,
                     const char *reason);

bool take_answer_read(const struct take_answers *answers, const struct take_asked *asked,
                      const redisReply *reply, struct outcome *outcome)
{
    if (asked->forgets)
        return forgotten_read(asked, reply, outcome);
    if (!decision_read(asked, reply, outcome))
        return false;
    count_refused(answers, asked, reply, outcome);
    return true;
}

enum take_status take_answer_error(const struct take_answers *answers,
                                   const struct take_asked *asked, const redisReply *reply,
                                   bool *is_at_fault)
{
    const enum redis_error_scope scope = redis_error_scope((struct text){reply->str, reply->len});

    complain(answers, asked, reply->str);
    *is_at_fault = scope != REDIS_ERROR_OF_ALL;
    return scope == REDIS_ERROR_OF_ONE ? TAKE_BROKEN : TAKE_REFUSED;
}

/* Whoever is denied by mistake cannot know. */
static bool decision_read(const struct take_asked *asked, const redisReply *reply,
                          struct outcome *outcome)
{
    return take_script_read(reply, asked->limit_count, outcome) &&
           take_script_explains(&asked->arguments, outcome);
}

static bool forgotten_read(const struct take_asked *asked, const redisReply *reply,
                           struct outcome *outcome)
{
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0 ||
        reply->integer > TAKE_SCRIPT_KEYS_MAX)
        return false;
    outcome->status = TAKE_DONE;
    outcome->count = reply->integer > 0 ? asked->limit_count : 0;
    return true;
}

/* The key holds keyed hashes, no user data. */
static void count_refused(const struct take_answers *answers, const struct take_asked *asked,
                          const redisReply *reply, const struct outcome *outcome)
{
    if (outcome->refused == 0)
        return;
    metrics_add(answers->metrics, METRIC_STATES_REFUSED, outcome->refused);

    const char *key = take_script_refused_key(reply, &asked->arguments);

    if (redis_complaints_allow(answers->complaints, key, clock_monotonic_us()))
        log_write(LOG_WARN, "what redis held of a counter made no sense", LOG_STRING("key", key));
}

/* The cause is the error's code: "OOM", "NOPERM", "BUSY", "READONLY". */
static void complain(const struct take_answers *answers, const struct take_asked *asked,
                     const char *reason)
{
    char code[32];

    (void)snprintf(code, sizeof(code), "%.*s", TEXT_PRINTF(redis_error_code(text_of(reason))));
    if (redis_complaints_allow(answers->complaints, code, clock_monotonic_us()))
        log_write(LOG_WARN, "redis refused a decision", LOG_STRING("reason", reason),
                  LOG_STRING("key", asked->arguments.keys[0]));
}
