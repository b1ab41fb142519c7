/* SPDX-License-Identifier: MIT
 *
 * The reply of Redis to a request to take, to take a part, or to charge, on limits of one set, or
 * of a set each. It is accepted for at most one number of limits. Then every number is one that the
 * algorithms could have meant, within its range. An allowed take has no wait, and is never final. A
 * part that is explained was granted if it is allowed, and is no more than was asked for. Where
 * nothing was decided, the reply says why. Either has a time that the log can write. The lives in
 * the reply are in their range too, and at most one for each key. What was accepted can be told to
 * the client: the body is JSON with the same verdict, and each denial that time can end says when
 * to come back. If the request was to forget, each limit had a counter at most once. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/document.h"
#include "limit/rate_headers.h"
#include "replies.h"
#include "store/counter_budget.h"
#include "store/take_answer.h"

#define EXACT_MAX    LIMIT_COST_MAX
#define TENANT       1
#define COUNTERS_MAX 10
#define COST         3

static struct limit limits[LIMITS_MAX];    /* all count by one set */
static struct limit apart[LIMITS_MAX];     /* the same, but each counts by a set of its own */
static struct policy policies[LIMITS_MAX]; /* by the number of limits, minus one */
static struct counter_budget *budget;

static void try_reply(const redisReply *reply, enum operation_kind kind, const struct limit of[]);
static void try_forgotten(const redisReply *reply, struct operation forget);
static void outcome_check(const struct outcome *outcome);
static void lives_check(const redisReply *reply, const struct take_arguments *arguments);
static void told_check(const struct policy *policy, const struct outcome *outcome);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    budget = counter_budget_new(COUNTERS_MAX);
    for (size_t i = 0; i < LIMITS_MAX; i++) {
        limits[i] = (struct limit){.name = {(char)('a' + i)},
                                   .id = (i + 1) << 8,
                                   .algorithm = (enum algorithm_id)(i % ALGORITHM_COUNT),
                                   .quota = 10,
                                   .window_us = 60000000,
                                   .burst = 10};
        apart[i] = limits[i];
        apart[i].set = (uint8_t)i;
        policies[i] =
            (struct policy){.is_active = true,
                            .version = 1,
                            .rule = {.is_plain = true, .limit_count = i + 1, .limits = limits}};
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_PART, OPERATION_CHARGE};
    redisReply *reply;

    counter_budget_clear(budget);
    replies_begin(fuzz_text(data, size));
    while ((reply = replies_next()) != NULL) {
        for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
            try_reply(reply, kinds[i], limits);
            try_reply(reply, kinds[i], apart);
        }
        freeReplyObject(reply);
    }
    replies_end();
    return 0;
}

static void try_reply(const redisReply *reply, enum operation_kind kind, const struct limit of[])
{
    int taken = 0;

    for (size_t count = 1; count <= LIMITS_MAX; count++) {
        struct operation take = {.kind = kind,
                                 .tenant = TENANT,
                                 .set_count = LIMITS_MAX,
                                 .limit_count = count,
                                 .limits = of};
        struct take_arguments arguments;
        struct outcome outcome;

        for (size_t i = 0; i < LIMITS_MAX; i++) {
            take.sets[i].bytes[0] = (uint8_t)i;
            take.costs[i] = COST;
        }
        try_forgotten(reply, take);
        take_arguments_write(&arguments, &take);
        if (!take_reply_read(reply, &arguments, &outcome))
            continue;
        taken++;
        ASSERT(outcome.time_us >= 0 && outcome.time_us <= LIMIT_TIME_US_MAX);
        if (outcome.status == TAKE_QUOTA || outcome.status == TAKE_ELSEWHEN) {
            ASSERT((outcome.status == TAKE_QUOTA) == (reply->element[1]->integer == 0));
            continue; /* not a decision */
        }
        ASSERT(outcome.count == count);
        outcome_check(&outcome);
        if (kind == OPERATION_PART && take_reply_explains(&arguments, &outcome))
            ASSERT((outcome.granted > 0) == outcome.allowed && outcome.granted <= COST);
        lives_check(reply, &arguments);
        told_check(&policies[count - 1], &outcome);
    }
    ASSERT(taken <= 1);
}

static void try_forgotten(const redisReply *reply, struct operation forget)
{
    const struct take_answers answers = {.budget = budget};
    struct take_asked asked = {.tenant = forget.tenant};
    struct outcome outcome;

    forget.kind = OPERATION_FORGET;
    take_arguments_write(&asked.arguments, &forget);
    if (!take_answer_read(&answers, &asked, reply, &outcome))
        return;
    ASSERT(outcome.status == TAKE_DONE && outcome.count <= forget.limit_count);
    ASSERT(reply->elements == take_arguments_keys(&asked.arguments));
}

static void outcome_check(const struct outcome *outcome)
{
    bool every_one_allows = true;

    ASSERT(outcome->status == TAKE_DONE);
    for (size_t i = 0; i < outcome->count; i++) {
        const struct limit_outcome *limit = &outcome->at[i];

        every_one_allows = every_one_allows && limit->allowed;
        ASSERT(limit->remaining >= 0 && limit->remaining <= LIMIT_COST_MAX);
        ASSERT(limit->reset_us >= 0 && limit->reset_us <= EXACT_MAX);
        ASSERT(limit->retry_us >= 0 && limit->retry_us <= EXACT_MAX);
        ASSERT(limit->delay_us >= 0 && limit->delay_us <= EXACT_MAX);
        ASSERT(!limit->allowed || (limit->retry_us == 0 && !limit->never));
        ASSERT(limit->allowed || limit->never || limit->retry_us > 0);
    }
    ASSERT(outcome->allowed == every_one_allows);
}

/* Each life, before and after, is a number that a double has exactly. The budget counts it. */
static void lives_check(const redisReply *reply, const struct take_arguments *arguments)
{
    struct take_life lives[TAKE_SCRIPT_KEYS_MAX];
    size_t count = take_reply_lives(reply, arguments, lives);

    ASSERT(count <= take_arguments_keys(arguments));
    while (count-- > 0) {
        ASSERT(lives[count].was_us >= 0 && lives[count].was_us <= EXACT_MAX);
        ASSERT(lives[count].keep_us >= 0 && lives[count].keep_us <= EXACT_MAX);
        counter_budget_note(budget, TENANT, &lives[count], clock_monotonic_us());
    }
}

static void told_check(const struct policy *policy, const struct outcome *outcome)
{
    struct arena arena = {0};
    struct rate_header headers[RATE_HEADERS_MAX];
    struct error error = {0};
    struct verdict verdict;
    struct buffer body;
    struct writer writer;
    bool says_when = false;
    const struct terms terms = {0};
    const struct question question = {.policy = policy, .rule = &policy->rule, .terms = &terms};

    verdict_from_outcome(&question, outcome, false, &verdict);
    buffer_init(&body, &arena, 512);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    verdict_write(&verdict, TEXT("/r"), TEXT("default"), NULL, &writer);
    writer_end_object(&writer);

    json_t *document = document_parse(buffer_text(&body), &error);
    ASSERT(document != NULL);
    ASSERT(json_is_true(json_object_get(document, "allowed")) == outcome->allowed);
    json_decref(document);

    size_t count = rate_headers_write(&verdict, RATE_HEADERS_DELTA, 0, &arena, headers);
    for (size_t i = 0; i < count; i++)
        says_when = says_when || strcmp(headers[i].name, "Retry-After") == 0;
    ASSERT(says_when == verdict.can_retry);
    ASSERT(!verdict.can_retry || (!outcome->allowed && verdict.retry_s >= 1));
    arena_close(&arena);
}
