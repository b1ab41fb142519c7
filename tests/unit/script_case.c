/* SPDX-License-Identifier: MIT */
#include "script_case.h"

redisReply *script_case_reply;

const struct limit script_case_minute = {.name = "minute",
                                         .algorithm = ALGORITHM_FIXED_WINDOW,
                                         .quota = 10,
                                         .window_us = MINUTE_US,
                                         .burst = 10};

static void run(int count, const char *const argv[], const size_t lengths[])
{
    const char *words[TAKE_SCRIPT_ARGUMENTS_MAX];

    memcpy(words, argv, (size_t)count * sizeof(words[0]));
    freeReplyObject(script_case_reply);
    script_case_reply = script_redis_run(count, words, lengths);
}

void script_case_run(const struct take_script *script, struct take_arguments *arguments)
{
    arguments->argv[0] = "EVALSHA";
    arguments->lengths[0] = strlen(arguments->argv[0]);
    arguments->argv[1] = script->sha1;
    arguments->lengths[1] = strlen(script->sha1);
    run(arguments->count, arguments->argv, arguments->lengths);
}

static void run_take(const struct take *take)
{
    struct take_arguments arguments;

    take_arguments_write(&arguments, take);
    script_case_run(take_script_of(take), &arguments);
}

struct take script_case_take_of(const struct limit *limits, size_t count, int64_t cost)
{
    static uint64_t last_id;

    return (struct take){
        .key.policy_id = ++last_id, .limits = limits, .limit_count = count, .cost = cost};
}

const char *script_case_key_of(const struct take *take)
{
    static char key[TAKE_SCRIPT_KEY_BYTES];

    take_script_key(&take->key, key);
    return key;
}

struct outcome script_case_outcome_of(const struct take *take)
{
    struct outcome outcome;

    run_take(take);
    if (script_case_reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s", script_case_reply->str);
    assert_true(take_script_read(script_case_reply, take->limit_count, &outcome));
    return outcome;
}

long long script_case_integer(const char *command, const char *key)
{
    return redis_server_command(server, "%s %s", command, key)->integer;
}

int script_case_close(void **state)
{
    freeReplyObject(script_case_reply);
    return script_redis_close(state);
}
