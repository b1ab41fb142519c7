/* SPDX-License-Identifier: MIT */
#include "store/take_answer.h"

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "redis/redis_complaints.h"
#include "redis/redis_error.h"
#include "store/counter_budget.h"

static bool forgets(const struct take_asked *asked);
static bool decision_read(const struct take_asked *asked, const redisReply *reply,
                          struct outcome *outcome);
static void tell_no_room(const struct take_answers *answers, const struct take_asked *asked,
                         struct outcome *outcome);
static void tell_lives(const struct take_answers *answers, const struct take_asked *asked,
                       const redisReply *reply, const struct outcome *outcome);
static bool forgotten_read(const struct take_asked *asked, const redisReply *reply,
                           struct outcome *outcome);
static void tell_forgotten(const struct take_answers *answers, const struct take_asked *asked,
                           const redisReply *reply);
static void count_refused(const struct take_answers *answers, const struct take_asked *asked,
                          const redisReply *reply, const struct outcome *outcome);
static void complain(const struct take_answers *answers, const struct take_asked *asked,
                     const char *where, const char *reason);

bool take_answer_read(const struct take_answers *answers, const struct take_asked *asked,
                      const redisReply *reply, struct outcome *outcome)
{
    if (forgets(asked)) {
        if (!forgotten_read(asked, reply, outcome))
            return false;
        tell_forgotten(answers, asked, reply);
        return true;
    }
    if (!decision_read(asked, reply, outcome))
        return false;
    if (outcome->status == TAKE_QUOTA) {
        tell_no_room(answers, asked, outcome);
        return true;
    }
    tell_lives(answers, asked, reply, outcome);
    count_refused(answers, asked, reply, outcome);
    return true;
}

void take_answer_read_late(const struct take_answers *answers, const struct take_asked *asked,
                           const redisReply *reply)
{
    WRITTEN_FIRST struct outcome outcome;

    if (forgets(asked) && forgotten_read(asked, reply, &outcome))
        tell_forgotten(answers, asked, reply);
    if (!forgets(asked) && decision_read(asked, reply, &outcome) && outcome.status == TAKE_DONE)
        tell_lives(answers, asked, reply, &outcome);
}

enum take_status take_answer_error(const struct take_answers *answers,
                                   const struct take_asked *asked, const char *where,
                                   const redisReply *reply, bool *is_at_fault)
{
    const enum redis_error_scope scope = redis_error_scope((struct text){reply->str, reply->len});

    complain(answers, asked, where, reply->str);
    *is_at_fault = scope != REDIS_ERROR_OF_ALL;
    return scope == REDIS_ERROR_OF_ONE ? TAKE_BROKEN : TAKE_REFUSED;
}

static bool forgets(const struct take_asked *asked)
{
    return asked->arguments.kind == OPERATION_FORGET;
}

/* A client that is denied by mistake cannot know it. */
static bool decision_read(const struct take_asked *asked, const redisReply *reply,
                          struct outcome *outcome)
{
    return take_reply_read(reply, &asked->arguments, outcome) &&
           take_reply_explains(&asked->arguments, outcome);
}

static void tell_no_room(const struct take_answers *answers, const struct take_asked *asked,
                         struct outcome *outcome)
{
    outcome->room_us = SECOND_US;
    if (answers->budget != NULL)
        outcome->room_us =
            counter_budget_room_us(answers->budget, asked->tenant, clock_monotonic_us());
    metrics_count(answers->metrics, METRIC_COUNTERS_REFUSED);
}

static void tell_lives(const struct take_answers *answers, const struct take_asked *asked,
                       const redisReply *reply, const struct outcome *outcome)
{
    WRITTEN_FIRST struct take_life lives[TAKE_SCRIPT_KEYS_MAX];

    if (answers->budget == NULL || !outcome->allowed || !take_arguments_charge(&asked->arguments))
        return;
    for (size_t i = take_reply_lives(reply, &asked->arguments, lives); i-- > 0;)
        counter_budget_note(answers->budget, asked->tenant, &lives[i], clock_monotonic_us());
}

static bool forgotten_read(const struct take_asked *asked, const redisReply *reply,
                           struct outcome *outcome)
{
    const struct take_arguments *arguments = &asked->arguments;

    outcome->status = TAKE_DONE;
    outcome->count = 0;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != take_arguments_integers(arguments))
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type != REDIS_REPLY_INTEGER || reply->element[i]->integer < -1)
            return false;
    }
    for (size_t i = 0; i < arguments->limit_count; i++)
        outcome->count += reply->element[arguments->key_of[i]]->integer >= 0;
    return true;
}

static void tell_forgotten(const struct take_answers *answers, const struct take_asked *asked,
                           const redisReply *reply)
{
    const int64_t now_us = clock_monotonic_us();

    for (size_t i = 0; answers->budget != NULL && i < reply->elements; i++) {
        const int64_t left_ms = reply->element[i]->integer;

        if (left_ms >= 0 && left_ms <= LIMIT_TIME_US_MAX / MILLISECOND_US)
            counter_budget_give_back(answers->budget, asked->tenant, left_ms * MILLISECOND_US,
                                     now_us);
    }
}

/* The key holds keyed hashes, no user data. */
static void count_refused(const struct take_answers *answers, const struct take_asked *asked,
                          const redisReply *reply, const struct outcome *outcome)
{
    if (outcome->refused == 0)
        return;
    metrics_add(answers->metrics, METRIC_STATES_REFUSED, outcome->refused);

    const char *key = take_reply_refused_key(reply, &asked->arguments);

    if (redis_complaints_allow(answers->complaints, key, clock_monotonic_us()))
        log_write(LOG_WARN, "redis held an invalid counter", LOG_STRING("key", key));
}

/* The cause is the error's code: "OOM", "NOPERM", "BUSY", "READONLY". */
static void complain(const struct take_answers *answers, const struct take_asked *asked,
                     const char *where, const char *reason)
{
    char code[32];

    (void)snprintf(code, sizeof(code), "%.*s", TEXT_PRINTF(redis_error_code(text_of(reason))));
    if (redis_complaints_allow(answers->complaints, code, clock_monotonic_us()))
        log_write(LOG_WARN, "redis refused a decision", LOG_STRING("redis", where),
                  LOG_STRING("reason", reason), LOG_STRING("key", asked->arguments.keys[0]));
}
