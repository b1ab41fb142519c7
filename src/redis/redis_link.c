/* SPDX-License-Identifier: MIT
 *
 * There is one timer: in READY it is for the calls, else for the phase. It is not moved when a
 * reply comes in time, so under load it fires about once per timeout, and not once per call. */
#include "redis/redis_link.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "redis/redis_calls.h"
#include "redis/redis_connector.h"
#include "redis/redis_error.h"
#include "redis/redis_greeting.h"
#include "redis/redis_resolver.h"
#include "redis/redis_wire.h"
#include "redis_told.h"

#include <event2/event.h>
#include <sodium.h>

#define CONNECT_US     SECOND_US /* CONNECTING and PREPARING together */
#define STUCK_US       SECOND_US /* after a deadline, without a reply in time */
#define PING_AFTER_US  (30 * SECOND_US)
#define PING_US        SECOND_US
#define BACKOFF_MIN_US (50 * MILLISECOND_US)
#define BACKOFF_MAX_US SECOND_US
#define NO_TIMER       REDIS_CALLS_NEVER

enum phase { BACKING_OFF, CONNECTING, PREPARING, READY };

struct redis_link {
    struct redis_endpoint endpoint;
    struct redis_access access;
    char where[REDIS_ENDPOINT_BYTES];
    struct redis_told *told;
    const struct text *scripts;
    size_t script_count;
    struct redis_greeting greeting;

    enum phase phase;
    struct redis_connector *connector;
    struct redis_wire wire;
    int64_t connect_until_us; /* CONNECTING and PREPARING */
    size_t prepared; /* PREPARING: replies so far; first the greeting's, then the scripts' */
    int64_t backoff_us;

    struct event *timer;
    int64_t timer_at_us; /* NO_TIMER: not armed */

    struct redis_calls calls; /* empty except in READY */
    int64_t look_every_us;    /* how often to check whether the link is idle */
    int64_t look_at_us;       /* the next check, in READY */
    int64_t looked_us;        /* the last check */
    int64_t heard_us;         /* see redis_link_heard_us() */
    bool has_missed_load;     /* SCRIPT LOAD is refused, and the log says so */
    bool has_missed_ping;

    redis_link_settled_fn *settled;
    void *context;
};

static void on_timer(evutil_socket_t fd, short what, void *context);
static void link_connect(struct redis_link *link);
static void on_connected(void *context, int fd, const char *reason);
static void on_written(void *context);
static void on_replied(void *context, const redisReply *reply);
static void on_prepared(struct redis_link *link, const redisReply *reply);
static bool accept_prepared(struct redis_link *link, const redisReply *reply, struct error *error);
static void link_become_ready(struct redis_link *link);
static void on_answered(struct redis_link *link, const redisReply *reply);
static void expire_calls(struct redis_link *link);
static void look_whether_idle(struct redis_link *link, int64_t now_us);
static void on_pong(void *context, enum redis_link_status status, const redisReply *reply);
static void link_miss(struct redis_link *link, bool *has_missed, const char *command,
                      const char *reason);
static void on_lost(void *context, const char *reason);
static void link_lose(struct redis_link *link, const char *reason);
static void tell_settled(const struct redis_link *link);
static void arm_timer(struct redis_link *link, int64_t now_us, int64_t at_us);
static void disarm_timer(struct redis_link *link);

static const struct redis_wire_events wire_events = {on_written, on_replied, on_lost};

struct redis_link *redis_link_new(struct event_base *base, const struct redis_link_options *options)
{
    struct redis_link *link = MEMORY_NEW(struct redis_link);

    link->endpoint = options->endpoint;
    link->access = options->access;
    redis_endpoint_write(&link->endpoint, link->where);
    link->told = redis_told_open(&link->endpoint);
    link->scripts = options->scripts;
    link->script_count = options->script_count;
    link->settled = options->settled;
    link->context = options->context;
    link->phase = BACKING_OFF;
    link->connector = redis_connector_new(base, REDIS_RESOLVER_CONF, link, on_connected);
    redis_wire_init(&link->wire, base, &wire_events, link);
    link->backoff_us = BACKOFF_MIN_US;
    redis_calls_init(&link->calls);
    link->look_every_us =
        (options->ping_after_us == 0 ? PING_AFTER_US : options->ping_after_us) / 2;
    link->timer = event_new(base, -1, 0, on_timer, link);
    ASSERT(link->timer != NULL);
    link->timer_at_us = NO_TIMER;
    arm_timer(link, 0, 0);
    return link;
}

void redis_link_free(struct redis_link *link)
{
    if (link == NULL)
        return;
    redis_wire_close(&link->wire);
    link->phase = BACKING_OFF;
    redis_calls_lose(&link->calls);
    redis_calls_close(&link->calls);
    event_free(link->timer);
    redis_connector_free(link->connector);
    redis_told_close(link->told);
    free(link);
}

void redis_link_expect(struct redis_link *link, const char id[static REDIS_NODE_ID_BYTES])
{
    memcpy(link->access.node_id, id, sizeof(link->access.node_id));
}

bool redis_link_is_ready(const struct redis_link *link)
{
    return link->phase == READY;
}

const char *redis_link_where(const struct redis_link *link)
{
    return link->where;
}

size_t redis_link_in_flight(const struct redis_link *link)
{
    return link->calls.in_flight;
}

size_t redis_link_unanswered(const struct redis_link *link)
{
    return link->calls.unanswered_count;
}

bool redis_link_call(struct redis_link *link, int argc, const char *const argv[],
                     const size_t lengths[], size_t integers, int64_t timeout_us, void *context,
                     redis_link_done_fn *done)
{
    if (link->phase != READY)
        return false;
    redis_calls_add(&link->calls, integers, timeout_us, context, done);
    redis_wire_send(&link->wire, argc, argv, lengths);
    return true;
}

void redis_link_serve(struct redis_link *link)
{
    if (link->phase == READY)
        redis_wire_serve(&link->wire);
}

int64_t redis_link_took_at_least_us(const struct redis_link *link, int64_t sent_us)
{
    return sent_us < link->wire.looked_us ? link->wire.looked_us - sent_us : 0;
}

int64_t redis_link_heard_us(const struct redis_link *link)
{
    return link->heard_us;
}

void redis_link_distrust(struct redis_link *link, const char *reason)
{
    if (link->phase == READY)
        link_lose(link, reason);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct redis_link *link = context;

    (void)fd;
    (void)what;
    link->timer_at_us = NO_TIMER;
    switch (link->phase) {
    case BACKING_OFF:
        link_connect(link);
        break;
    case CONNECTING: /* the connector ends it */
        break;
    case PREPARING:
        link_lose(link, redis_wire_is_beginning(&link->wire)
                            ? "connected, but no TLS handshake within 1 s"
                            : "connected, but no answer within 1 s");
        break;
    case READY:
        expire_calls(link);
        break;
    }
}

static void link_connect(struct redis_link *link)
{
    link->phase = CONNECTING;
    link->connect_until_us = clock_monotonic_us() + CONNECT_US;
    redis_connector_begin(link->connector, &link->endpoint, link->connect_until_us);
}

static void on_connected(void *context, int fd, const char *reason)
{
    struct redis_link *link = context;
    struct error error = {0};

    if (fd < 0) {
        link_lose(link, reason);
        return;
    }
    if (!redis_wire_open_give(&link->wire, fd, link->access.tls, link->endpoint.host, &error)) {
        link_lose(link, error.message);
        return;
    }
    arm_timer(link, clock_monotonic_us(), link->connect_until_us);
    link->phase = PREPARING;
    link->prepared = 0;
    redis_greeting_init(&link->greeting, &link->access);
    for (size_t i = 0; i < link->greeting.count; i++)
        redis_wire_send(&link->wire, link->greeting.commands[i].argc,
                        link->greeting.commands[i].argv, NULL);
    for (size_t i = 0; i < link->script_count; i++) {
        const char *argv[] = {"SCRIPT", "LOAD", link->scripts[i].at};
        const size_t lengths[] = {strlen("SCRIPT"), strlen("LOAD"), link->scripts[i].length};
        redis_wire_send(&link->wire, ARRAY_COUNT(argv), argv, lengths);
    }
    if (link->greeting.count + link->script_count == 0)
        link_become_ready(link);
}

static void on_replied(void *context, const redisReply *reply)
{
    struct redis_link *link = context;

    if (link->phase == PREPARING)
        on_prepared(link, reply);
    else
        on_answered(link, reply);
}

static void on_prepared(struct redis_link *link, const redisReply *reply)
{
    struct error error = {0};

    if (!accept_prepared(link, reply, &error)) {
        link_lose(link, error.message);
        return;
    }
    link->prepared++;
    if (link->prepared == link->greeting.count + link->script_count)
        link_become_ready(link);
}

static bool accept_prepared(struct redis_link *link, const redisReply *reply, struct error *error)
{
    if (link->prepared < link->greeting.count)
        return redis_greeting_accept(&link->greeting.commands[link->prepared], reply, error);
    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS)
        return true;
    if (reply->type != REDIS_REPLY_ERROR)
        return error_set(error, REDIS_GREETING_NO_REDIS);
    if (!redis_error_is_of_command(reply->str, "SCRIPT"))
        return error_set(error, "redis refused SCRIPT LOAD: %s", reply->str);
    link_miss(link, &link->has_missed_load, "SCRIPT LOAD", reply->str);
    return true;
}

static void link_become_ready(struct redis_link *link)
{
    const int64_t now_us = clock_monotonic_us();

    link->phase = READY;
    link->backoff_us = BACKOFF_MIN_US;
    link->heard_us = now_us;
    link->looked_us = now_us;
    redis_connector_trust(link->connector);
    link->look_at_us = now_us + link->look_every_us;
    arm_timer(link, now_us, link->look_at_us);
    if (redis_told_ready(link->told))
        log_write(LOG_INFO, "redis ready", LOG_STRING("redis", link->where));
    tell_settled(link);
}

static void on_written(void *context)
{
    struct redis_link *link = context;
    const int64_t now_us = clock_monotonic_us();

    redis_calls_written(&link->calls, now_us);
    if (link->phase == READY && redis_calls_deadline_us(&link->calls) < link->timer_at_us)
        arm_timer(link, now_us, redis_calls_deadline_us(&link->calls));
}

static void on_answered(struct redis_link *link, const redisReply *reply)
{
    link->heard_us = clock_monotonic_us();
    if (redis_calls_answer(&link->calls, reply)) {
        tell_settled(link);
        return;
    }
    /* "-ERR max number of clients reached", or a server that is no Redis. */
    link_lose(link, reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer nobody asked for");
}

static void expire_calls(struct redis_link *link)
{
    const int64_t now_us = clock_monotonic_us(); /* before the replies that have come are read */

    redis_wire_serve(&link->wire);
    if (link->phase != READY)
        return;
    redis_calls_expire(&link->calls, now_us);
    tell_settled(link);
    if (link->phase != READY)
        return;
    const int64_t late_us = redis_calls_late_us(&link->calls);
    const int64_t stuck_us = late_us == REDIS_CALLS_NEVER ? REDIS_CALLS_NEVER : late_us + STUCK_US;
    if (stuck_us <= now_us) {
        link_lose(link, "no answer in time for 1 s");
        return;
    }
    if (link->look_at_us <= now_us)
        look_whether_idle(link, now_us);
    const int64_t deadline_us = redis_calls_deadline_us(&link->calls);
    const int64_t next_us = deadline_us < stuck_us ? deadline_us : stuck_us;
    arm_timer(link, now_us, next_us < link->look_at_us ? next_us : link->look_at_us);
}

/* Runs twice in the time after which a PING is due. */
static void look_whether_idle(struct redis_link *link, int64_t now_us)
{
    static const char *const ping[] = {"PING"};

    link->look_at_us = now_us + link->look_every_us;
    if (link->heard_us < link->looked_us) {
        redis_calls_add(&link->calls, REDIS_LINK_ANYTHING, PING_US, link, on_pong);
        redis_wire_send(&link->wire, ARRAY_COUNT(ping), ping, NULL);
    }
    link->looked_us = now_us;
}

/* Any answer is good. Without an answer the link is stuck. */
static void on_pong(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct redis_link *link = context;

    if (status == REDIS_LINK_REPLIED && reply->type == REDIS_REPLY_ERROR)
        link_miss(link, &link->has_missed_ping, "PING", reply->str);
}

/* Logs each command once, because the operator who forbade it knows. */
static void link_miss(struct redis_link *link, bool *has_missed, const char *command,
                      const char *reason)
{
    if (*has_missed)
        return;
    *has_missed = true;
    log_write(LOG_WARN, "redis refuses a command that is not necessary",
              LOG_STRING("redis", link->where), LOG_STRING("command", command),
              LOG_STRING("reason", reason));
}

static void on_lost(void *context, const char *reason)
{
    link_lose(context, reason);
}

/* The only way out of every phase: closes, and tries again after a wait. */
static void link_lose(struct redis_link *link, const char *reason)
{
    const int64_t now_us = clock_monotonic_us();
    const int64_t wait_us = (int64_t)randombytes_uniform((uint32_t)link->backoff_us);

    if (redis_told_trouble(link->told, reason, now_us)) {
        log_write(LOG_WARN, link->phase == READY ? "redis lost" : "redis not reachable",
                  LOG_STRING("redis", link->where), LOG_STRING("reason", reason),
                  LOG_INTEGER("retry_ms", wait_us / MILLISECOND_US));
    }
    link->phase = BACKING_OFF;
    link->backoff_us =
        link->backoff_us * 2 < BACKOFF_MAX_US ? link->backoff_us * 2 : BACKOFF_MAX_US;
    redis_connector_cancel(link->connector);
    redis_wire_close(&link->wire);
    disarm_timer(link);
    arm_timer(link, now_us, now_us + wait_us);
    redis_calls_lose(&link->calls);
    tell_settled(link);
}

static void tell_settled(const struct redis_link *link)
{
    if (link->settled != NULL)
        link->settled(link->context);
}

static void arm_timer(struct redis_link *link, int64_t now_us, int64_t at_us)
{
    const int64_t wait_us = at_us > now_us ? at_us - now_us : 0;
    const struct timeval wait = duration_timeval(wait_us);

    link->timer_at_us = at_us;
    event_add(link->timer, &wait);
}

static void disarm_timer(struct redis_link *link)
{
    event_del(link->timer);
    link->timer_at_us = NO_TIMER;
}
