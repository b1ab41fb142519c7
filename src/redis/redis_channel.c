/* SPDX-License-Identifier: MIT */
#include "redis_channel.h"

#include "base/clock.h"
#include "redis/redis_dialer.h"
#include "redis/redis_tls.h"

#include <errno.h>
#include <poll.h>

#define READS_MAX 30 /* timeouts that a reply may take beyond its first */
/* The longest replies are an hour of an app's usage, with one or two values per minute and
 * instance, and an app's 1,000 policies. CLUSTER SLOTS has the most values: 18 for each slot, if
 * all are ranges of their own, and their master has two replicas. */
#define REPLY_VALUES_MAX ((size_t)320 * 1024)
#define REPLY_BYTES_MAX  ((size_t)64 * 1024 * 1024)

static bool write_all(struct redis_channel *channel);
static bool get_reply(struct redis_channel *channel, void **reply);
static bool get_message(struct redis_channel *channel, void **message);
static bool has_come(const redisContext *context);
static bool read_more(struct redis_channel *channel, void **reply);
static int64_t wait_end_us(const struct redis_channel *channel);
static bool wait_until(struct redis_channel *channel, int64_t by_us);
static bool is_late(struct redis_channel *channel);
static bool blame_time(struct redis_channel *channel);
static bool lose(struct redis_channel *channel, struct error *error);

void redis_channel_init(struct redis_channel *channel, int timeout_ms)
{
    *channel = (struct redis_channel){.timeout_ms = timeout_ms, .end_us = REDIS_CHANNEL_FOREVER};
}

bool redis_channel_open(struct redis_channel *channel, struct redis_dialer *dialer,
                        const struct redis_endpoint *endpoint, struct redis_tls *tls,
                        struct error *error)
{
    const struct timeval timeout = duration_timeval(channel->timeout_ms * MILLISECOND_US);
    struct error cause = {0};
    char where[REDIS_ENDPOINT_BYTES];

    channel->loss = REDIS_CHANNEL_SILENT;
    redis_endpoint_write(endpoint, where);
    const int fd = redis_dialer_dial(dialer, endpoint, channel->timeout_ms, &cause);
    if (fd < 0)
        return error_set(error, "cannot connect to redis at %s: %s", where, cause.message);
    channel->context = redisConnectFd(fd);
    ASSERT(channel->context != NULL && channel->context->err == 0);
    if (redisSetTimeout(channel->context, timeout) != REDIS_OK) {
        redis_channel_close(channel);
        return error_set(error, "cannot connect to redis at %s: no timeout on the socket", where);
    }
    if (tls != NULL && !redis_tls_begin(tls, channel->context, endpoint->host, &cause)) {
        redis_channel_close(channel);
        return error_set(error, "redis: %s", cause.message);
    }
    channel->bounds =
        (struct redis_bounds){.values_max = REPLY_VALUES_MAX, .bytes_max = REPLY_BYTES_MAX};
    redis_bounds_hold(&channel->bounds, channel->context->reader);
    return true;
}

bool redis_channel_write(struct redis_channel *channel, struct error *error)
{
    errno = 0;
    return write_all(channel) || lose(channel, error);
}

bool redis_channel_read(struct redis_channel *channel, redisReply **reply, struct error *error)
{
    void *read = NULL;

    errno = 0;
    if (!get_reply(channel, &read))
        return lose(channel, error);
    *reply = read;
    return true;
}

bool redis_channel_hear(struct redis_channel *channel, redisReply **reply, struct error *error)
{
    void *read = NULL;

    errno = 0;
    if (!get_message(channel, &read))
        return lose(channel, error);
    *reply = read;
    return true;
}

void redis_channel_close(struct redis_channel *channel)
{
    if (channel->context != NULL)
        redisFree(channel->context);
    channel->context = NULL;
}

/* With TLS, the handshake is part of the first. */
static bool write_all(struct redis_channel *channel)
{
    const int64_t by_us = wait_end_us(channel);
    int is_sent = 0;

    while (!is_sent) {
        redis_tls_prepare(channel->context);
        if (is_late(channel) || redisBufferWrite(channel->context, &is_sent) != REDIS_OK)
            return false;
        if (!is_sent && !wait_until(channel, by_us))
            return false;
    }
    return true;
}

/* Like redisGetReply(), but bounded. */
static bool get_reply(struct redis_channel *channel, void **reply)
{
    redisContext *context = channel->context;

    if (redisGetReplyFromReader(context, reply) != REDIS_OK)
        return false;
    if (*reply == NULL && !write_all(channel))
        return false;
    const int64_t by_us = wait_end_us(channel);
    while (*reply == NULL) {
        if (!read_more(channel, reply) || (*reply == NULL && !wait_until(channel, by_us)))
            return false;
    }
    return true;
}

/* NULL when there is no whole one. An earlier read may have brought it. */
static bool get_message(struct redis_channel *channel, void **message)
{
    redisContext *context = channel->context;

    if (redisGetReplyFromReader(context, message) != REDIS_OK)
        return false;
    while (*message == NULL && has_come(context)) {
        if (!read_more(channel, message))
            return false;
    }
    return true;
}

/* Anything, or the end. */
static bool has_come(const redisContext *context)
{
    struct pollfd socket = {.fd = context->fd, .events = POLLIN};

    return redis_tls_has_more(context) || poll(&socket, 1, 0) > 0;
}

/* One read. *reply stays NULL unless it has brought the rest of one. */
static bool read_more(struct redis_channel *channel, void **reply)
{
    redisContext *context = channel->context;

    if (redis_bounds_are_passed(&channel->bounds, context->reader)) {
        context->err = REDIS_ERR_OOM; /* as hiredis would call it */
        return false;
    }
    redis_tls_prepare(context);
    return !is_late(channel) && redisBufferRead(context) == REDIS_OK &&
           redisGetReplyFromReader(context, reply) == REDIS_OK;
}

static int64_t wait_end_us(const struct redis_channel *channel)
{
    const int64_t by_us = clock_monotonic_us() + channel->timeout_ms * MILLISECOND_US;

    return by_us < channel->end_us ? by_us : channel->end_us;
}

/* A socket without TLS blocks, and each read has its timeout. A long reply may need some of them,
 * but one that comes byte by byte must end, too. */
static bool wait_until(struct redis_channel *channel, int64_t by_us)
{
    const bool blocks = channel->context->privdata == NULL;
    const int64_t more_us = blocks ? READS_MAX * channel->timeout_ms * MILLISECOND_US : 0;

    return (clock_monotonic_us() < by_us + more_us && redis_tls_wait(channel->context, by_us)) ||
           blame_time(channel);
}

/* Each read has its timeout. Many replies that come slowly have one, too. */
static bool is_late(struct redis_channel *channel)
{
    return clock_monotonic_us() >= channel->end_us && !blame_time(channel);
}

/* As hiredis would do it. Always false. */
static bool blame_time(struct redis_channel *channel)
{
    channel->context->err = REDIS_ERR_IO;
    errno = EAGAIN;
    return false;
}

/* Says why, and closes the connection. Always false. */
static bool lose(struct redis_channel *channel, struct error *error)
{
    redisContext *context = channel->context;

    channel->loss = context->err == REDIS_ERR_OOM ? REDIS_CHANNEL_BEYOND : REDIS_CHANNEL_BROKEN;
    if (context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        channel->loss = REDIS_CHANNEL_SILENT;
        error_set(error, "redis: no %s within %d ms",
                  redis_tls_is_beginning(context) ? "TLS handshake" : "answer",
                  channel->timeout_ms);
    } else {
        redis_tls_explain(context);
        error_set(error, "redis: %s", redis_bounds_explain(context));
    }
    redis_channel_close(channel);
    return false;
}
