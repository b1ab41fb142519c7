/* SPDX-License-Identifier: MIT */
#include "store/take_script.h"

#include "limit/algorithm.h"

#include "take_script_lua.h"

#include <sodium.h>

#define INTEGERS_PER_LIMIT 5
/* What a double, and so Lua, holds exactly; far from overflow in what is computed of it. */
#define INTEGER_MAX INT64_C(9007199254740991)

/* One limit's part of the reply. */
enum { ALLOWED, REMAINING, RESET_US, RETRY_US, DELAY_US };

static void argument_add(struct take_arguments *arguments, struct text text);
static char *argument_add_integer(struct take_arguments *arguments, char *space, int64_t value);
static bool outcome_read(redisReply *const elements[], struct limit_outcome *outcome);

struct text take_script_source(void)
{
    return (struct text){script_bytes, sizeof(script_bytes)};
}

const char *take_script_sha1(void)
{
    return script_sha1;
}

void take_script_key(const struct counter_key *key, char out[static TAKE_SCRIPT_KEY_BYTES])
{
    char subject[sodium_base64_ENCODED_LEN(DIGEST_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

    sodium_bin2base64(subject, sizeof(subject), key->subject.bytes, sizeof(key->subject.bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(out, TAKE_SCRIPT_KEY_BYTES, "sluice:{%s}:%016llx:%08lx", subject,
             (unsigned long long)key->policy_id, (unsigned long)key->layout);
}

size_t take_script_keys(const struct take *take,
                        char out[static TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES])
{
    size_t count = 1;

    take_script_key(&take->key, out[0]);
    size_t length = strlen(out[0]);
    for (size_t i = 0; i < take->limit_count; i++) {
        if (!algorithm_keeps_log(take->limits[i].algorithm))
            continue;
        memcpy(out[count], out[0], length);
        (void)snprintf(out[count] + length, TAKE_SCRIPT_KEY_BYTES - length, ":%zu", i);
        count++;
    }
    return count;
}

void take_arguments_write(struct take_arguments *arguments, const struct take *take)
{
    char *space = arguments->space;
    size_t key_count = take_script_keys(take, arguments->keys);

    arguments->count = 2;
    space = argument_add_integer(arguments, space, (int64_t)key_count);
    for (size_t i = 0; i < key_count; i++)
        argument_add(arguments, text_of(arguments->keys[i]));
    space = argument_add_integer(arguments, space, take->cost);
    for (size_t i = 0; i < take->limit_count; i++) {
        const struct limit *limit = &take->limits[i];

        argument_add(arguments, text_of(algorithm_of(limit->algorithm)->name));
        space = argument_add_integer(arguments, space, limit->quota);
        space = argument_add_integer(arguments, space, limit->window_us);
        space = argument_add_integer(arguments, space, limit->burst);
    }
}

bool take_script_read(const redisReply *reply, size_t limit_count, struct outcome *outcome)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != INTEGERS_PER_LIMIT * limit_count)
        return false;
    outcome->status = TAKE_DONE;
    outcome->count = limit_count;
    outcome->allowed = true;
    for (size_t i = 0; i < limit_count; i++) {
        if (!outcome_read(reply->element + INTEGERS_PER_LIMIT * i, &outcome->at[i]))
            return false;
        outcome->allowed = outcome->allowed && outcome->at[i].allowed;
    }
    return true;
}

static void argument_add(struct take_arguments *arguments, struct text text)
{
    ASSERT(arguments->count < TAKE_SCRIPT_ARGUMENTS_MAX);
    arguments->argv[arguments->count] = text.at;
    arguments->lengths[arguments->count] = text.length;
    arguments->count++;
}

/* Returns the space behind the number. */
static char *argument_add_integer(struct take_arguments *arguments, char *space, int64_t value)
{
    size_t left = sizeof(arguments->space) - (size_t)(space - arguments->space);
    int length = snprintf(space, left, "%lld", (long long)value);

    ASSERT(length > 0 && (size_t)length < left);
    argument_add(arguments, (struct text){space, (size_t)length});
    return space + length + 1;
}

static bool outcome_read(redisReply *const elements[], struct limit_outcome *outcome)
{
    int64_t integers[INTEGERS_PER_LIMIT];

    for (size_t i = 0; i < INTEGERS_PER_LIMIT; i++) {
        if (elements[i]->type != REDIS_REPLY_INTEGER ||
            elements[i]->integer < (i == RETRY_US ? -1 : 0) || elements[i]->integer > INTEGER_MAX)
            return false;
        integers[i] = elements[i]->integer;
    }
    /* Who is denied is told to wait or never to come: a denial without either, "retry after 0 s",
     * would bring the client back at once, for ever. */
    if (integers[REMAINING] > LIMIT_QUOTA_MAX || integers[ALLOWED] > 1 ||
        (integers[ALLOWED] == 1) != (integers[RETRY_US] == 0))
        return false;
    *outcome = (struct limit_outcome){
        .allowed = integers[ALLOWED] == 1,
        .never = integers[RETRY_US] == -1,
        .remaining = integers[REMAINING],
        .reset_us = integers[RESET_US],
        .retry_us = integers[RETRY_US] == -1 ? 0 : integers[RETRY_US],
        .delay_us = integers[DELAY_US],
    };
    return true;
}
