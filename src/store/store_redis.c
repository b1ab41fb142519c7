/* SPDX-License-Identifier: MIT
 *
 * One call on its way to Redis is a `pending`: it comes from the list of spare ones, and the link's
 * answer gives it back, exactly once. Worker's thread. */
#include "store/store_redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/metrics.h"
#include "redis/redis_complaints.h"
#include "redis/redis_link.h"
#include "store/call_window.h"
#include "store/probe.h"
#include "store/take_answer.h"
#include "store/take_script.h"
#include "store/trust.h"

struct store_redis {
    struct store store; /* the engine's face */
    struct redis_link *link;
    int64_t timeout_us;
    struct trust trust;
    bool is_probing;
    struct call_window window;
    struct redis_complaints complaints;
    struct take_answers answers;
    struct metrics *metrics;
    struct pending *spare;
    bool is_closing;
};

struct pending;

struct pending {
    struct pending *next; /* in the list of spare ones */
    struct store_redis *redis;
    store_done_fn *done;
    void *context;
    size_t integers; /* that the reply has */
    int64_t begun_us;
    bool may_send_again;              /* after NOSCRIPT */
    bool is_at_fault;                 /* the error was of this call, and no failure of Redis */
    const struct take_script *script; /* of a take */
    struct take_asked asked;
};

/* A call, in the order it runs. */
static enum store_answer store_redis_take(struct store *store, const struct take *take,
                                          struct outcome *outcome, void *context,
                                          store_done_fn *done);
static enum store_answer store_redis_forget(struct store *store, const struct take *take,
                                            struct outcome *outcome, void *context,
                                            store_done_fn *done);
static bool is_behind(struct store_redis *redis);
static enum store_answer answer_down(struct store_redis *redis, struct outcome *outcome);
static void begin_take(struct store_redis *redis, const struct take *take, void *context,
                       store_done_fn *done);
static struct pending *pending_begin(struct store_redis *redis);
static void send_script(struct pending *pending, const char *command, struct text script,
                        int64_t timeout_us);
static void send_call(struct pending *pending, int argc, const char *const argv[],
                      const size_t lengths[], int64_t timeout_us);
static void on_answered(void *context, enum redis_link_status status, const redisReply *reply);
static void note_reply(struct pending *pending);
static int64_t time_left(const struct pending *pending);
static bool is_no_script(const redisReply *reply);
static enum take_status read_answer(struct pending *pending, enum redis_link_status status,
                                    const redisReply *reply, struct outcome *outcome);
static void pending_finish(struct pending *pending, struct outcome *outcome);
static void tell(const struct pending *pending, enum take_status status);
static void on_probe_due(void *context);
static void on_probed(void *context, const struct outcome *outcome);

static void store_redis_serve(struct store *store);
static bool store_redis_is_ready(const struct store *store);
static struct store_health store_redis_health(const struct store *store);
static void store_redis_free(struct store *store);

static const struct store_engine engine = {
    .take = store_redis_take,
    .forget = store_redis_forget,
    .serve = store_redis_serve,
    .is_ready = store_redis_is_ready,
    .health = store_redis_health,
    .free = store_redis_free,
};

static const enum metric call_metrics[] = {
    [TAKE_DONE] = METRIC_STORE_CALLS_DONE,     [TAKE_LATE] = METRIC_STORE_CALLS_LATE,
    [TAKE_DOWN] = METRIC_STORE_CALLS_DOWN,     [TAKE_REFUSED] = METRIC_STORE_CALLS_REFUSED,
    [TAKE_BROKEN] = METRIC_STORE_CALLS_BROKEN,
};

struct store *store_redis_new(struct event_base *base, const struct store_redis_options *options)
{
    struct store_redis *redis = MEMORY_NEW(struct store_redis);

    redis->store.engine = &engine;
    redis->timeout_us = options->timeout_us;
    call_window_init(&redis->window, options->timeout_us);
    redis->metrics = options->metrics;
    redis->answers =
        (struct take_answers){.metrics = options->metrics, .complaints = &redis->complaints};
    struct redis_link_options link_options = {.url = options->url};
    link_options.script_count = take_script_sources(&link_options.scripts);
    redis->link = redis_link_new(base, &link_options);
    trust_init(&redis->trust, base, redis->link, &redis->complaints, redis, on_probe_due);
    return &redis->store;
}

static enum store_answer store_redis_take(struct store *store, const struct take *take,
                                          struct outcome *outcome, void *context,
                                          store_done_fn *done)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);

    if (!trust_asks(&redis->trust) || is_behind(redis))
        return answer_down(redis, outcome);
    begin_take(redis, take, context, done);
    return STORE_LATER;
}

static enum store_answer store_redis_forget(struct store *store, const struct take *take,
                                            struct outcome *outcome, void *context,
                                            store_done_fn *done)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);
    const char *arguments[1 + TAKE_SCRIPT_KEYS_MAX] = {"UNLINK"};

    if (!trust_asks(&redis->trust))
        return answer_down(redis, outcome);

    struct pending *pending = pending_begin(redis);

    pending->context = context;
    pending->done = done;
    pending->asked.forgets = true;
    pending->asked.limit_count = take->limit_count;
    pending->integers = REDIS_LINK_AN_INTEGER;
    pending->may_send_again = false;
    size_t key_count = take_script_keys(take, pending->asked.arguments.keys);
    for (size_t i = 0; i < key_count; i++)
        arguments[1 + i] = pending->asked.arguments.keys[i];
    send_call(pending, 1 + (int)key_count, arguments, NULL, pending->redis->timeout_us);
    return STORE_LATER;
}

/* One more would be late, and so would all who come after it. */
static bool is_behind(struct store_redis *redis)
{
    const size_t out = redis_link_unanswered(redis->link);

    if (call_window_admits(&redis->window, out))
        return false;
    metrics_count(redis->metrics, METRIC_STORE_CALLS_SPARED);
    if (redis_complaints_allow(&redis->complaints, "behind", clock_monotonic_us()))
        log_write(LOG_WARN, "redis cannot keep up: some are decided without it",
                  LOG_INTEGER("unanswered", (int64_t)out));
    return true;
}

static enum store_answer answer_down(struct store_redis *redis, struct outcome *outcome)
{
    *outcome = (struct outcome){.status = TAKE_DOWN};
    metrics_count(redis->metrics, METRIC_STORE_CALLS_DOWN);
    return STORE_NOW;
}

static void begin_take(struct store_redis *redis, const struct take *take, void *context,
                       store_done_fn *done)
{
    struct pending *pending = pending_begin(redis);

    pending->context = context;
    pending->done = done;
    pending->asked.forgets = false;
    pending->asked.limit_count = take->limit_count;
    pending->integers = take_script_integers(take->limit_count);
    pending->may_send_again = true;
    pending->script = take_script_of(take);
    take_arguments_write(&pending->asked.arguments, take);
    send_script(pending, "EVALSHA", text_of(pending->script->sha1), redis->timeout_us);
}

static struct pending *pending_begin(struct store_redis *redis)
{
    struct pending *pending = redis->spare;

    if (pending == NULL)
        pending = MEMORY_NEW(struct pending);
    else
        redis->spare = pending->next;
    pending->redis = redis;
    pending->is_at_fault = false;
    pending->begun_us = clock_monotonic_us();
    return pending;
}

static void send_script(struct pending *pending, const char *command, struct text script,
                        int64_t timeout_us)
{
    struct take_arguments *arguments = &pending->asked.arguments;

    arguments->argv[0] = command;
    arguments->lengths[0] = strlen(command);
    arguments->argv[1] = script.at;
    arguments->lengths[1] = script.length;
    send_call(pending, arguments->count, arguments->argv, arguments->lengths, timeout_us);
}

static void send_call(struct pending *pending, int argc, const char *const argv[],
                      const size_t lengths[], int64_t timeout_us)
{
    const bool accepted = redis_link_call(pending->redis->link, argc, argv, lengths,
                                          pending->integers, timeout_us, pending, on_answered);

    /* The link is READY: whoever began the call looked, or it has just handed on a reply. */
    ASSERT(accepted);
}

static void on_answered(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct pending *pending = context;
    struct outcome outcome = {0};

    if (status == REDIS_LINK_REPLIED)
        note_reply(pending);
    /* Only this error says that nothing was charged and that asking again helps. What is sent again
     * has what is left of the time. */
    if (status == REDIS_LINK_REPLIED && pending->may_send_again && is_no_script(reply)) {
        pending->may_send_again = false;
        send_script(pending, "EVAL", take_script_source(pending->script), time_left(pending));
        return;
    }
    outcome.status = read_answer(pending, status, reply, &outcome);
    pending_finish(pending, &outcome);
}

/* A reply that is read after its time had come before: the worker was busy with something else. */
static void note_reply(struct pending *pending)
{
    struct store_redis *redis = pending->redis;

    trust_heard(&redis->trust);
    if (redis_link_heard_us(redis->link) > pending->begun_us + redis->timeout_us)
        metrics_count(redis->metrics, METRIC_STORE_REPLIES_KEPT_WAITING);
}

/* Negative when it is over. */
static int64_t time_left(const struct pending *pending)
{
    return pending->begun_us + pending->redis->timeout_us - clock_monotonic_us();
}

static bool is_no_script(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR &&
           text_starts_with((struct text){reply->str, reply->len}, TEXT("NOSCRIPT"));
}

/* Fills the rest of *outcome when the status is TAKE_DONE. */
static enum take_status read_answer(struct pending *pending, enum redis_link_status status,
                                    const redisReply *reply, struct outcome *outcome)
{
    const struct take_answers *answers = &pending->redis->answers;

    switch (status) {
    case REDIS_LINK_REPLIED:
        if (reply->type == REDIS_REPLY_ERROR)
            return take_answer_error(answers, &pending->asked, reply, &pending->is_at_fault);
        if (!take_answer_read(answers, &pending->asked, reply, outcome)) {
            redis_link_distrust(pending->redis->link, "the reply is no decision");
            return TAKE_BROKEN;
        }
        return TAKE_DONE;
    case REDIS_LINK_LATE:
        return TAKE_LATE;
    case REDIS_LINK_LOST:
        /* It may have been charged, unlike what is refused with TAKE_DOWN; but who closes the store
         * wants to hear only that it is over. */
        return pending->redis->is_closing ? TAKE_DOWN : TAKE_LATE;
    }
    ASSERT(!"a status of the link");
    return TAKE_BROKEN;
}

/* Gives the pending back before `done`, which may ask for the next one. */
static void pending_finish(struct pending *pending, struct outcome *outcome)
{
    struct store_redis *redis = pending->redis;
    store_done_fn *done = pending->done;
    void *context = pending->context;

    tell(pending, outcome->status);
    pending->next = redis->spare;
    redis->spare = pending;
    done(context, outcome);
}

static void tell(const struct pending *pending, enum take_status status)
{
    struct store_redis *redis = pending->redis;
    const int64_t now_us = clock_monotonic_us();

    metrics_count(redis->metrics, call_metrics[status]);
    metrics_observe(redis->metrics, METRIC_STORE_CALL_DURATION, now_us - pending->begun_us);
    call_window_took(&redis->window,
                     status == TAKE_LATE
                         ? now_us - pending->begun_us
                         : redis_link_took_at_least_us(redis->link, pending->begun_us, now_us),
                     now_us);
    if (!redis->is_closing)
        trust_judge(&redis->trust, pending->begun_us, status, pending->is_at_fault, now_us);
}

/* A call would wait for the probe before it, and find out the same. */
static void on_probe_due(void *context)
{
    struct store_redis *redis = context;
    const struct take take = probe_take(clock_monotonic_us());

    if (redis->is_probing || !redis_link_is_ready(redis->link))
        return;
    redis->is_probing = true;
    begin_take(redis, &take, redis, on_probed);
}

/* The breaker knows already. */
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
    };
}

static void store_redis_free(struct store *store)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);

    redis->is_closing = true;
    redis_link_free(redis->link);
    trust_close(&redis->trust);
    while (redis->spare != NULL) {
        struct pending *pending = redis->spare;
        redis->spare = pending->next;
        free(pending);
    }
    free(redis);
}
