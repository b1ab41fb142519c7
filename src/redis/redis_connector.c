/* SPDX-License-Identifier: MIT
 *
 * There is one event. While the name is resolved it is a timer. Then it is the socket of the
 * address that is tried, with the address's share as its time-out. */
#include "redis/redis_connector.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "redis/redis_resolver.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* A connection to another data centre needs about this long, so less would be useless. */
#define SHARE_MIN_US (100 * MILLISECOND_US)

#define KEEPALIVE_IDLE_S     30
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_PROBES     3

#define NO_SOCKET (-1)

/* If more names than these fail by turns, the oldest begins anew. */
#define TRIALS_MAX 8

/* Of a name with several addresses, whose last connection is not trusted. */
struct trial {
    struct redis_endpoint endpoint;
    struct redis_address tried; /* the last one; length 0: nothing is noted here */
};

struct redis_connector {
    struct event_base *base;
    void *context;
    redis_connector_done_fn *done;
    struct redis_resolver *resolver;
    struct redis_endpoint endpoint; /* of the last attempt, as for all below */
    int64_t deadline_us;
    struct redis_addresses addresses;
    size_t next; /* index of the next address; the one before is being tried */
    struct trial trials[TRIALS_MAX];
    size_t next_trial;   /* replaced next, modulo TRIALS_MAX */
    struct trial *trial; /* of the endpoint; NULL: it has one address, or none yet */
    int fd;              /* its socket */
    struct event *event; /* NULL: no attempt is under way */
    struct error reason; /* why each address before it failed */
};

static void wait_for(struct redis_connector *connector, int64_t wait_us);
static void on_resolved(void *context, const struct redis_addresses *addresses, const char *reason);
static struct trial *trial_of(struct redis_connector *connector);
static size_t index_after(const struct redis_addresses *addresses,
                          const struct redis_address *address);
static void try_next_address(struct redis_connector *connector);
static int64_t next_share_us(const struct redis_connector *connector);
static int open_socket(const struct redis_address *address);
static void set_option(int fd, int level, int option, int value);
static void on_event(evutil_socket_t fd, short what, void *context);
static int socket_failure(int fd);
static void note_failure(struct redis_connector *connector, const char *reason);
static void connector_finish(struct redis_connector *connector, int fd);
static void drop_attempt(struct redis_connector *connector);

struct redis_connector *redis_connector_new(struct event_base *base, const char *resolv_conf,
                                            void *context, redis_connector_done_fn *done)
{
    struct redis_connector *connector = MEMORY_NEW(struct redis_connector);

    connector->base = base;
    connector->context = context;
    connector->done = done;
    connector->resolver = redis_resolver_new(base, resolv_conf, connector, on_resolved);
    connector->fd = NO_SOCKET;
    return connector;
}

void redis_connector_free(struct redis_connector *connector)
{
    if (connector == NULL)
        return;
    drop_attempt(connector);
    redis_resolver_free(connector->resolver);
    free(connector);
}

void redis_connector_begin(struct redis_connector *connector, const struct redis_endpoint *endpoint,
                           int64_t deadline_us)
{
    ASSERT(connector->event == NULL);
    connector->endpoint = *endpoint;
    connector->deadline_us = deadline_us;
    connector->trial = NULL;
    connector->addresses.count = 0;
    connector->next = 0;
    connector->reason = (struct error){0};
    redis_resolver_begin(connector->resolver, endpoint);
    wait_for(connector, deadline_us - clock_monotonic_us());
}

void redis_connector_cancel(struct redis_connector *connector)
{
    redis_resolver_cancel(connector->resolver);
    drop_attempt(connector);
}

void redis_connector_trust(struct redis_connector *connector)
{
    if (connector->trial != NULL)
        connector->trial->tried.length = 0;
}

/* on_event() runs when the socket, if there is one, is connected or has failed, and otherwise after
 * `wait_us`. */
static void wait_for(struct redis_connector *connector, int64_t wait_us)
{
    const struct timeval wait = duration_timeval(wait_us > 0 ? wait_us : 0);

    if (connector->event != NULL)
        event_free(connector->event);
    connector->event = event_new(connector->base, connector->fd,
                                 connector->fd == NO_SOCKET ? 0 : EV_WRITE, on_event, connector);
    ASSERT(connector->event != NULL);
    event_add(connector->event, &wait);
}

static void on_resolved(void *context, const struct redis_addresses *addresses, const char *reason)
{
    struct redis_connector *connector = context;
    size_t first = 0;

    if (addresses->count > 1) {
        connector->trial = trial_of(connector);
        first = index_after(addresses, &connector->trial->tried);
    }
    connector->addresses.count = addresses->count;
    for (size_t i = 0; i < addresses->count; i++)
        connector->addresses.list[i] = addresses->list[(first + i) % addresses->count];
    if (addresses->count == 0)
        error_set(&connector->reason, "%s", reason);
    try_next_address(connector);
}

/* The one that has been noted, or a new one in a free place, or else in that of the oldest. */
static struct trial *trial_of(struct redis_connector *connector)
{
    struct trial *place = NULL;

    for (size_t i = 0; i < TRIALS_MAX; i++) {
        struct trial *trial = &connector->trials[i];

        if (trial->tried.length == 0)
            place = trial;
        else if (redis_endpoint_equal(&trial->endpoint, &connector->endpoint))
            return trial;
    }
    if (place == NULL)
        place = &connector->trials[connector->next_trial++ % TRIALS_MAX];
    *place = (struct trial){.endpoint = connector->endpoint};
    return place;
}

/* The address may have moved within the answer. 0 if it is no longer there. */
static size_t index_after(const struct redis_addresses *addresses,
                          const struct redis_address *address)
{
    for (size_t i = 0; i < addresses->count; i++) {
        if (addresses->list[i].length == address->length &&
            memcmp(&addresses->list[i].at, &address->at, address->length) == 0)
            return i + 1;
    }
    return 0;
}

static void try_next_address(struct redis_connector *connector)
{
    struct redis_addresses *addresses = &connector->addresses;

    while (connector->next < addresses->count) {
        const int64_t share_us = next_share_us(connector);
        const struct redis_address *address = &addresses->list[connector->next++];

        if (connector->trial != NULL)
            connector->trial->tried = *address;
        connector->fd = open_socket(address);
        if (connector->fd != NO_SOCKET) {
            wait_for(connector, share_us);
            return;
        }
        note_failure(connector, strerror(errno));
    }
    connector_finish(connector, NO_SOCKET);
}

/* The share of time for the next address. */
static int64_t next_share_us(const struct redis_connector *connector)
{
    const int64_t left_us = connector->deadline_us - clock_monotonic_us();
    const int64_t even_us = left_us / (int64_t)(connector->addresses.count - connector->next);
    const int64_t share_us = even_us > SHARE_MIN_US ? even_us : SHARE_MIN_US;

    return share_us < left_us ? share_us : left_us;
}

/* NO_SOCKET, with errno, when it fails at once. */
static int open_socket(const struct redis_address *address)
{
    const struct sockaddr *at = (const struct sockaddr *)&address->at;
    const int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return NO_SOCKET;
    if (at->sa_family != AF_UNIX) {
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    }
    if (connect(fd, at, address->length) != 0 && errno != EINPROGRESS) {
        const int failure = errno;
        (void)close(fd);
        errno = failure;
        return NO_SOCKET;
    }
    return fd;
}

/* The connection works without options that the kernel does not know. */
static void set_option(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct redis_connector *connector = context;

    if (fd == NO_SOCKET) {
        note_failure(connector, "the name was not resolved in time");
        connector_finish(connector, NO_SOCKET);
        return;
    }
    const int failure = (what & EV_WRITE) != 0 ? socket_failure(fd) : ETIMEDOUT;
    if (failure == 0) {
        connector->fd = NO_SOCKET;
        connector_finish(connector, fd);
        return;
    }
    drop_attempt(connector);
    note_failure(connector, strerror(failure));
    try_next_address(connector);
}

static int socket_failure(int fd)
{
    int failure = 0;
    socklen_t length = sizeof(failure);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 ? failure : errno;
}

/* Names the address by its number, because the log needs to say which address of the name
 * failed. */
static void note_failure(struct redis_connector *connector, const char *reason)
{
    struct error *all = &connector->reason;
    const char *comma = all->message[0] == '\0' ? "" : ", ";
    char host[NI_MAXHOST];

    if (connector->next == 0) {
        error_set(all, "%s", reason);
        return;
    }
    const struct redis_address *address = &connector->addresses.list[connector->next - 1];
    if (address->at.ss_family != AF_UNIX &&
        getnameinfo((const struct sockaddr *)&address->at, address->length, host, sizeof(host),
                    NULL, 0, NI_NUMERICHOST) == 0)
        error_set(all, "%s%s%s: %s", all->message, comma, host, reason);
    else
        error_set(all, "%s%s%s", all->message, comma, reason);
}

/* The only way to `done`. */
static void connector_finish(struct redis_connector *connector, int fd)
{
    redis_connector_cancel(connector);
    connector->done(connector->context, fd, fd == NO_SOCKET ? connector->reason.message : NULL);
}

static void drop_attempt(struct redis_connector *connector)
{
    if (connector->event != NULL)
        event_free(connector->event);
    connector->event = NULL;
    if (connector->fd != NO_SOCKET)
        (void)close(connector->fd);
    connector->fd = NO_SOCKET;
}
