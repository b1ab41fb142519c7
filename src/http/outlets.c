/* SPDX-License-Identifier: MIT */
#include "outlets.h"

#include "base/memory.h"
#include "http/stream.h"

#include "clients.h"
#include "peer.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

struct outlet {
    LIST_ENTRY(outlet) next;
    struct outlets *outlets;
    struct request *request;
    struct client *client;
    struct MHD_Connection *connection;
    struct event *readable; /* the client's socket */
    struct answer unread;
    size_t weight; /* what `unread` was told */
    bool is_suspended;
};

static void notice_silence(int fd, unsigned idle_timeout_s);
static ssize_t fail(char *to);
static ssize_t finish(struct outlet *outlet);
static void suspend(struct outlet *outlet);
static void resume(struct outlet *outlet);
static void weigh(struct outlet *outlet);
static void on_readable(evutil_socket_t fd, short events, void *context);

void outlets_init(struct outlets *outlets, struct event_base *base, struct answers *answers,
                  bool *has_work, unsigned idle_timeout_s)
{
    *outlets = (struct outlets){
        .base = base, .answers = answers, .has_work = has_work, .idle_timeout_s = idle_timeout_s};
    LIST_INIT(&outlets->all);
}

void outlets_end(struct outlets *outlets)
{
    struct outlet *outlet;

    LIST_FOREACH (outlet, &outlets->all, next)
        request_stream_end(outlet->request);
}

void outlets_give_up(struct outlets *outlets)
{
    struct outlet *outlet;

    LIST_FOREACH (outlet, &outlets->all, next)
        resume(outlet);
}

/* Edge-triggered, like a waiting room's: what a pipelining client sends stays unread in the
 * socket. */
struct outlet *outlet_new(struct outlets *outlets, struct request *request, struct client *client,
                          struct MHD_Connection *connection)
{
    struct outlet *outlet = MEMORY_NEW(struct outlet);

    outlet->outlets = outlets;
    outlet->request = request;
    outlet->client = client;
    outlet->connection = connection;
    outlet->readable =
        event_new(outlets->base, client->fd, EV_READ | EV_ET | EV_PERSIST, on_readable, outlet);
    ASSERT(outlet->readable);
    event_add(outlet->readable, NULL);
    notice_silence(client->fd, outlets->idle_timeout_s);
    LIST_INSERT_HEAD(&outlets->all, outlet, next);
    weigh(outlet);
    return outlet;
}

void outlet_free(struct outlet *outlet)
{
    if (!outlet)
        return;
    ASSERT(!outlet->is_suspended);
    LIST_REMOVE(outlet, next);
    answers_remove(outlet->outlets->answers, &outlet->unread);
    event_free(outlet->readable);
    free(outlet);
}

void outlet_wake(struct outlet *outlet)
{
    weigh(outlet);
    resume(outlet);
}

ssize_t outlet_read(void *context, uint64_t position, char *to, size_t bytes_max)
{
    struct outlet *outlet = context;
    size_t bytes;

    (void)position;
    if (outlet->client->is_over)
        return fail(to);
    bytes = stream_read(outlet->request->response.stream, to, bytes_max);
    weigh(outlet);
    if (bytes > 0)
        client_set_state(outlet->client, CLIENT_FOLLOWING);
    else if (outlet->request->phase == REQUEST_ANSWERED)
        return finish(outlet);
    else
        suspend(outlet);
    return (ssize_t)bytes;
}

/* A client without a network says nothing when it goes. So the kernel resets a TCP connection if
 * what was sent to it is not acknowledged. It waits for longer than libmicrohttpd, so that a client
 * that does not read is told from that. */
static void notice_silence(int fd, unsigned idle_timeout_s)
{
    const unsigned limit_ms = 2 * idle_timeout_s * 1000;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
}

/* The socket is shut down. If a byte cannot be sent, libmicrohttpd frees the connection at once. If
 * its reader fails, it does so only when it comes to look at the connection's time-out. */
static ssize_t fail(char *to)
{
    *to = '\n';
    return 1;
}

/* In HTTP/1.0 a connection ends here, and libmicrohttpd frees it when it comes to look at its
 * time-out. It looks in every run at those that have a time-out of their own. */
static ssize_t finish(struct outlet *outlet)
{
    (void)MHD_set_connection_option(outlet->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    outlet->outlets->idle_timeout_s + 1);
    *outlet->outlets->has_work = true;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static void suspend(struct outlet *outlet)
{
    client_set_state(outlet->client, CLIENT_QUIET);
    outlet->is_suspended = true;
    MHD_suspend_connection(outlet->connection);
}

static void resume(struct outlet *outlet)
{
    if (!outlet->is_suspended)
        return;
    outlet->is_suspended = false;
    *outlet->outlets->has_work = true;
    MHD_resume_connection(outlet->connection);
}

/* A stream that is read has a small buffer again, and does not count. One that grows counts from
 * then on, so of several that are not read the first to be full is ended first. */
static void weigh(struct outlet *outlet)
{
    const size_t weight = outlet->request->response.stream->capacity;

    if (weight == outlet->weight)
        return;
    outlet->weight = weight;
    answers_remove(outlet->outlets->answers, &outlet->unread);
    answers_add(outlet->outlets->answers, &outlet->unread, outlet->client, weight);
}

/* Also called when the connection was shut down here, to end its client. The shutdown is for a
 * connection that is not suspended: libmicrohttpd waits until it can send more, which may be
 * never. */
static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct outlet *outlet = context;

    (void)events;
    if (!peer_has_left(fd))
        return;
    (void)client_end(outlet->client);
    resume(outlet);
}
