/* SPDX-License-Identifier: MIT */
#include "store/take_script.h"

#include "limit/algorithm.h"
#include "limit/charge_log.h"

#include "take_scripts_lua.h"

#include <sodium.h>

#define INTEGERS_PER_LIMIT 4
/* Comes in place of retry_us. */
#define NO_KEY_MAY_BE_CREATED (-2)
#define EXPIRY_WAS_SET        (-3) /* minus the time that the key had to live before */
/* A double, and so Lua, holds it exactly. What is computed from it does not overflow. */
#define INTEGER_MAX INT64_C(9007199254740991)

/* One limit's part of the reply. */
enum { RETRY_US, REMAINING, RESET_US, DELAY_US };

/* If our user may not call PTTL, the script goes on without it. */
const char take_script_forget[] =
    "local left_ms = {}\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local ttl_ms = tonumber(redis.pcall('PTTL', key)) or 0\n"
    "  left_ms[i] = redis.call('UNLINK', key) == 1 and math.max(0, ttl_ms) or -1\n"
    "end\n"
    "return left_ms\n";

/* The scripts unpack little-endian doubles, so memory can be sent as it is. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "doubles are sent as they are");
/* The number of keys is written as one digit. */
_Static_assert(TAKE_SCRIPT_KEYS_MAX <= 9, "the keys are counted in one digit");

static char *digest_write(char *out, const struct digest *digest);
static char *hex_write(char *out, uint64_t value, int digits);
static void argument_add(struct take_arguments *arguments, const void *at, size_t length);
static bool is_without_room(const redisReply *reply);
static bool outcome_read(redisReply *const elements[], struct limit_outcome *outcome);
static bool sets_expiry(redisReply *const elements[]);
static int64_t keep_us_of(redisReply *const elements[]);
static bool is_apart(const struct limit *limit);
static int64_t log_keep_us(const struct limit *limit);
static struct limit limit_of(const double numbers[static TAKE_SCRIPT_LIMIT_NUMBERS]);
static bool explains(const struct limit *limit, const struct limit_outcome *outcome);
static double longest_us(const struct limit *limit);
static bool explains_cost(const struct limit *limit, int64_t cost, bool is_charged,
                          const struct limit_outcome *outcome);

const struct take_script *take_script_of(const struct take *take)
{
    const struct take_script *script = scripts;

    if (take->limit_count != 1 || take->fills)
        return &scripts[ARRAY_COUNT(scripts) - 1];
    while (script->algorithm != take->limits[0].algorithm && script->algorithm != ALGORITHM_COUNT)
        script++;
    return script;
}

struct text take_script_source(const struct take_script *script)
{
    return sources[script - scripts];
}

size_t take_script_sources(const struct text **all)
{
    *all = sources;
    return ARRAY_COUNT(sources);
}

void take_script_key(const struct counter_key *key, char out[static TAKE_SCRIPT_KEY_BYTES])
{
    char *end = stpcpy(out, "sluice:{");

    end = digest_write(end, &key->subject);
    end = hex_write(stpcpy(end, "}:"), key->policy_id, 16);
    end = digest_write(stpcpy(end, ":"), &key->layout);
    *end = '\0';
}

size_t take_script_keys(const struct take *take,
                        char out[static TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES])
{
    size_t count = 1;

    take_script_key(&take->key, out[0]);
    for (size_t i = 0; i < take->limit_count; i++) {
        if (!is_apart(&take->limits[i]))
            continue;
        char *end = stpcpy(stpcpy(out[count], out[0]), ":");
        *hex_write(end, i, 1) = '\0';
        count++;
    }
    return count;
}

void take_arguments_write(struct take_arguments *arguments, const struct take *take)
{
    double *number = arguments->numbers + TAKE_SCRIPT_HEAD_NUMBERS;
    size_t own = 1;
    size_t state_bytes = 0;

    for (size_t i = 0; i < take->limit_count; i++) {
        const struct limit *limit = &take->limits[i];
        const bool has_own_key = is_apart(limit);

        *number++ = (double)(limit->algorithm + 1);
        *number++ = (double)(1 + (has_own_key ? own++ : state_bytes));
        *number++ = (double)limit->quota;
        *number++ = (double)limit->window_us;
        *number++ = (double)limit->burst;
        state_bytes += algorithm_of(limit->algorithm)->state_numbers * sizeof(double);
    }
    arguments->numbers[0] = take->fills ? -(double)take->cost : (double)take->cost;
    arguments->numbers[1] = (double)state_bytes;

    take_arguments_write_keys(arguments, take);
    argument_add(arguments, arguments->numbers,
                 (size_t)((char *)number - (char *)arguments->numbers));
}

void take_arguments_write_keys(struct take_arguments *arguments, const struct take *take)
{
    const size_t key_count = take_script_keys(take, arguments->keys);

    arguments->forbids_keys = false;
    arguments->key_count = (char)('0' + key_count);
    arguments->count = 2;
    argument_add(arguments, &arguments->key_count, 1);
    for (size_t i = 0; i < key_count; i++)
        argument_add(arguments, arguments->keys[i], strlen(arguments->keys[i]));
}

size_t take_arguments_keys(const struct take_arguments *arguments)
{
    return (size_t)(arguments->key_count - '0');
}

void take_arguments_forbid_keys(struct take_arguments *arguments)
{
    arguments->forbids_keys = true;
    argument_add(arguments, "", 0);
    argument_add(arguments, "kept", strlen("kept"));
}

size_t take_script_integers(size_t limit_count)
{
    return INTEGERS_PER_LIMIT * limit_count;
}

bool take_script_read(const redisReply *reply, size_t limit_count, struct outcome *outcome)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != take_script_integers(limit_count))
        return false;
    if (is_without_room(reply)) {
        *outcome = (struct outcome){.status = TAKE_QUOTA};
        return true;
    }
    outcome->status = TAKE_DONE;
    outcome->count = limit_count;
    outcome->refused = 0;
    outcome->allowed = true;
    for (size_t i = 0; i < limit_count; i++) {
        redisReply *const *elements = reply->element + INTEGERS_PER_LIMIT * i;

        if (!outcome_read(elements, &outcome->at[i]) || (i > 0 && sets_expiry(elements)))
            return false;
        outcome->allowed = outcome->allowed && outcome->at[i].allowed;
        outcome->refused += elements[RESET_US]->integer < 0;
    }
    return outcome->allowed || !sets_expiry(reply->element);
}

bool take_script_explains(const struct take_arguments *arguments, const struct outcome *outcome)
{
    const bool fills = arguments->numbers[0] < 0;
    const int64_t cost = (int64_t)arguments->numbers[0];

    if (outcome->status == TAKE_QUOTA)
        return cost != 0 && arguments->forbids_keys;
    for (size_t i = 0; i < outcome->count; i++) {
        const struct limit limit =
            limit_of(arguments->numbers + TAKE_SCRIPT_HEAD_NUMBERS + TAKE_SCRIPT_LIMIT_NUMBERS * i);

        if (!explains(&limit, &outcome->at[i]))
            return false;
        if (!fills && !explains_cost(&limit, cost, outcome->allowed && cost > 0, &outcome->at[i]))
            return false;
    }
    return true;
}

size_t take_script_lives(const redisReply *reply, const struct take_arguments *arguments,
                         struct take_life lives[static TAKE_SCRIPT_KEYS_MAX])
{
    const double *numbers = arguments->numbers + TAKE_SCRIPT_HEAD_NUMBERS;
    int64_t states_us = 0; /* in one key, which lives as long as its longest state */
    size_t count = 0;

    for (size_t i = 0; i < reply->elements; i += INTEGERS_PER_LIMIT) {
        const int64_t keep_us = keep_us_of(reply->element + i);
        const struct limit limit = limit_of(numbers);

        if (is_apart(&limit))
            lives[count++] = (struct take_life){.keep_us = log_keep_us(&limit)};
        else
            states_us = keep_us > states_us ? keep_us : states_us;
        numbers += TAKE_SCRIPT_LIMIT_NUMBERS;
    }
    if (sets_expiry(reply->element)) {
        const int64_t was_us = EXPIRY_WAS_SET - reply->element[RETRY_US]->integer;

        lives[count++] = (struct take_life){.was_us = was_us, .keep_us = states_us};
    }
    return count;
}

const char *take_script_refused_key(const redisReply *reply, const struct take_arguments *arguments)
{
    const double *limit = arguments->numbers + TAKE_SCRIPT_HEAD_NUMBERS;
    size_t i = RESET_US;

    for (; reply->element[i]->integer >= 0; i += INTEGERS_PER_LIMIT)
        limit += TAKE_SCRIPT_LIMIT_NUMBERS;

    const struct limit refused = limit_of(limit);

    return arguments->keys[is_apart(&refused) ? (size_t)limit[1] - 1 : 0];
}

/* Writes base64url. Returns the end. */
static char *digest_write(char *out, const struct digest *digest)
{
    const size_t bytes =
        sodium_base64_ENCODED_LEN(DIGEST_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    sodium_bin2base64(out, bytes, digest->bytes, sizeof(digest->bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return out + bytes - 1;
}

/* Returns the end. */
static char *hex_write(char *out, uint64_t value, int digits)
{
    for (int i = digits; i-- > 0; value >>= 4)
        out[i] = "0123456789abcdef"[value & 15];
    return out + digits;
}

static void argument_add(struct take_arguments *arguments, const void *at, size_t length)
{
    ASSERT(arguments->count < TAKE_SCRIPT_ARGUMENTS_MAX);
    arguments->argv[arguments->count] = at;
    arguments->lengths[arguments->count] = length;
    arguments->count++;
}

static bool is_without_room(const redisReply *reply)
{
    for (size_t i = 0; i < reply->elements; i++) {
        const int64_t expected = i % INTEGERS_PER_LIMIT == RETRY_US ? NO_KEY_MAY_BE_CREATED : 0;

        if (reply->element[i]->type != REDIS_REPLY_INTEGER ||
            reply->element[i]->integer != expected)
            return false;
    }
    return true;
}

static bool outcome_read(redisReply *const elements[], struct limit_outcome *outcome)
{
    static const int64_t minima[INTEGERS_PER_LIMIT] = {
        [RETRY_US] = EXPIRY_WAS_SET - INTEGER_MAX, [RESET_US] = -1 - INTEGER_MAX};
    int64_t integers[INTEGERS_PER_LIMIT];

    for (size_t i = 0; i < INTEGERS_PER_LIMIT; i++) {
        if (elements[i]->type != REDIS_REPLY_INTEGER || elements[i]->integer < minima[i] ||
            elements[i]->integer > INTEGER_MAX)
            return false;
        integers[i] = elements[i]->integer;
    }
    if (integers[RESET_US] < 0)
        integers[RESET_US] = -1 - integers[RESET_US];
    if (sets_expiry(elements))
        integers[RETRY_US] = 0;
    if (integers[REMAINING] > LIMIT_QUOTA_MAX || integers[RETRY_US] < -1 ||
        (integers[RETRY_US] != 0 && integers[DELAY_US] != 0))
        return false;
    *outcome = (struct limit_outcome){
        .allowed = integers[RETRY_US] == 0,
        .never = integers[RETRY_US] == -1,
        .remaining = integers[REMAINING],
        .reset_us = integers[RESET_US],
        .retry_us = integers[RETRY_US] == -1 ? 0 : integers[RETRY_US],
        .delay_us = integers[DELAY_US],
    };
    return true;
}

static bool sets_expiry(redisReply *const elements[])
{
    return elements[RETRY_US]->integer <= EXPIRY_WAS_SET;
}

static int64_t keep_us_of(redisReply *const elements[])
{
    const int64_t reset_us = elements[RESET_US]->integer;

    return reset_us < 0 ? -1 - reset_us : reset_us;
}

/* Its state has a key of its own. */
static bool is_apart(const struct limit *limit)
{
    return state_kind_is_apart(algorithm_state(limit->algorithm));
}

/* How long a charge stays in a log at most. It counts for a window. Later charges then remove it,
 * CHARGE_LOG_LEAVE_MAX at a time, or it goes with the whole log: that expires a window after its
 * last charge, and up to an eighth later.
 *
 * Where no more count than one charge removes, the first charge of the second window removes it, so
 * it stays for two windows. Where more do, a charge of the third window finds it removed: in the
 * second window there were so many charges that all have left that do not count, or so few that the
 * log was made anew. So it stays for three. */
static int64_t log_keep_us(const struct limit *limit)
{
    return (limit->quota <= CHARGE_LOG_LEAVE_MAX ? 2 : 3) * limit->window_us + limit->window_us / 8;
}

/* Without its name. */
static struct limit limit_of(const double numbers[static TAKE_SCRIPT_LIMIT_NUMBERS])
{
    return (struct limit){
        .algorithm = (enum algorithm_id)(numbers[0] - 1),
        .quota = (int64_t)numbers[2],
        .window_us = (int64_t)numbers[3],
        .burst = (int64_t)numbers[4],
    };
}

/* True whatever cost was asked. */
static bool explains(const struct limit *limit, const struct limit_outcome *outcome)
{
    const int64_t delay_max_us = limit->algorithm == ALGORITHM_LEAKY_BUCKET ? outcome->reset_us : 0;

    return outcome->remaining <= limit_capacity(limit) &&
           (double)outcome->reset_us <= longest_us(limit) &&
           outcome->retry_us <= outcome->reset_us && outcome->delay_us <= delay_max_us;
}

/* The longest time until nothing of a counter is used: one window, or two for a sliding window,
 * which still counts in the next one. For a bucket, the time to pay off its debt, which may come
 * from when it was larger. */
static double longest_us(const struct limit *limit)
{
    if (!algorithm_of(limit->algorithm)->has_burst)
        return 2 * (double)limit->window_us;
    return limit->quota == 0 ? 0 : LIMIT_TIME_US_MAX;
}

/* A denied cost does not fit, plus or minus one, because `remaining` is rounded. A charged cost did
 * fit, and is now missing from `remaining`. */
static bool explains_cost(const struct limit *limit, int64_t cost, bool is_charged,
                          const struct limit_outcome *outcome)
{
    const int64_t capacity = limit_capacity(limit);

    if (!outcome->allowed)
        return outcome->never == (cost > capacity) && outcome->remaining <= cost;
    return !is_charged ||
           (cost <= capacity && outcome->remaining <= capacity - cost && outcome->reset_us > 0);
}
