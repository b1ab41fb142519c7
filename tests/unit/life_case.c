/* SPDX-License-Identifier: MIT */
#include "life_case.h"

#include "base/clock.h"
#include "support/random.h"
#include "support/script_clock.h"

static int64_t redis_keeps_us(const struct operation *operation);

redisReply *life_reply;

struct operation life_take_of(struct limit *limits, size_t count, int64_t cost)
{
    static int64_t last_set;

    one_set_tell_apart(limits, count);
    struct operation operation = one_set_take(++last_set, limits, count, cost);
    operation.now_us = START_US;
    return operation;
}

struct limit life_limit_of(enum algorithm_id algorithm)
{
    return (struct limit){.algorithm = algorithm, .quota = 10, .window_us = MINUTE_US, .burst = 10};
}

void life_run(struct life_asked *asked, const struct operation *operation, bool may_create)
{
    struct take_arguments *arguments = &asked->arguments;
    char now[32];

    (void)snprintf(now, sizeof(now), "%lld", (long long)operation->now_us);
    take_arguments_write(arguments, operation);
    if (!may_create)
        take_arguments_forbid_keys(arguments);
    arguments->argv[0] = "EVALSHA";
    arguments->lengths[0] = strlen(arguments->argv[0]);
    arguments->argv[1] = take_script_of(operation)->sha1;
    arguments->lengths[1] = strlen(arguments->argv[1]);
    script_clock_set(arguments, now);
    freeReplyObject(life_reply);
    life_reply = script_redis_run(arguments->count, arguments->argv, arguments->lengths);
    if (life_reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s", life_reply->str);
    assert_true(take_reply_read(life_reply, arguments, &asked->outcome));
    assert_true(take_reply_explains(arguments, &asked->outcome));
    asked->life_count = 0;
    if (asked->outcome.status == TAKE_DONE && asked->outcome.allowed &&
        take_arguments_charge(arguments))
        asked->life_count = take_reply_lives(life_reply, arguments, asked->lives);
}

void life_ask(struct life_asked *asked, const struct operation *operation, bool may_create)
{
    const int64_t begun_us = clock_monotonic_us();

    asked->kept_us = redis_keeps_us(operation);
    life_run(asked, operation, may_create);
    asked->keeps_us = redis_keeps_us(operation);
    asked->took_us = clock_monotonic_us() - begun_us;
}

/* Both were rounded to a millisecond. */
void life_is_about(int64_t told_us, int64_t expected_us, const struct life_asked *asked)
{
    assert_true(told_us <= expected_us + 2 * MILLISECOND_US);
    assert_true(told_us >= expected_us - asked->took_us - 2 * MILLISECOND_US);
}

void life_is_told(const struct life_asked *asked, const struct take_life *life)
{
    life_is_about(life->was_us, asked->kept_us < 0 ? 0 : asked->kept_us, asked);
    life_is_about(asked->keeps_us, life->keep_us, asked);
}

int life_open(void **state)
{
    (void)random_seed();
    return script_redis_open(state);
}

int life_close(void **state)
{
    freeReplyObject(life_reply);
    return script_redis_close(state);
}

static int64_t redis_keeps_us(const struct operation *operation)
{
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    (void)script_redis_keys(operation, keys);
    return redis_server_command(server, "PTTL %s", keys[0])->integer * MILLISECOND_US;
}
