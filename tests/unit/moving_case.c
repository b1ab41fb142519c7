/* SPDX-License-Identifier: MIT */
#include "moving_case.h"

#include "support/same_outcome.h"
#include "support/script_clock.h"

/* Further away than the end of any test: by their own clocks the servers would let go of a key at
 * different times. */
#define FAR_MS "1000000"

static size_t new_node(void);
static void arguments_of(const struct operation *operation, struct take_arguments *arguments,
                         char now[static TEXT_INTEGER_BYTES_MAX]);
static const redisReply *run_at(struct redis_server *at, struct take_arguments *arguments);
static void replies_alike(const redisReply *expected, const redisReply *moving,
                          const struct take_arguments *arguments);
static void stored_alike(const char *key);
static void stored_at(struct redis_server *at, const char *key, char stored[static 128]);

static struct redis_server *node; /* that has the slot of the last operation */
static int slot;

struct operation moving_take_of(struct limit *limits, size_t count, int64_t cost)
{
    static int64_t last_set;

    one_set_tell_apart(limits, count);
    (void)redis_server_command(server, "FLUSHALL");
    for (size_t i = 0; i < redis_cluster_count(cluster); i++)
        (void)redis_server_command(redis_cluster_node(cluster, i), "FLUSHALL");
    struct operation operation = one_set_take(++last_set, limits, count, cost);

    operation.now_us = MOVING_NOW;
    slot = take_script_slot(&operation.tag);
    node = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    return operation;
}

void moving_plant(const struct operation *operation, size_t limit, int64_t at_us,
                  const char *member)
{
    char command[128];

    (void)snprintf(command, sizeof(command), "ZADD %%s %lld %s", (long long)at_us, member);
    moving_command(operation, limit, command);
}

void moving_plant_many(const struct operation *operation, size_t limit, int64_t after_us,
                       int64_t before, int64_t count)
{
    static const char script[] =
        "for i = 1, ARGV[3] do redis.call('ZADD', KEYS[1], string.format('%.0f', ARGV[1] + i),"
        " string.format('%016.0f:1', ARGV[2] + i - 1)) end";
    struct take_arguments arguments;
    struct redis_server *const both[] = {server, node};

    take_arguments_write(&arguments, operation);
    for (size_t i = 0; i < ARRAY_COUNT(both); i++)
        (void)redis_server_command(both[i], "EVAL %s 1 %s %lld %lld %lld", script,
                                   arguments.keys[arguments.key_of[limit]], (long long)after_us,
                                   (long long)before, (long long)count);
    moving_command(operation, limit, "PEXPIRE %s " FAR_MS);
}

void moving_command(const struct operation *operation, size_t limit, const char *format)
{
    struct take_arguments arguments;

    take_arguments_write(&arguments, operation);
    const char *key = arguments.keys[arguments.key_of[limit]];

    (void)redis_server_command(server, format, key);
    (void)redis_server_command(node, format, key);
}

void moving_begin(const struct operation *operation)
{
    assert_int_equal(slot, take_script_slot(&operation->tag));
    redis_cluster_begin_move(cluster, slot, new_node());
}

void moving_end(void)
{
    redis_cluster_end_move(cluster, slot, new_node());
}

long long moving_keys_left(void)
{
    return redis_server_command(node, "CLUSTER COUNTKEYSINSLOT %d", slot)->integer;
}

bool moving_is_whole(const struct operation *operation)
{
    struct take_arguments arguments;
    bool is_whole = true;

    take_arguments_write(&arguments, operation);
    for (size_t i = 0; i < take_arguments_keys(&arguments); i++)
        is_whole &= redis_server_command(server, "EXISTS %s", arguments.keys[i])->integer == 1;
    return is_whole;
}

void moving_alike(const struct operation *operation)
{
    char now[TEXT_INTEGER_BYTES_MAX];
    struct take_arguments arguments;
    long long kept = 0;

    arguments_of(operation, &arguments, now);
    const redisReply *expected = run_at(server, &arguments);
    const redisReply *moving = run_at(node, &arguments);

    replies_alike(expected, moving, &arguments);
    for (size_t i = 0; i < take_arguments_keys(&arguments); i++) {
        if (redis_server_command(server, "EXISTS %s", arguments.keys[i])->integer == 0)
            continue;
        kept++;
        stored_alike(arguments.keys[i]);
    }
    assert_int_equal(moving_keys_left(), kept);
}

const redisReply *moving_reply(const struct operation *operation)
{
    char now[TEXT_INTEGER_BYTES_MAX];
    struct take_arguments arguments;

    arguments_of(operation, &arguments, now);
    return run_at(node, &arguments);
}

const redisReply *moving_reply_of_new_node(const struct operation *operation)
{
    struct redis_server *there = redis_cluster_node(cluster, new_node());
    char now[TEXT_INTEGER_BYTES_MAX];
    struct take_arguments arguments;

    while (redis_cluster_move_keys(cluster, slot, new_node(), 10) > 0)
        ;
    arguments_of(operation, &arguments, now);
    (void)redis_server_command(there, "ASKING");
    return redis_server_command_words(there, arguments.count, arguments.argv, arguments.lengths);
}

static size_t new_node(void)
{
    return node == redis_cluster_node(cluster, 0) ? 1 : 0;
}

/* `now` has the text of the time. */
static void arguments_of(const struct operation *operation, struct take_arguments *arguments,
                         char now[static TEXT_INTEGER_BYTES_MAX])
{
    const struct text script = operation->kind == OPERATION_FORGET
                                   ? text_of(take_script_forget)
                                   : take_script_source(take_script_of(operation));

    take_arguments_write(arguments, operation);
    (void)snprintf(now, TEXT_INTEGER_BYTES_MAX, "%lld", (long long)operation->now_us);
    if (operation->kind != OPERATION_FORGET)
        script_clock_set(arguments, now);
    arguments->argv[0] = "EVAL";
    arguments->lengths[0] = strlen("EVAL");
    arguments->argv[1] = script.at;
    arguments->lengths[1] = script.length;
}

/* In the same moment what it leaves is asked how long it lives, and told to live on. The reply is
 * borrowed until the next command. */
static const redisReply *run_at(struct redis_server *at, struct take_arguments *arguments)
{
    (void)redis_server_command(at, "MULTI");
    (void)redis_server_command_words(at, arguments->count, arguments->argv, arguments->lengths);
    for (size_t i = 0; i < take_arguments_keys(arguments); i++) {
        (void)redis_server_command(at, "PTTL %s", arguments->keys[i]);
        (void)redis_server_command(at, "PEXPIRE %s " FAR_MS, arguments->keys[i]);
    }
    const redisReply *reply = redis_server_command(at, "EXEC");

    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    return reply->element[0];
}

/* Of what is forgotten, it is told how long it had to live, by the servers' clocks. */
static void replies_alike(const redisReply *expected, const redisReply *moving,
                          const struct take_arguments *arguments)
{
    struct outcome in_moving;
    struct outcome in_rest;

    if (moving->type == REDIS_REPLY_ERROR)
        fail_msg("%s", moving->str);
    assert_int_equal(expected->type, REDIS_REPLY_ARRAY);
    assert_int_equal(moving->type, REDIS_REPLY_ARRAY);
    assert_int_equal(moving->elements, expected->elements);
    if (arguments->kind == OPERATION_FORGET) {
        for (size_t i = 0; i < moving->elements; i++)
            assert_int_equal(moving->element[i]->integer < 0, expected->element[i]->integer < 0);
        return;
    }
    assert_true(take_reply_read(expected, arguments, &in_rest));
    assert_true(take_reply_read(moving, arguments, &in_moving));
    outcomes_equal(&in_moving, &in_rest);
}

static void stored_alike(const char *key)
{
    char in_rest[128];
    char in_moving[128];

    stored_at(server, key, in_rest);
    stored_at(node, key, in_moving);
    assert_string_equal(in_moving, in_rest);
}

static void stored_at(struct redis_server *at, const char *key, char stored[static 128])
{
    static const char script[] =
        "local is_log = redis.call('TYPE', KEYS[1]).ok == 'zset'\n"
        "local all = is_log and redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')\n"
        "            or {redis.call('GET', KEYS[1])}\n"
        "local ends = redis.call('PTTL', KEYS[1]) > 0 and ' that ends ' or ' that stays '\n"
        "return #all .. ends .. redis.sha1hex(table.concat(all, ' '))\n";

    (void)snprintf(stored, 128, "%s", redis_server_command(at, "EVAL %s 1 %s", script, key)->str);
}
