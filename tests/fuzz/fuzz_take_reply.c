/* SPDX-License-Identifier: MIT
 *
 * The reply of Redis to a request for a decision. A reply is accepted for at most one number of
 * limits. Then every number is one that the algorithms could have meant, within its range. An
 * allowed take has no wait, and is never final. The lives of keys in the reply are in their range
 * too. What was accepted can be told to the client: the body is JSON with the same verdict, and
 * each denial that time can end says when to come back. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/document.h"
#include "limit/rate_headers.h"
#include "replies.h"
#include "store/take_script.h"

#define EXACT_MAX LIMIT_COST_MAX

static struct limit limits[LIMITS_MAX];
static struct policy policies[LIMITS_MAX]; /* by the number of limits, minus one */

static void try_reply(const redisReply *reply);
static void outcome_check(const struct outcome *outcome);
static void lives_check(const redisReply *reply, const struct take_arguments *arguments);
static void told_check(const struct policy *policy, const struct outcome *outcome);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < LIMITS_MAX; i++) {
        limits[i] = (struct limit){.name = {(char)('a' + i)},
                                   .id = (i + 1) << 8,
                                   .algorithm = (enum algorithm_id)(i % ALGORITHM_COUNT),
                                   .quota = 10,
                                   .window_us = 60000000,
                                   .burst = 10};
        policies[i] =
            (struct policy){.is_active = true,
                            .version = 1,
                            .rule = {.is_plain = true, .limit_count = i + 1, .limits = limits}};
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReply *reply;

    replies_begin(fuzz_text(data, size));
    while ((reply = replies_next()) != NULL) {
        try_reply(reply);
        freeReplyObject(reply);
    }
    replies_end();
    return 0;
}

static void try_reply(const redisReply *reply)
{
    int taken = 0;

    for (size_t count = 1; count <= LIMITS_MAX; count++) {
        const struct operation take = {.set_count = 1,
                                       .limit_count = count,
                                       .limits = limits,
                                       .costs = {1, 1, 1, 1, 1, 1, 1, 1}};
        struct take_arguments arguments;
        struct outcome outcome;

        take_arguments_write(&arguments, &take);
        if (!take_script_read(reply, &arguments, &outcome))
            continue;
        taken++;
        if (outcome.status == TAKE_QUOTA)
            continue; /* not a decision */
        ASSERT(outcome.count == count);
        outcome_check(&outcome);
        lives_check(reply, &arguments);
        told_check(&policies[count - 1], &outcome);
    }
    ASSERT(taken <= 1);
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

/* Each life, before and after, is a number that a double has exactly. */
static void lives_check(const redisReply *reply, const struct take_arguments *arguments)
{
    struct take_life lives[TAKE_SCRIPT_KEYS_MAX];

    for (size_t i = take_script_lives(reply, arguments, lives); i-- > 0;) {
        ASSERT(lives[i].was_us >= 0 && lives[i].was_us <= EXACT_MAX);
        ASSERT(lives[i].keep_us >= 0 && lives[i].keep_us <= EXACT_MAX);
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

    verdict_from_outcome(policy, outcome, false, &verdict);
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
