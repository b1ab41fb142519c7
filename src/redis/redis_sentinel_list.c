/* SPDX-License-Identifier: MIT */
#include "redis_sentinel_list.h"

static size_t read_sentinels(const redisReply *reply, struct redis_endpoint *told);
static void forget_but(struct redis_sentinel_list *list, const struct redis_endpoint *told,
                       size_t told_count);
static bool is_among(const struct redis_endpoint *endpoint, const struct redis_endpoint *told,
                     size_t told_count);
static bool read_sentinel(const redisReply *fields, struct redis_endpoint *endpoint);
static struct text find(const redisReply *fields, struct text name);
static bool read_address(struct text host, struct text port, struct redis_endpoint *endpoint);
static void add(struct redis_sentinel_list *list, const struct redis_endpoint *endpoint,
                bool is_learnt);
static bool is_text(const redisReply *reply, struct text expected);
static struct text text_in(const redisReply *reply);

void redis_sentinel_list_init(struct redis_sentinel_list *list, const struct redis_url *url)
{
    list->count = 0;
    for (size_t i = 0; i < url->host_count; i++)
        add(list, &url->hosts[i], false);
}

void redis_sentinel_list_turn(struct redis_sentinel_list *list)
{
    const struct redis_sentinel first = list->sentinels[0];

    memmove(list->sentinels, list->sentinels + 1, (list->count - 1) * sizeof(first));
    list->sentinels[list->count - 1] = first;
}

void redis_sentinel_list_prefer(struct redis_sentinel_list *list,
                                const struct redis_endpoint *endpoint)
{
    for (size_t i = 1; i < list->count; i++) {
        const struct redis_sentinel preferred = list->sentinels[i];

        if (!redis_endpoint_equal(&preferred.endpoint, endpoint))
            continue;
        memmove(list->sentinels + 1, list->sentinels, i * sizeof(preferred));
        list->sentinels[0] = preferred;
    }
}

void redis_sentinel_list_learn(struct redis_sentinel_list *list, const redisReply *reply)
{
    struct redis_endpoint told[REDIS_SENTINEL_LIST_MAX];
    const size_t count = read_sentinels(reply, told);

    if (count == 0)
        return;
    forget_but(list, told, count);
    for (size_t i = 0; i < count; i++)
        add(list, &told[i], true);
}

void redis_sentinel_list_leave_group(struct redis_sentinel_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->sentinels[i].is_of_group = false;
}

uint64_t redis_sentinel_list_read_epoch(const redisReply *reply)
{
    int64_t epoch;

    return text_parse_integer(find(reply, TEXT("config-epoch")), &epoch) && epoch > 0
               ? (uint64_t)epoch
               : 0;
}

bool redis_sentinel_list_read_master(const redisReply *reply, struct redis_endpoint *master,
                                     struct error *error)
{
    if (reply->type == REDIS_REPLY_NIL)
        return error_set(error, "it knows no master of this name");
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        !read_address(text_in(reply->element[0]), text_in(reply->element[1]), master))
        return error_set(error, "its answer is not that of a sentinel");
    return true;
}

/* "message", the channel, and "<name> <old host> <old port> <new host> <new port>". */
bool redis_sentinel_list_tell_switch(const redisReply *message, const char *name)
{
    if (message->type != REDIS_REPLY_ARRAY || message->elements != 3 ||
        !is_text(message->element[0], TEXT("message")))
        return false;

    struct text rest = text_in(message->element[2]);

    return text_equal(text_cut(&rest, ' '), text_of(name));
}

/* Of more of them than we keep, the first ones. */
static size_t read_sentinels(const redisReply *reply, struct redis_endpoint *told)
{
    size_t count = 0;

    if (reply->type != REDIS_REPLY_ARRAY)
        return 0;
    for (size_t i = 0; i < reply->elements && count < REDIS_SENTINEL_LIST_MAX; i++)
        count += read_sentinel(reply->element[i], &told[count]);
    return count;
}

/* Keeps the order, in which a look goes on. The first one is not among those that it tells of. */
static void forget_but(struct redis_sentinel_list *list, const struct redis_endpoint *told,
                       size_t told_count)
{
    size_t kept = 1;

    for (size_t i = 1; i < list->count; i++) {
        if (!list->sentinels[i].is_learnt ||
            is_among(&list->sentinels[i].endpoint, told, told_count))
            list->sentinels[kept++] = list->sentinels[i];
    }
    list->count = kept;
}

static bool is_among(const struct redis_endpoint *endpoint, const struct redis_endpoint *told,
                     size_t told_count)
{
    for (size_t i = 0; i < told_count; i++) {
        if (redis_endpoint_equal(endpoint, &told[i]))
            return true;
    }
    return false;
}

static bool read_sentinel(const redisReply *fields, struct redis_endpoint *endpoint)
{
    return read_address(find(fields, TEXT("ip")), find(fields, TEXT("port")), endpoint);
}

/* The value behind the name, in a list of both. Absent if there is none. */
static struct text find(const redisReply *fields, struct text name)
{
    if (fields->type != REDIS_REPLY_ARRAY)
        return (struct text){0};
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (is_text(fields->element[i], name))
            return text_in(fields->element[i + 1]);
    }
    return (struct text){0};
}

static bool read_address(struct text host, struct text port, struct redis_endpoint *endpoint)
{
    static const struct redis_endpoint nobody = {0};
    int64_t number;

    return text_parse_integer(port, &number) &&
           redis_endpoint_learn(host, number, &nobody, endpoint) && endpoint->host[0] != '\0';
}

/* Further ones find no room. */
static void add(struct redis_sentinel_list *list, const struct redis_endpoint *endpoint,
                bool is_learnt)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!redis_endpoint_equal(&list->sentinels[i].endpoint, endpoint))
            continue;
        list->sentinels[i].is_of_group |= is_learnt;
        return;
    }
    if (list->count < REDIS_SENTINEL_LIST_MAX)
        list->sentinels[list->count++] = (struct redis_sentinel){*endpoint, is_learnt, is_learnt};
}

static bool is_text(const redisReply *reply, struct text expected)
{
    return text_equal(text_in(reply), expected);
}

/* Absent if it is no string. */
static struct text text_in(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return (struct text){0};
    return (struct text){reply->str, reply->len};
}
