/* SPDX-License-Identifier: MIT
 *
 * A connection is the pair of a hiredis context and its events. hiredis alone decides when both
 * end. Its `cleanup` hook runs exactly once, and there they leave the wire. A wire that was closed
 * before gets no more events. */
#include "redis/redis_wire.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "base/text.h"
#include "redis/redis_bounds.h"
#include "redis/redis_command.h"
#include "redis/redis_tls.h"

#include <event2/event.h>
#include <hiredis/async.h>

/* The scripts answer a few dozen integers. */
#define REPLY_VALUES_MAX 1024
#define REPLY_BYTES_MAX  ((size_t)8 * 1024 * 1024)

struct redis_connection {
    struct redis_wire *wire; /* NULL: closed */
    redisAsyncContext *async;
    struct event *readable;
    struct event *writable; /* when the socket takes no more */
    struct event *flush;    /* active: commands of this turn have to be written */
    bool is_writing;
    struct redis_command command;
    struct redis_bounds bounds;
    const char *reason; /* why we end it; NULL: hiredis knows the reason */
};

/* A connection's life. */
static redisAsyncContext *context_new(int fd);
static void attach(struct redis_connection *connection, struct event_base *base);
static void on_readable(evutil_socket_t fd, short what, void *context);
static void read_more(struct redis_connection *connection);
static bool begins_unasked(const redisAsyncContext *async);
static void on_reply(redisAsyncContext *async, void *reply, void *context);
static void on_writable(evutil_socket_t fd, short what, void *context);
static bool waits_to_write(const struct redis_connection *connection);
static void end(struct redis_connection *connection, const char *reason);

/* The hooks with which hiredis says what it waits for. */
static void add_read(void *context);
static void delete_read(void *context);
static void add_write(void *context);
static void delete_write(void *context);
static void cleanup(void *context);

void redis_wire_init(struct redis_wire *wire, struct event_base *base,
                     const struct redis_wire_events *events, void *context)
{
    *wire = (struct redis_wire){.base = base, .events = events, .context = context};
}

bool redis_wire_open_give(struct redis_wire *wire, int fd, struct redis_tls *tls, const char *host,
                          struct error *error)
{
    redisAsyncContext *async = context_new(fd);

    ASSERT(wire->connection == NULL);
    if (tls != NULL && !redis_tls_begin(tls, &async->c, host, error)) {
        redisAsyncFree(async);
        return false;
    }
    struct redis_connection *connection = MEMORY_NEW(struct redis_connection);
    connection->wire = wire;
    connection->async = async;
    wire->connection = connection;
    attach(connection, wire->base);
    return true;
}

bool redis_wire_is_beginning(const struct redis_wire *wire)
{
    return wire->connection != NULL && redis_tls_is_beginning(&wire->connection->async->c);
}

/* A command that hiredis refuses, because it is about to end the connection, is lost with it. */
void redis_wire_send(struct redis_wire *wire, int argc, const char *const argv[],
                     const size_t lengths[])
{
    struct redis_connection *connection = wire->connection;

    ASSERT(connection != NULL);
    const struct text command = redis_command_write(&connection->command, argc, argv, lengths);
    (void)redisAsyncFormattedCommand(connection->async, on_reply, NULL, command.at, command.length);
}

/* One read takes a bounded amount. While a read brings a reply there may be another. A reply may
 * lead to the next command, so writing comes last. */
void redis_wire_serve(struct redis_wire *wire)
{
    struct redis_connection *connection = wire->connection;
    uint64_t before;

    do {
        if (wire->connection == NULL || wire->connection != connection)
            return;
        before = wire->replies;
        on_readable(-1, EV_READ, connection);
    } while (wire->replies != before);
    if (wire->connection == connection && waits_to_write(connection)) {
        event_del(connection->flush);
        on_writable(-1, EV_WRITE, connection);
    }
}

/* Inside a callback hiredis only notes that it must free. */
void redis_wire_close(struct redis_wire *wire)
{
    struct redis_connection *connection = wire->connection;

    if (connection == NULL)
        return;
    connection->wire = NULL;
    wire->connection = NULL;
    redisAsyncFree(connection->async);
}

/* hiredis would connect again to find out whether it is connected, and it has no address for
 * that. */
static redisAsyncContext *context_new(int fd)
{
    const redisOptions options = {.type = REDIS_CONN_USERFD, .endpoint.fd = fd};
    redisAsyncContext *async = redisAsyncConnectWithOptions(&options);

    ASSERT(async != NULL && async->err == 0);
    async->c.flags |= REDIS_CONNECTED;
    return async;
}

static void attach(struct redis_connection *connection, struct event_base *base)
{
    redisAsyncContext *async = connection->async;

    connection->readable =
        event_new(base, async->c.fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->writable = event_new(base, async->c.fd, EV_WRITE, on_writable, connection);
    connection->flush = event_new(base, -1, 0, on_writable, connection);
    ASSERT(connection->readable != NULL && connection->writable != NULL &&
           connection->flush != NULL);
    connection->bounds = (struct redis_bounds){
        .values_max = REPLY_VALUES_MAX, .bytes_max = REPLY_BYTES_MAX, .next = &async->replies.head};
    redis_bounds_hold(&connection->bounds, async->c.reader);
    async->data = connection;
    async->ev.data = connection;
    async->ev.addRead = add_read;
    async->ev.delRead = delete_read;
    async->ev.addWrite = add_write;
    async->ev.delWrite = delete_write;
    async->ev.cleanup = cleanup;
    event_add(connection->readable, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct redis_connection *connection = context;
    struct redis_wire *wire = connection->wire;

    (void)fd;
    (void)what;
    read_more(connection);
    if (wire != NULL)
        wire->looked_us = clock_monotonic_us();
}

static void read_more(struct redis_connection *connection)
{
    const struct redis_wire *wire = connection->wire;
    redisAsyncContext *async = connection->async;

    if (redis_bounds_are_passed(&connection->bounds, async->c.reader)) {
        end(connection, REDIS_BOUNDS_PASSED);
        return;
    }
    redis_tls_prepare(&async->c);
    redisAsyncHandleRead(async);
    if (wire == NULL || wire->connection != connection)
        return;
    if (begins_unasked(async))
        end(connection, REDIS_BOUNDS_UNASKED);
    else if (redis_tls_has_more(&async->c))
        event_active(connection->readable, EV_READ, 0);
    else if (redis_tls_is_full(&async->c))
        event_add(connection->writable, NULL);
}

/* The rest could come when somebody waits, and would be taken for that answer. An error is told
 * once it is whole. The type is -1 until the first byte has come. */
static bool begins_unasked(const redisAsyncContext *async)
{
    const redisReader *reader = async->c.reader;

    return async->replies.head == NULL && reader->ridx >= 0 && reader->task[0]->type >= 0 &&
           reader->task[0]->type != REDIS_REPLY_ERROR;
}

static void on_reply(redisAsyncContext *async, void *reply, void *context)
{
    struct redis_connection *connection = async->data;
    const redisReader *reader = async->c.reader;

    (void)context;
    if (reply == NULL) /* the connection ends, and `connection` may be gone already */
        return;
    if (connection->wire != NULL) {
        connection->wire->replies++;
        connection->wire->events->replied(connection->wire->context, reply);
    }
    if (connection->wire != NULL && async->replies.head == NULL && reader->pos < reader->len)
        end(connection, REDIS_BOUNDS_UNASKED);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct redis_connection *connection = context;
    const struct redis_wire *wire = connection->wire;

    (void)fd;
    (void)what;
    wire->events->written(wire->context);
    if (wire->connection != connection)
        return;
    connection->is_writing = true;
    redis_tls_prepare(&connection->async->c);
    redisAsyncHandleWrite(connection->async);
    if (wire->connection != connection)
        return;
    if (redis_tls_has_left(&connection->async->c))
        event_add(connection->writable, NULL);
    else if (redis_tls_is_full(&connection->async->c)) /* it was a read that has to write */
        on_readable(-1, EV_READ, connection);
}

static bool waits_to_write(const struct redis_connection *connection)
{
    return event_pending(connection->flush, EV_TIMEOUT, NULL) ||
           event_pending(connection->writable, EV_WRITE, NULL);
}

static void end(struct redis_connection *connection, const char *reason)
{
    connection->reason = reason;
    redisAsyncFree(connection->async);
}

static void add_read(void *context)
{
    struct redis_connection *connection = context;

    if (!event_pending(connection->readable, EV_READ, NULL))
        event_add(connection->readable, NULL);
}

static void delete_read(void *context)
{
    event_del(((struct redis_connection *)context)->readable);
}

/* Called for each command, and after a write that left something. A socket mostly accepts all, so
 * the first write of a turn does not wait until the socket is writable. */
static void add_write(void *context)
{
    struct redis_connection *connection = context;
    bool is_full = connection->is_writing;

    connection->is_writing = false;
    if (is_full)
        event_add(connection->writable, NULL);
    else
        event_active(connection->flush, EV_TIMEOUT, 0);
}

static void delete_write(void *context)
{
    struct redis_connection *connection = context;

    connection->is_writing = false;
    event_del(connection->writable);
}

static void cleanup(void *context)
{
    struct redis_connection *connection = context;
    redisAsyncContext *async = connection->async;
    struct redis_wire *wire = connection->wire;
    const char *reason = connection->reason;

    redis_tls_explain(&async->c);
    if (reason == NULL)
        reason = async->c.err != 0 ? redis_bounds_explain(&async->c) : "closed";
    async->ev.cleanup = NULL;
    event_free(connection->readable);
    event_free(connection->writable);
    event_free(connection->flush);
    redis_command_close(&connection->command);
    free(connection);
    if (wire == NULL)
        return;
    wire->connection = NULL;
    wire->events->lost(wire->context, reason);
}
