/* SPDX-License-Identifier: MIT */
#include "redis_channel.h"

#include "base/clock.h"
#include "redis/redis_dialer.h"
#include "redis/redis_tls.h"

#include <errno.h>
#include <poll.h>

#define READS_MAX  31   /* timeouts that a long reply may take */
#define PART_BYTES 4096 /* what each of them must bring at least */

/* The longest replies are an hour of an app's usage, with one or two values per minute and
 * instance, and an app's 1,000 policies. CLUSTER SLOTS has the most values: 18 for each slot, if
 * all are ranges of their own, and their master has two replicas. */
#define REPLY_VALUES_MAX ((size_t)320 * 1024)
#define REPLY_BYTES_MAX  ((size_t)64 * 1024 * 1024)

static int dial(struct redis_channel *channel, struct redis_dialer *dialer,
                const struct redis_endpoint *endpoint, struct error *error);
static bool has_unread(const redisContext *context);
static bool write_all(struct redis_channel *channel);
static bool get_reply(struct redis_channel *channel, void **reply);
static bool get_message(struct redis_channel *channel, void **message);
static bool has_come(const redisContext *context);
static uint64_t received(const struct redis_channel *channel);
static bool read_more(struct redis_channel *channel, void **reply);
static int64_t wait_end_us(const struct redis_channel *channel);
static bool wait_until(struct redis_channel *channel, int64_t by_us, short events);
static bool is_after(struct redis_channel *channel, int64_t end_us);
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
    struct error cause = {0};
    char where[REDIS_ENDPOINT_BYTES];

    channel->loss = REDIS_CHANNEL_SILENT;
    redis_endpoint_write(endpoint, where);
    const int fd = dial(channel, dialer, endpoint, &cause);
    if (fd < 0)
        return error_set(error, "cannot connect to redis at %s: %s", where, cause.message);
    channel->context = redisConnectFd(fd);
    ASSERT(channel->context != NULL && channel->context->err == 0);
    channel->context->flags &= ~REDIS_BLOCK;
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

/* With TLS something may come that is no part of a reply. */
void redis_channel_close_if_stale(struct redis_channel *channel)
{
    redisContext *context = channel->context;

    if (context == NULL)
        return;
    redis_tls_prepare(context);
    if (has_unread(context) ||
        (has_come(context) && (redisBufferRead(context) != REDIS_OK || has_unread(context))))
        redis_channel_close(channel);
}

void redis_channel_close(struct redis_channel *channel)
{
    if (channel->context != NULL)
        redisFree(channel->context);
    channel->context = NULL;
}

static int dial(struct redis_channel *channel, struct redis_dialer *dialer,
                const struct redis_endpoint *endpoint, struct error *error)
{
    const int64_t left_us = wait_end_us(channel) - clock_monotonic_us();

    if (left_us > 0)
        return redis_dialer_dial(dialer, endpoint, duration_poll_ms(left_us), error);
    (void)error_set(error, "no time is left");
    return -1;
}

static bool has_unread(const redisContext *context)
{
    return context->reader->len > context->reader->pos;
}

/* With TLS, the handshake is part of the first. */
static bool write_all(struct redis_channel *channel)
{
    const int64_t by_us = wait_end_us(channel);
    int is_sent = 0;

    for (;;) {
        redis_tls_prepare(channel->context);
        if (redisBufferWrite(channel->context, &is_sent) != REDIS_OK)
            return false;
        if (is_sent)
            return true;
        if (!wait_until(channel, by_us, POLLOUT))
            return false;
    }
}

/* Like redisGetReply(), but bounded. Waits only when the last read has brought nothing. */
static bool get_reply(struct redis_channel *channel, void **reply)
{
    if (redisGetReplyFromReader(channel->context, reply) != REDIS_OK)
        return false;
    if (*reply == NULL && !write_all(channel))
        return false;
    const int64_t end_us = clock_monotonic_us() + READS_MAX * channel->timeout_ms * MILLISECOND_US;
    int64_t part_end_us = wait_end_us(channel);
    uint64_t part_end = received(channel) + 1;
    bool has_read = false;

    while (*reply == NULL) {
        const uint64_t read = channel->received;

        if (is_after(channel, end_us) || (!has_read && !wait_until(channel, part_end_us, POLLIN)) ||
            !read_more(channel, reply))
            return false;
        has_read = channel->received > read;
        if (received(channel) >= part_end) {
            part_end_us = wait_end_us(channel);
            part_end = received(channel) + PART_BYTES;
        }
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

/* By the network. */
static uint64_t received(const struct redis_channel *channel)
{
    const uint64_t encrypted = redis_tls_received(channel->context);

    return encrypted > 0 ? encrypted : channel->received;
}

/* One read. *reply stays NULL unless it has brought the rest of one. */
static bool read_more(struct redis_channel *channel, void **reply)
{
    redisContext *context = channel->context;

    if (redis_bounds_are_passed(&channel->bounds, context->reader)) {
        context->err = REDIS_ERR_OOM; /* as hiredis would call it */
        return false;
    }
    const size_t length = context->reader->len;

    redis_tls_prepare(context);
    if (redisBufferRead(context) != REDIS_OK)
        return false;
    channel->received += context->reader->len - length;
    return redisGetReplyFromReader(context, reply) == REDIS_OK;
}

static int64_t wait_end_us(const struct redis_channel *channel)
{
    const int64_t by_us = clock_monotonic_us() + channel->timeout_ms * MILLISECOND_US;

    return by_us < channel->end_us ? by_us : channel->end_us;
}

/* TLS may need something else of the socket. What has come is also seen when the time is up. */
static bool wait_until(struct redis_channel *channel, int64_t by_us, short events)
{
    const short needed = redis_tls_events(channel->context);
    int ready = 1;

    if (redis_tls_has_more(channel->context))
        return true;
    do {
        struct pollfd socket = {.fd = channel->context->fd,
                                .events = needed == 0 ? events : needed};

        ready = poll(&socket, 1, duration_poll_ms(by_us - clock_monotonic_us()));
    } while (ready < 0 && errno == EINTR);
    return ready != 0 || blame_time(channel);
}

/* Whoever always has something to say does not go on for ever after the end of waiting. */
static bool is_after(struct redis_channel *channel, int64_t end_us)
{
    const int64_t now_us = clock_monotonic_us();

    return (now_us >= end_us || now_us - channel->timeout_ms * MILLISECOND_US >= channel->end_us) &&
           !blame_time(channel);
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
