/* SPDX-License-Identifier: MIT */
#include "store/take_script.h"

#include "limit/algorithm.h"
#include "redis/redis_slot.h"

#include "take_scripts_lua.h"

#include <sodium.h>

#define KEY_PREFIX "sluice:{"

/* One limit's numbers. */
enum { ALGORITHM, PLACE, BYTES, COST, QUOTA, WINDOW, BURST };

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
static double *calendar_write(const struct take_arguments *arguments, const struct limit *limit,
                              double *row, double *end);

static bool can_decide(const struct take_script *script, const struct operation *operation);
static bool has_apart(const struct operation *operation);
static uint8_t first_alike(const struct operation *operation, uint8_t set);
static char *string_key_write(char *out, const struct operation *operation, uint8_t set);
static char *digest_write(char *out, const struct digest *digest);
static char *hex_write(char *out, uint64_t value, int digits);
static bool is_apart(const struct limit *limit);
static size_t state_bytes(const struct limit *limit);
static uint64_t id_of(const struct limit *limit);
static void argument_add(struct take_arguments *arguments, const void *at, size_t length);

const struct take_script *take_script_of(const struct operation *operation)
{
    const struct take_script *script = scripts;

    while (!can_decide(script, operation))
        script++;
    return script;
}

struct text take_script_source(const struct take_script *script)
{
    return sources[script - scripts];
}

/* Digests have no braces, so the tag alone has the slot of a key with that tag. */
uint16_t take_script_slot(const struct digest *tag)
{
    char text[TAKE_SCRIPT_KEY_BYTES];
    const char *end = digest_write(text, tag);

    return redis_slot((struct text){text, (size_t)(end - text)});
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
        if (take_arguments_cost(arguments, i) != 0)
            return true;
    }
    return false;
}

struct limit take_arguments_limit(const struct take_arguments *arguments, size_t i)
{
    const double *row = arguments->rows[i];
    const double *starts = take_arguments_calendar(arguments, i);
    struct limit limit = {
        .algorithm = (enum algorithm_id)(row[ALGORITHM] - 1),
        .quota = (int64_t)row[QUOTA],
        .window_us = (int64_t)row[WINDOW],
        .burst = (int64_t)row[BURST],
    };

    if (starts != NULL) {
        limit.window_us = (int64_t)(starts[CALENDAR_STARTS - 1] - starts[0]);
        limit.burst = limit.quota;
    }
    return limit;
}

const double *take_arguments_calendar(const struct take_arguments *arguments, size_t i)
{
    const double *row = arguments->rows[i];

    return row[WINDOW] > 0 ? NULL : arguments->numbers + ((size_t)row[BURST] - 1) / sizeof(*row);
}

int64_t take_arguments_cost(const struct take_arguments *arguments, size_t i)
{
    return (int64_t)arguments->rows[i][COST];
}

void take_arguments_forbid_keys(struct take_arguments *arguments)
{
    arguments->forbids_keys = true;
    argument_add(arguments, "", 0);
    argument_add(arguments, "kept", strlen("kept"));
}

size_t take_arguments_integers(const struct take_arguments *arguments)
{
    if (arguments->kind == OPERATION_FORGET)
        return take_arguments_keys(arguments);
    return TAKE_SCRIPT_INTEGERS * arguments->limit_count + (arguments->kind == OPERATION_PART) + 1;
}

/* Those of one limit come first, and then that without the functions of a log. */
static bool can_decide(const struct take_script *script, const struct operation *operation)
{
    const bool is_whole = operation->kind == OPERATION_TAKE || operation->kind == OPERATION_LOOK;
    const bool charges = operation->kind == OPERATION_CHARGE || operation->kind == OPERATION_FILL;

    if (script->charges != charges)
        return false;
    if (script->algorithm == ALGORITHM_COUNT)
        return script->decides_apart || !has_apart(operation);
    return is_whole && operation->limit_count == 1 &&
           script->algorithm == operation->limits[0].algorithm;
}

static bool has_apart(const struct operation *operation)
{
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (is_apart(&operation->limits[i]))
            return true;
    }
    return false;
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
    double *rows_end = next++;
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
    *rows_end = (double)((size_t)(next - arguments->numbers) * sizeof(*next));
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (operation->limits[i].calendar != NULL)
            next = calendar_write(arguments, &operation->limits[i], arguments->rows[i], next);
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

/* And where it lies into the row, in place of the window. Returns the end. */
static double *calendar_write(const struct take_arguments *arguments, const struct limit *limit,
                              double *row, double *end)
{
    row[WINDOW] = 0;
    row[BURST] = (double)(1 + (size_t)(end - arguments->numbers) * sizeof(*end));
    for (size_t i = 0; i < CALENDAR_STARTS; i++)
        end[i] = (double)limit->calendar->starts_us[i];
    return end + CALENDAR_STARTS;
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
