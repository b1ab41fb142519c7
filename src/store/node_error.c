/* SPDX-License-Identifier: MIT */
#include "node_error.h"

#include "redis/redis_error.h"

static bool knows_who(enum redis_redirect_kind kind);
static void note(struct store_node *node, enum redis_redirect_kind kind, struct text error);

bool node_error_goes_astray(struct pending *pending, const redisReply *reply)
{
    struct store_node *node = pending->node;

    if (reply->type != REDIS_REPLY_ERROR || !node->share->is_sliced || pending->stays)
        return false;

    const struct redis_redirect redirect =
        redis_redirect_read((struct text){reply->str, reply->len}, &node->endpoint);

    if (!knows_who(redirect.kind))
        return false;
    node->share->astray(node->share, pending, &redirect);
    return true;
}

enum take_status node_error_read(struct pending *pending, const redisReply *reply)
{
    struct store_node *node = pending->node;
    const struct text error = {reply->str, reply->len};
    const enum redis_redirect_kind kind = redis_redirect_read(error, &node->endpoint).kind;

    note(node, kind, error);
    if (node->share->is_sliced && pending->stays && knows_who(kind))
        return TAKE_DONE;
    return take_answer_error(&node->share->answers, &pending->asked, redis_link_where(node->link),
                             reply, &pending->is_at_fault);
}

/* If nobody has the slot, the call is refused at once, because that may last. */
static bool knows_who(enum redis_redirect_kind kind)
{
    return kind != REDIS_NO_REDIRECT && kind != REDIS_NOT_SERVED;
}

static void note(struct store_node *node, enum redis_redirect_kind kind, struct text error)
{
    struct store_node_share *share = node->share;

    if (kind != REDIS_NO_REDIRECT)
        redis_topology_doubt(share->topology, "a node has not the slot");
    if (!share->is_sliced)
        redis_redirect_tell_cluster(error, &node->endpoint, &share->complaints);
    /* A single server that is a replica may become the master, and then its breaker closes. */
    if (text_equal(redis_error_code(error), TEXT("READONLY")) &&
        !redis_topology_is_fixed(share->topology)) {
        redis_topology_doubt(share->topology, "a node takes no writes");
        node->is_read_only = true;
    }
}
