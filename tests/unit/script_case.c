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

struct operation script_case_take_of(struct limit *limits, size_t count, int64_t cost)
{
    static int64_t last_set;

    one_set_tell_apart(limits, count);
    return one_set_take(++last_set, limits, count, cost);
}

const char *script_case_key_of(const struct operation *operation)
{
    static char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)script_redis_keys(operation, keys);
    return keys[0];
}

struct outcome script_case_outcome_of(const struct operation *operation)
{
    struct take_arguments arguments;
    struct outcome outcome;

    take_arguments_write(&arguments, operation);
    script_case_run(take_script_of(operation), &arguments);
    if (script_case_reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s", script_case_reply->str);
    assert_true(take_reply_read(script_case_reply, &arguments, &outcome));
    assert_true(take_reply_explains(&arguments, &outcome));
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
