/* SPDX-License-Identifier: MIT */
#include "store_node.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/metrics.h"
#include "node_error.h"
#include "store/probe.h"

/* A call, in the order it runs. */
static enum store_answer take_in(struct store_node *node, const struct operation *operation,
                                 bool stays, struct outcome *outcome, void *context,
                                 store_done_fn *done);
static bool is_joining(const struct store_node *node);
static size_t calls_out(const struct store_node *node);
static void take_turn(struct pending *pending, enum call_turn turn, int64_t now_us);
static void send_call(struct pending *pending, int64_t now_us);
static void on_answered(void *context, enum redis_link_status status, const redisReply *reply);
static void note_reply(struct pending *pending);
static bool is_no_script(const redisReply *reply);
static enum take_status read_answer(struct pending *pending, enum redis_link_status status,
                                    const redisReply *reply, struct outcome *outcome);
static void tell(const struct pending *pending, enum take_status status);

/* Those that wait. */
static void on_settled(void *context);
static void note_lost(struct store_node *node);
static void on_overdue(void *context);
static void note_spared(struct store_node *node);
static void give_up_waiting(struct store_node *node);
static void give_up(struct pending *pending);

static void on_probe_due(void *context);
static void on_probed(void *context, const struct outcome *outcome);

static const enum metric call_metrics[] = {
    [TAKE_DONE] = METRIC_STORE_CALLS_DONE,     [TAKE_LATE] = METRIC_STORE_CALLS_LATE,
    [TAKE_DOWN] = METRIC_STORE_CALLS_DOWN,     [TAKE_REFUSED] = METRIC_STORE_CALLS_REFUSED,
    [TAKE_BROKEN] = METRIC_STORE_CALLS_BROKEN, [TAKE_QUOTA] = METRIC_STORE_CALLS_DONE,
    [TAKE_ELSEWHEN] = METRIC_STORE_CALLS_DONE,
};

void store_node_share_init(struct store_node_share *share, struct event_base *base,
                           const struct store_redis_options *options, store_node_astray_fn *astray)
{
    share->base = base;
    share->astray = astray;
    share->topology = options->topology;
    share->metrics = options->metrics;
    share->answers = (struct take_answers){
        .metrics = options->metrics,
        .complaints = &share->complaints,
        .budget = options->budget,
    };
    share->calls = (struct pending_pool){
        .timeout_us = options->timeout_us,
        .budget = options->budget,
        .answered = on_answered,
    };
}

void store_node_share_close(struct store_node_share *share)
{
    pending_pool_close(&share->calls);
}

struct store_node *store_node_new(struct store_node_share *share,
                                  const struct redis_endpoint *endpoint)
{
    struct store_node *node = MEMORY_NEW(struct store_node);
    struct redis_link_options options = {
        .endpoint = *endpoint,
        .access = *redis_topology_access(share->topology),
        .settled = on_settled,
        .context = node,
    };

    options.script_count = take_script_sources(&options.scripts);
    node->share = share;
    node->endpoint = *endpoint;
    node->link = redis_link_new(share->base, &options);
    call_queue_init(&node->queue, share->base, share->calls.timeout_us, node, on_overdue);
    trust_init(&node->trust, share->base, node->link, &share->complaints, node, on_probe_due);
    return node;
}

void store_node_free(struct store_node *node)
{
    give_up_waiting(node);
    redis_link_free(node->link);
    call_queue_close(&node->queue);
    trust_close(&node->trust);
    free(node);
}

bool store_node_is_asked(const struct store_node *node)
{
    return trust_asks(&node->trust) && !node->is_read_only && !node->is_leaving &&
           !node->share->is_closing;
}

void store_node_leave(struct store_node *node)
{
    struct waiting_call *call;

    node->is_leaving = true;
    node->leaves_us = clock_monotonic_us() + node->share->calls.timeout_us;
    while ((call = call_queue_take(&node->queue)) != NULL) {
        struct pending *pending = pending_of(call);

        if (pending->stays)
            give_up(pending);
        else
            node->share->astray(node->share, pending, NULL);
    }
}

bool store_node_has_left(const struct store_node *node, int64_t now_us)
{
    return node->leaves_us <= now_us || redis_link_unanswered(node->link) == 0;
}

enum store_answer store_node_ask(struct store_node *node, const struct operation *operation,
                                 struct outcome *outcome, void *context, store_done_fn *done)
{
    return take_in(node, operation, false, outcome, context, done);
}

enum store_answer store_node_probe(struct store_node *node, struct outcome *outcome, void *context,
                                   store_done_fn *done)
{
    const struct operation operation = probe_operation(&node->probe_tag, clock_monotonic_us());

    if (node->has_probe_tag)
        return take_in(node, &operation, true, outcome, context, done);
    /* It has no slot to try, so nobody asks it. */
    outcome->status = store_node_is_asked(node) ? TAKE_DONE : TAKE_DOWN;
    return STORE_NOW;
}

/* A call that waits is found to be overdue behind those that came before it. So one that begins to
 * wait in the first half of its time is found in time. */
bool store_node_take_over(struct store_node *node, struct pending *pending, bool asks)
{
    const int64_t now_us = clock_monotonic_us();
    const bool may_wait = now_us < pending->begun_us + node->queue.patience_us;
    const size_t out = calls_out(node);

    if ((!store_node_is_asked(node) && !is_joining(node)) ||
        (!may_wait && !call_queue_admits(&node->queue, out)))
        return false;

    const enum call_turn turn =
        call_queue_enter(&node->queue, pending->asked.tenant, pending->cost, out);

    if (turn == CALL_HAS_NO_PLACE)
        return false;
    pending_turn_to(pending, node, asks);
    take_turn(pending, turn, now_us);
    return true;
}

void store_node_end_astray(const struct store_node_share *share, struct pending *pending,
                           const struct outcome *outcome)
{
    metrics_count(share->metrics, call_metrics[outcome->status]);
    pending_finish(pending, outcome);
}

void store_node_tell(const struct store_node *node, bool is_known, bool is_connected, bool is_open)
{
    struct metrics *metrics = node->share->metrics;

    metrics_set_node(metrics, node->number, METRICS_NODE_KNOWN, is_known);
    metrics_set_node(metrics, node->number, METRICS_NODE_CONNECTED, is_connected);
    metrics_set_node(metrics, node->number, METRICS_NODE_BREAKER_OPEN, is_open);
}

enum store_answer store_node_answer_down(const struct store_node_share *share,
                                         struct outcome *outcome)
{
    *outcome = (struct outcome){.status = TAKE_DOWN};
    metrics_count(share->metrics, METRIC_STORE_CALLS_DOWN);
    return STORE_NOW;
}

static enum store_answer take_in(struct store_node *node, const struct operation *operation,
                                 bool stays, struct outcome *outcome, void *context,
                                 store_done_fn *done)
{
    const bool joins = !stays && is_joining(node);

    if (!joins && !store_node_is_asked(node))
        return store_node_answer_down(node->share, outcome);

    const enum call_turn turn = call_queue_enter(
        &node->queue, operation->tenant, call_queue_cost(operation->limit_count), calls_out(node));

    if (turn == CALL_HAS_NO_PLACE) {
        if (!joins)
            note_spared(node);
        return store_node_answer_down(node->share, outcome);
    }

    struct pending *pending = pending_begin(&node->share->calls, node, context, done);

    pending->stays = stays;
    pending_write(pending, operation);
    take_turn(pending, turn, pending->begun_us);
    return STORE_LATER;
}

/* It has just come into the map, and will soon be there, so its calls wait a moment. */
static bool is_joining(const struct store_node *node)
{
    return node->share->is_sliced && !node->was_lost && !redis_link_is_ready(node->link) &&
           !node->is_leaving && !node->share->is_closing;
}

static size_t calls_out(const struct store_node *node)
{
    return is_joining(node) ? CALL_QUEUE_CLOSED : redis_link_unanswered(node->link);
}

static void take_turn(struct pending *pending, enum call_turn turn, int64_t now_us)
{
    if (turn == CALL_GOES)
        send_call(pending, now_us);
    else
        call_queue_put(&pending->node->queue, &pending->waiting, pending->asked.tenant,
                       pending->cost, pending->begun_us);
}

static void send_call(struct pending *pending, int64_t now_us)
{
    struct store_node *node = pending->node;

    node->sent_us = now_us;
    pending_send(pending, node->link, now_us);
}

static void on_answered(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct pending *pending = context;
    struct outcome outcome = {0};

    if (status == REDIS_LINK_REPLIED_LATE) {
        if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
            take_answer_read_late(&pending->node->share->answers, &pending->asked, reply);
        pending_put_back(pending);
        return;
    }
    if (status == REDIS_LINK_REPLIED)
        note_reply(pending);
    /* Only this error says that nothing was charged and that asking again helps. The second call
     * has the rest of the time. */
    if (status == REDIS_LINK_REPLIED && pending->may_send_again && is_no_script(reply)) {
        pending_send_again(pending, pending->node->link, clock_monotonic_us());
        return;
    }
    if (status == REDIS_LINK_REPLIED && node_error_goes_astray(pending, reply))
        return;
    outcome.status = read_answer(pending, status, reply, &outcome);
    tell(pending, outcome.status);
    if (status == REDIS_LINK_LATE)
        pending_answer_late(pending, &outcome);
    else
        pending_finish(pending, &outcome);
}

/* Counts a reply that came in time and is read too late, because the worker was busy. */
static void note_reply(struct pending *pending)
{
    struct store_node *node = pending->node;

    trust_heard(&node->trust);
    if (redis_link_heard_us(node->link) > pending->begun_us + node->share->calls.timeout_us)
        metrics_count(node->share->metrics, METRIC_STORE_REPLIES_KEPT_WAITING);
}

static bool is_no_script(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR &&
           text_starts_with((struct text){reply->str, reply->len}, TEXT("NOSCRIPT"));
}

/* Fills the rest of *outcome when the store has answered. */
static enum take_status read_answer(struct pending *pending, enum redis_link_status status,
                                    const redisReply *reply, struct outcome *outcome)
{
    struct store_node *node = pending->node;

    switch (status) {
    case REDIS_LINK_REPLIED:
        if (reply->type == REDIS_REPLY_ERROR)
            return node_error_read(pending, reply);
        if (!take_answer_read(&node->share->answers, &pending->asked, reply, outcome)) {
            redis_link_distrust(node->link, "the reply is no decision");
            return TAKE_BROKEN;
        }
        return outcome->status;
    case REDIS_LINK_LATE:
        return TAKE_LATE;
    case REDIS_LINK_REPLIED_LATE: /* was answered when it was late */
        break;
    case REDIS_LINK_LOST:
        /* It may have been charged, unlike a take that is refused with TAKE_DOWN. But if the store
         * is closing, the caller only needs to know that it is over. */
        return node->share->is_closing ? TAKE_DOWN : TAKE_LATE;
    }
    ASSERT(!"a status of the link");
    return TAKE_BROKEN;
}

static void tell(const struct pending *pending, enum take_status status)
{
    struct store_node *node = pending->node;
    const int64_t now_us = clock_monotonic_us();
    const struct call_sample sample = {
        .took_us = now_us - pending->sent_us,
        .took_at_least_us = status == TAKE_LATE
                                ? now_us - pending->sent_us
                                : redis_link_took_at_least_us(node->link, pending->sent_us),
        .wanted = redis_link_unanswered(node->link) + call_queue_length(&node->queue),
        .is_late = status == TAKE_LATE,
    };

    metrics_count(node->share->metrics, call_metrics[status]);
    metrics_observe(node->share->metrics, METRIC_STORE_CALL_DURATION, sample.took_us);
    call_window_took(&node->queue.window, &sample, now_us);
    if (!node->share->is_closing)
        trust_judge(&node->trust, pending->begun_us, status, pending->is_at_fault, now_us);
}

static void on_settled(void *context)
{
    struct store_node *node = context;
    struct waiting_call *call;

    if (node->is_read_only && redis_link_unanswered(node->link) == 0)
        redis_link_distrust(node->link, "it takes no writes: it is a replica now");
    if (!redis_link_is_ready(node->link))
        note_lost(node);
    if (!store_node_is_asked(node)) {
        give_up_waiting(node);
        return;
    }
    while ((call = call_queue_next(&node->queue, redis_link_unanswered(node->link))) != NULL)
        send_call(pending_of(call), clock_monotonic_us());
}

/* Or it could not be made. */
static void note_lost(struct store_node *node)
{
    node->was_lost = true;
    node->is_read_only = false;
    if (!node->is_leaving)
        redis_topology_doubt(node->share->topology, "a connection is lost");
}

/* Replies that have come by now may have made room. For a node that joins, calls wait elsewhere for
 * the rest of their time: nothing is known of it. */
static void on_overdue(void *context)
{
    struct store_node *node = context;
    const int64_t now_us = clock_monotonic_us();
    struct waiting_call *call;

    if (is_joining(node)) {
        while ((call = call_queue_next_overdue(&node->queue, now_us)) != NULL)
            node->share->astray(node->share, pending_of(call), NULL);
        return;
    }
    redis_link_serve(node->link);
    while ((call = call_queue_next_overdue(&node->queue, now_us)) != NULL) {
        note_spared(node);
        trust_judge_unsent(&node->trust, node->sent_us, node->share->calls.timeout_us, now_us);
        give_up(pending_of(call));
    }
    on_settled(node);
}

/* The call would be late, and so would all calls after it. */
static void note_spared(struct store_node *node)
{
    metrics_count(node->share->metrics, METRIC_STORE_CALLS_SPARED);
    if (redis_complaints_allow(&node->share->complaints, "behind", clock_monotonic_us())) {
        log_write(LOG_WARN, "redis cannot keep up: some are decided without it",
                  LOG_STRING("redis", redis_link_where(node->link)),
                  LOG_INTEGER("unanswered", (int64_t)redis_link_unanswered(node->link)),
                  LOG_INTEGER("waiting", (int64_t)call_queue_length(&node->queue)));
    }
}

static void give_up_waiting(struct store_node *node)
{
    struct waiting_call *call;

    while ((call = call_queue_take(&node->queue)) != NULL)
        give_up(pending_of(call));
}

static void give_up(struct pending *pending)
{
    struct outcome outcome;

    (void)store_node_answer_down(pending->node->share, &outcome);
    pending_finish(pending, &outcome);
}

/* Sends no second probe: it would wait for the first one, and find out the same. */
static void on_probe_due(void *context)
{
    struct store_node *node = context;
    const struct operation operation = probe_operation(&node->probe_tag, clock_monotonic_us());

    if (node->is_probing || node->is_leaving || !redis_link_is_ready(node->link))
        return;
    node->is_probing = true;

    struct pending *pending = pending_begin(&node->share->calls, node, node, on_probed);

    pending->stays = true;
    pending_write(pending, &operation);
    send_call(pending, pending->begun_us);
}

/* The breaker was told when the reply was read. */
static void on_probed(void *context, const struct outcome *outcome)
{
    struct store_node *node = context;

    (void)outcome;
    node->is_probing = false;
}
