/* SPDX-License-Identifier: MIT
 *
 * A call is asked, waits for its turn if there is a queue, is sent, and is answered by the link. Or
 * it is given up before it is sent. Worker's thread. */
#include "store/store_redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/metrics.h"
#include "redis/redis_complaints.h"
#include "store/pending.h"
#include "store/probe.h"
#include "store/trust.h"

struct store_redis {
    struct store store; /* the engine's face */
    struct redis_link *link;
    struct pending_pool calls;
    struct call_queue queue;
    struct trust trust;
    bool is_probing;
    struct redis_complaints complaints;
    struct take_answers answers;
    struct metrics *metrics;
    bool is_closing;
};

/* A call, in the order it runs. */
static enum store_answer store_redis_ask(struct store *store, const struct operation *operation,
                                         struct outcome *outcome, void *context,
                                         store_done_fn *done);
static struct store_redis *redis_of(const struct pending *pending);
static bool is_asked(const struct store_redis *redis);
static enum store_answer answer_down(struct store_redis *redis, struct outcome *outcome);
static void on_answered(void *context, enum redis_link_status status, const redisReply *reply);
static void note_reply(struct pending *pending);
static bool is_no_script(const redisReply *reply);
static enum take_status read_answer(struct pending *pending, enum redis_link_status status,
                                    const redisReply *reply, struct outcome *outcome);
static void tell(const struct pending *pending, enum take_status status);

/* Those that wait. */
static void on_settled(void *context);
static void on_overdue(void *context);
static void note_spared(struct store_redis *redis);
static void give_up_waiting(struct store_redis *redis);
static void give_up(struct pending *pending);

static void on_probe_due(void *context);
static void on_probed(void *context, const struct outcome *outcome);

static void store_redis_serve(struct store *store);
static bool store_redis_is_ready(const struct store *store);
static struct store_health store_redis_health(const struct store *store);
static void store_redis_free(struct store *store);

static const struct store_engine engine = {
    .ask = store_redis_ask,
    .serve = store_redis_serve,
    .is_ready = store_redis_is_ready,
    .health = store_redis_health,
    .free = store_redis_free,
};

static const enum metric call_metrics[] = {
    [TAKE_DONE] = METRIC_STORE_CALLS_DONE,     [TAKE_LATE] = METRIC_STORE_CALLS_LATE,
    [TAKE_DOWN] = METRIC_STORE_CALLS_DOWN,     [TAKE_REFUSED] = METRIC_STORE_CALLS_REFUSED,
    [TAKE_BROKEN] = METRIC_STORE_CALLS_BROKEN, [TAKE_QUOTA] = METRIC_STORE_CALLS_DONE,
    [TAKE_ELSEWHEN] = METRIC_STORE_CALLS_DONE,
};

struct store *store_redis_new(struct event_base *base, const struct store_redis_options *options)
{
    struct store_redis *redis = MEMORY_NEW(struct store_redis);

    redis->store.engine = &engine;
    call_queue_init(&redis->queue, base, options->timeout_us, redis, on_overdue);
    redis->metrics = options->metrics;
    redis->answers = (struct take_answers){
        .metrics = options->metrics,
        .complaints = &redis->complaints,
        .budget = options->budget,
    };
    struct redis_map *map = redis_topology_map(options->topology);
    struct redis_link_options link_options = {
        .endpoint = map->nodes[0].endpoint,
        .access = *redis_topology_access(options->topology),
        .settled = on_settled,
        .context = redis,
    };
    redis_map_release(map);
    link_options.script_count = take_script_sources(&link_options.scripts);
    redis->link = redis_link_new(base, &link_options);
    redis->calls = (struct pending_pool){
        .link = redis->link,
        .timeout_us = options->timeout_us,
        .budget = options->budget,
        .answered = on_answered,
    };
    trust_init(&redis->trust, base, redis->link, &redis->complaints, redis, on_probe_due);
    return &redis->store;
}

static enum store_answer store_redis_ask(struct store *store, const struct operation *operation,
                                         struct outcome *outcome, void *context,
                                         store_done_fn *done)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);
    const uint32_t tenant = operation->tenant;
    const uint32_t cost = call_queue_cost(operation->limit_count);

    if (!is_asked(redis))
        return answer_down(redis, outcome);

    const enum call_turn turn =
        call_queue_enter(&redis->queue, tenant, cost, redis_link_unanswered(redis->link));

    if (turn == CALL_HAS_NO_PLACE) {
        note_spared(redis);
        return answer_down(redis, outcome);
    }

    struct pending *pending = pending_begin(&redis->calls, context, done);

    pending_write(pending, operation);
    if (turn == CALL_GOES)
        pending_send(pending, pending->begun_us);
    else
        call_queue_put(&redis->queue, &pending->waiting, tenant, cost, pending->begun_us);
    return STORE_LATER;
}

static struct store_redis *redis_of(const struct pending *pending)
{
    return CONTAINER_OF(pending->pool, struct store_redis, calls);
}

static bool is_asked(const struct store_redis *redis)
{
    return trust_asks(&redis->trust) && !redis->is_closing;
}

static enum store_answer answer_down(struct store_redis *redis, struct outcome *outcome)
{
    *outcome = (struct outcome){.status = TAKE_DOWN};
    metrics_count(redis->metrics, METRIC_STORE_CALLS_DOWN);
    return STORE_NOW;
}

static void on_answered(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct pending *pending = context;
    struct outcome outcome = {0};

    if (status == REDIS_LINK_REPLIED_LATE) {
        if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
            take_answer_read_late(&redis_of(pending)->answers, &pending->asked, reply);
        pending_put_back(pending);
        return;
    }
    if (status == REDIS_LINK_REPLIED)
        note_reply(pending);
    /* Only this error says that nothing was charged and that asking again helps. The second call
     * has the rest of the time. */
    if (status == REDIS_LINK_REPLIED && pending->may_send_again && is_no_script(reply)) {
        pending_send_again(pending, clock_monotonic_us());
        return;
    }
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
    struct store_redis *redis = redis_of(pending);

    trust_heard(&redis->trust);
    if (redis_link_heard_us(redis->link) > pending->begun_us + redis->calls.timeout_us)
        metrics_count(redis->metrics, METRIC_STORE_REPLIES_KEPT_WAITING);
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
    struct store_redis *redis = redis_of(pending);

    switch (status) {
    case REDIS_LINK_REPLIED:
        if (reply->type == REDIS_REPLY_ERROR)
            return take_answer_error(&redis->answers, &pending->asked, reply,
                                     &pending->is_at_fault);
        if (!take_answer_read(&redis->answers, &pending->asked, reply, outcome)) {
            redis_link_distrust(redis->link, "the reply is no decision");
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
        return redis->is_closing ? TAKE_DOWN : TAKE_LATE;
    }
    ASSERT(!"a status of the link");
    return TAKE_BROKEN;
}

static void tell(const struct pending *pending, enum take_status status)
{
    struct store_redis *redis = redis_of(pending);
    const int64_t now_us = clock_monotonic_us();
    const struct call_sample sample = {
        .took_us = now_us - pending->sent_us,
        .took_at_least_us = status == TAKE_LATE
                                ? now_us - pending->sent_us
                                : redis_link_took_at_least_us(redis->link, pending->sent_us),
        .wanted = redis_link_unanswered(redis->link) + call_queue_length(&redis->queue),
        .is_late = status == TAKE_LATE,
    };

    metrics_count(redis->metrics, call_metrics[status]);
    metrics_observe(redis->metrics, METRIC_STORE_CALL_DURATION, sample.took_us);
    call_window_took(&redis->queue.window, &sample, now_us);
    if (!redis->is_closing)
        trust_judge(&redis->trust, pending->begun_us, status, pending->is_at_fault, now_us);
}

static void on_settled(void *context)
{
    struct store_redis *redis = context;
    struct waiting_call *call;

    if (!is_asked(redis)) {
        give_up_waiting(redis);
        return;
    }
    while ((call = call_queue_next(&redis->queue, redis_link_unanswered(redis->link))) != NULL)
        pending_send(pending_of(call), clock_monotonic_us());
}

/* Replies that have come by now may have made room. */
static void on_overdue(void *context)
{
    struct store_redis *redis = context;
    const int64_t now_us = clock_monotonic_us();
    struct waiting_call *call;

    redis_link_serve(redis->link);
    while ((call = call_queue_next_overdue(&redis->queue, now_us)) != NULL) {
        note_spared(redis);
        trust_judge_unsent(&redis->trust, redis->calls.sent_us, redis->calls.timeout_us, now_us);
        give_up(pending_of(call));
    }
    on_settled(redis);
}

/* The call would be late, and so would all calls after it. */
static void note_spared(struct store_redis *redis)
{
    metrics_count(redis->metrics, METRIC_STORE_CALLS_SPARED);
    if (redis_complaints_allow(&redis->complaints, "behind", clock_monotonic_us())) {
        log_write(LOG_WARN, "redis cannot keep up: some are decided without it",
                  LOG_INTEGER("unanswered", (int64_t)redis_link_unanswered(redis->link)),
                  LOG_INTEGER("waiting", (int64_t)call_queue_length(&redis->queue)));
    }
}

static void give_up_waiting(struct store_redis *redis)
{
    struct waiting_call *call;

    while ((call = call_queue_take(&redis->queue)) != NULL)
        give_up(pending_of(call));
}

static void give_up(struct pending *pending)
{
    struct outcome outcome;

    (void)answer_down(redis_of(pending), &outcome);
    pending_finish(pending, &outcome);
}

/* Sends no second probe: it would wait for the first one, and find out the same. */
static void on_probe_due(void *context)
{
    struct store_redis *redis = context;
    const struct operation operation = probe_operation(clock_monotonic_us());

    if (redis->is_probing || !redis_link_is_ready(redis->link))
        return;
    redis->is_probing = true;

    struct pending *pending = pending_begin(&redis->calls, redis, on_probed);

    pending_write(pending, &operation);
    pending_send(pending, pending->begun_us);
}

/* The breaker was told when the reply was read. */
static void on_probed(void *context, const struct outcome *outcome)
{
    struct store_redis *redis = context;

    (void)outcome;
    redis->is_probing = false;
}

static void store_redis_serve(struct store *store)
{
    redis_link_serve(CONTAINER_OF(store, struct store_redis, store)->link);
}

static bool store_redis_is_ready(const struct store *store)
{
    const struct store_redis *redis = (const struct store_redis *)(const void *)store;

    return trust_asks(&redis->trust);
}

static struct store_health store_redis_health(const struct store *store)
{
    const struct store_redis *redis = (const struct store_redis *)(const void *)store;

    return (struct store_health){
        .is_connected = redis_link_is_ready(redis->link),
        .breaker_is_open = breaker_is_open(&redis->trust.breaker),
        .calls_waiting = call_queue_length(&redis->queue),
    };
}

static void store_redis_free(struct store *store)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);

    redis->is_closing = true;
    give_up_waiting(redis);
    redis_link_free(redis->link);
    call_queue_close(&redis->queue);
    trust_close(&redis->trust);
    pending_pool_close(&redis->calls);
    free(redis);
}
