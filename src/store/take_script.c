/* SPDX-License-Identifier: MIT */
#include "store/take_script.h"

#include "limit/algorithm.h"
#include "limit/charge_log.h"

#include "take_scripts_lua.h"

#include <sodium.h>

#define INTEGERS_PER_LIMIT 4
#define KEY_PREFIX         "sluice:{"
/* Comes in place of retry_us. */
#define NO_KEY_MAY_BE_CREATED (-2)
#define EXPIRY_WAS_SET        (-3) /* minus the time that the key had to live before */
/* A double, and so Lua, holds it exactly. What is computed from it does not overflow. */
#define INTEGER_MAX INT64_C(9007199254740991)

/* One limit's numbers. */
enum { ALGORITHM, PLACE, BYTES, COST, QUOTA, WINDOW, BURST };

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

/* What take_arguments_write() makes, in this order. */
static void keys_write(struct take_arguments *arguments, const struct operation *operation);
static size_t heads_write(struct take_arguments *arguments, const struct operation *operation);
static size_t numbers_write(struct take_arguments *arguments, const struct operation *operation);
static double *row_write(double *row, const struct operation *operation, size_t i);

static uint8_t first_alike(const struct operation *operation, uint8_t set);
static char *string_key_write(char *out, const struct operation *operation, uint8_t set);
static char *digest_write(char *out, const struct digest *digest);
static char *hex_write(char *out, uint64_t value, int digits);
static bool is_apart(const struct limit *limit);
static size_t state_bytes(const struct limit *limit);
static uint64_t id_of(const struct limit *limit);
static void argument_add(struct take_arguments *arguments, const void *at, size_t length);
static redisReply *const *elements_of(const redisReply *reply,
                                      const struct take_arguments *arguments, size_t i);
static struct limit limit_of(const double row[static TAKE_SCRIPT_LIMIT_NUMBERS]);
static int64_t cost_of(const double row[static TAKE_SCRIPT_LIMIT_NUMBERS]);

static bool is_without_room(const redisReply *reply);
static bool outcome_read(redisReply *const elements[], struct limit_outcome *outcome);
static bool sets_expiry(redisReply *const elements[]);
static bool may_set_expiry(const struct take_arguments *arguments, size_t i);
static int64_t keep_us_of(redisReply *const elements[]);
static int64_t log_keep_us(const struct limit *limit);
static bool explains(const struct limit *limit, const struct limit_outcome *outcome);
static double longest_us(const struct limit *limit);
static bool explains_cost(const struct limit *limit, int64_t cost, bool is_charged,
                          const struct limit_outcome *outcome);

const struct take_script *take_script_of(const struct operation *operation)
{
    const struct take_script *script = scripts;

    if (operation->limit_count != 1 || operation->kind == OPERATION_FILL)
        return &scripts[ARRAY_COUNT(scripts) - 1];
    while (script->algorithm != operation->limits[0].algorithm &&
           script->algorithm != ALGORITHM_COUNT)
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

void take_arguments_write(struct take_arguments *arguments, const struct operation *operation)
{
    arguments->kind = operation->kind;
    arguments->limit_count = operation->limit_count;
    arguments->forbids_keys = false;
    arguments->count = 2;
    keys_write(arguments, operation);
    argument_add(arguments, &arguments->key_count, 1);
    for (size_t i = 0; i < take_arguments_keys(arguments); i++)
        argument_add(arguments, arguments->keys[i], strlen(arguments->keys[i]));
    if (operation->kind == OPERATION_FORGET)
        return;

    const size_t heads_bytes = heads_write(arguments, operation);
    const size_t numbers = numbers_write(arguments, operation);

    argument_add(arguments, arguments->numbers, numbers * sizeof(arguments->numbers[0]));
    argument_add(arguments, arguments->heads, heads_bytes);
}

size_t take_arguments_keys(const struct take_arguments *arguments)
{
    return (size_t)(arguments->key_count - '0');
}

bool take_arguments_charge(const struct take_arguments *arguments)
{
    if (arguments->kind == OPERATION_FORGET)
        return false;
    for (size_t i = 0; i < arguments->limit_count; i++) {
        if (cost_of(arguments->rows[i]) > 0)
            return true;
    }
    return false;
}

void take_arguments_forbid_keys(struct take_arguments *arguments)
{
    arguments->forbids_keys = true;
    argument_add(arguments, "", 0);
    argument_add(arguments, "kept", strlen("kept"));
}

size_t take_arguments_integers(const struct take_arguments *arguments)
{
    return arguments->kind == OPERATION_FORGET ? take_arguments_keys(arguments)
                                               : INTEGERS_PER_LIMIT * arguments->limit_count;
}

bool take_script_read(const redisReply *reply, const struct take_arguments *arguments,
                      struct outcome *outcome)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != take_arguments_integers(arguments))
        return false;
    if (is_without_room(reply)) {
        *outcome = (struct outcome){.status = TAKE_QUOTA};
        return true;
    }

    bool sets_any = false;

    outcome->status = TAKE_DONE;
    outcome->count = arguments->limit_count;
    outcome->refused = 0;
    outcome->allowed = true;
    for (size_t i = 0; i < outcome->count; i++) {
        redisReply *const *elements = elements_of(reply, arguments, i);

        if (!outcome_read(elements, &outcome->at[i]) ||
            (sets_expiry(elements) && !may_set_expiry(arguments, i)))
            return false;
        sets_any = sets_any || sets_expiry(elements);
        outcome->allowed = outcome->allowed && outcome->at[i].allowed;
        outcome->refused += elements[RESET_US]->integer < 0;
    }
    return outcome->allowed || !sets_any;
}

bool take_script_explains(const struct take_arguments *arguments, const struct outcome *outcome)
{
    if (outcome->status == TAKE_QUOTA)
        return arguments->forbids_keys && take_arguments_charge(arguments);
    for (size_t i = 0; i < outcome->count; i++) {
        const double *row = arguments->rows[i];
        const struct limit limit = limit_of(row);
        const int64_t cost = cost_of(row);

        if (!explains(&limit, &outcome->at[i]))
            return false;
        if (arguments->kind != OPERATION_FILL &&
            !explains_cost(&limit, cost, outcome->allowed && cost > 0, &outcome->at[i]))
            return false;
    }
    return true;
}

size_t take_script_lives(const redisReply *reply, const struct take_arguments *arguments,
                         struct take_life lives[static TAKE_SCRIPT_KEYS_MAX])
{
    int64_t keep_us[TAKE_SCRIPT_KEYS_MAX] = {0}; /* a string lives as long as its longest state */
    size_t count = 0;

    for (size_t i = 0; i < arguments->limit_count; i++) {
        const double *row = arguments->rows[i];
        const int64_t state_us = keep_us_of(elements_of(reply, arguments, i));
        const struct limit limit = limit_of(row);
        int64_t *string_us = &keep_us[arguments->key_of[i]];

        if (!is_apart(&limit))
            *string_us = state_us > *string_us ? state_us : *string_us;
        else if (cost_of(row) > 0)
            lives[count++] = (struct take_life){.keep_us = log_keep_us(&limit)};
    }
    for (size_t i = 0; i < arguments->limit_count; i++) {
        redisReply *const *elements = elements_of(reply, arguments, i);

        if (sets_expiry(elements)) {
            lives[count++] = (struct take_life){
                .was_us = EXPIRY_WAS_SET - elements[RETRY_US]->integer,
                .keep_us = keep_us[arguments->key_of[i]],
            };
        }
    }
    return count;
}

const char *take_script_refused_key(const redisReply *reply, const struct take_arguments *arguments)
{
    size_t i = 0;

    while (elements_of(reply, arguments, i)[RESET_US]->integer >= 0)
        i++;
    return arguments->keys[arguments->key_of[i]];
}

/* Strings first, each at its first limit. */
static void keys_write(struct take_arguments *arguments, const struct operation *operation)
{
    uint8_t key_of_set[LIMITS_MAX];
    bool has_string[LIMITS_MAX] = {0};
    size_t count = 0;

    for (size_t i = 0; i < operation->limit_count; i++) {
        const uint8_t set = first_alike(operation, operation->limits[i].set);

        if (is_apart(&operation->limits[i]))
            continue;
        if (!has_string[set]) {
            has_string[set] = true;
            key_of_set[set] = (uint8_t)count;
            *string_key_write(arguments->keys[count++], operation, set) = '\0';
        }
        arguments->key_of[i] = key_of_set[set];
    }
    arguments->string_count = count;
    for (size_t i = 0; i < operation->limit_count; i++) {
        const struct limit *limit = &operation->limits[i];

        if (!is_apart(limit))
            continue;
        char *end = string_key_write(arguments->keys[count], operation, limit->set);
        *hex_write(stpcpy(end, ":"), id_of(limit), 16) = '\0';
        arguments->key_of[i] = (uint8_t)count++;
    }
    arguments->key_count = (char)('0' + count);
}

/* For a caller without a user, the sets {ip} and user, else ip are one. A key that is given twice
 * would lose what is written there first. */
static uint8_t first_alike(const struct operation *operation, uint8_t set)
{
    const struct digest *digest = &operation->sets[set];
    uint8_t first = 0;

    while (first < set && memcmp(&operation->sets[first], digest, sizeof(*digest)) != 0)
        first++;
    return first;
}

/* Returns how many bytes. */
static size_t heads_write(struct take_arguments *arguments, const struct operation *operation)
{
    unsigned char *end = arguments->heads;

    for (size_t string = 0; string < arguments->string_count; string++) {
        unsigned char *number = end++;

        *number = 0;
        for (size_t i = 0; i < operation->limit_count; i++) {
            const uint64_t id = id_of(&operation->limits[i]);

            if (arguments->key_of[i] != string)
                continue;
            memcpy(end, &id, TAKE_SCRIPT_ID_BYTES);
            end += TAKE_SCRIPT_ID_BYTES;
            ++*number;
        }
    }
    return (size_t)(end - arguments->heads);
}

/* Returns how many. */
static size_t numbers_write(struct take_arguments *arguments, const struct operation *operation)
{
    const unsigned char *head = arguments->heads;
    double *next = arguments->numbers;
    uint8_t place = 0;

    *next++ = operation->kind;
    *next++ = (double)arguments->string_count;
    for (size_t key = 0; key < take_arguments_keys(arguments); key++) {
        const bool is_string = key < arguments->string_count;
        double *string = next;

        if (is_string) {
            const size_t head_bytes = 1 + (size_t)head[0] * TAKE_SCRIPT_ID_BYTES;

            next += TAKE_SCRIPT_STRING_NUMBERS;
            string[0] = (double)head_bytes;
            string[2] = head[0];
            head += head_bytes;
            string[1] = (double)(head - arguments->heads);
        }
        for (size_t i = 0; i < operation->limit_count; i++) {
            if (arguments->key_of[i] != key)
                continue;
            arguments->place_of[i] = place++;
            arguments->rows[i] = next;
            next = row_write(next, operation, i);
            next[PLACE - TAKE_SCRIPT_LIMIT_NUMBERS] =
                is_string ? string[0] + 1 + sizeof(double) : (double)(key + 1);
            if (is_string)
                string[0] += (double)state_bytes(&operation->limits[i]);
        }
    }
    return (size_t)(next - arguments->numbers);
}

/* All but its place. Returns the end. */
static double *row_write(double *row, const struct operation *operation, size_t i)
{
    const struct limit *limit = &operation->limits[i];

    row[ALGORITHM] = (double)(limit->algorithm + 1);
    row[BYTES] = (double)state_bytes(limit);
    row[COST] = operation->kind == OPERATION_LOOK ? 0 : (double)operation->costs[i];
    row[QUOTA] = (double)limit->quota;
    row[WINDOW] = (double)limit->window_us;
    row[BURST] = (double)limit->burst;
    return row + TAKE_SCRIPT_LIMIT_NUMBERS;
}

/* Returns the end, which has no NUL yet. */
static char *string_key_write(char *out, const struct operation *operation, uint8_t set)
{
    const struct digest *digest = &operation->sets[set];
    char *end = digest_write(stpcpy(out, KEY_PREFIX), &operation->tag);

    end = hex_write(stpcpy(end, "}:"), operation->policy_id, 16);
    if (memcmp(digest, &operation->tag, sizeof(*digest)) == 0)
        return end;
    return digest_write(stpcpy(end, ":"), digest);
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

/* Its state has a key of its own. */
static bool is_apart(const struct limit *limit)
{
    return state_kind_is_apart(algorithm_state(limit->algorithm));
}

/* In a string: the end of its entry, and the numbers. */
static size_t state_bytes(const struct limit *limit)
{
    return is_apart(limit) ? 0
                           : sizeof(double) * (1 + algorithm_of(limit->algorithm)->state_numbers);
}

/* With the number of its numbers in the lowest byte. */
static uint64_t id_of(const struct limit *limit)
{
    return (limit->id & ~(uint64_t)UINT8_MAX) | algorithm_of(limit->algorithm)->state_numbers;
}

/* The limit's part of the reply. */
static redisReply *const *elements_of(const redisReply *reply,
                                      const struct take_arguments *arguments, size_t i)
{
    return reply->element + INTEGERS_PER_LIMIT * (size_t)arguments->place_of[i];
}

/* Its numbers only. */
static struct limit limit_of(const double row[static TAKE_SCRIPT_LIMIT_NUMBERS])
{
    return (struct limit){
        .algorithm = (enum algorithm_id)(row[ALGORITHM] - 1),
        .quota = (int64_t)row[QUOTA],
        .window_us = (int64_t)row[WINDOW],
        .burst = (int64_t)row[BURST],
    };
}

static int64_t cost_of(const double row[static TAKE_SCRIPT_LIMIT_NUMBERS])
{
    return (int64_t)row[COST];
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
    if (integers[RETRY_US] < -1 || (integers[RETRY_US] != 0 && integers[DELAY_US] != 0))
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

/* Only for the first limit of a string. */
static bool may_set_expiry(const struct take_arguments *arguments, size_t i)
{
    const uint8_t key = arguments->key_of[i];

    for (size_t before = 0; before < i; before++) {
        if (arguments->key_of[before] == key)
            return false;
    }
    return key < arguments->string_count;
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
