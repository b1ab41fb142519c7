/* SPDX-License-Identifier: MIT */
#include "acceptor.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/filter.h>
#include <poll.h>
#include <unistd.h>

/* The most connections taken in one turn of the loop, and at the end, when all that were made must
 * be taken. */
#define TAKES_MAX      16
#define LAST_TAKES_MAX 4096

static const struct timeval rest_time = {.tv_usec = 100 * MILLISECOND_US};
/* a few turns of the loop */
static const struct timeval room_time = {.tv_usec = 5 * MILLISECOND_US};
static const struct timeval turn_time = {.tv_usec = MILLISECOND_US};
#define LOG_US SECOND_US /* at most one line in this time */

enum taking { TAKING, TAKEN_ALL, TAKING_FAILED };

static void watch(struct acceptor *acceptor);
static void on_acceptable(evutil_socket_t fd, short events, void *context);
static void on_rested(evutil_socket_t fd, short events, void *context);
static void take_up_to(struct acceptor *acceptor, int takes_max);
static bool leaves_next(struct acceptor *acceptor);
static enum taking leave_next(struct acceptor *acceptor);
static bool is_awaited(const struct acceptor *acceptor);
static void wait_for_room(struct acceptor *acceptor);
static void rest(struct acceptor *acceptor, const struct timeval *time);
static enum taking take_next(struct acceptor *acceptor);
static void log_failure(struct acceptor *acceptor, int failure);
static void drop_syns(int fd);

void acceptor_init(struct acceptor *acceptor, struct event_base *base, int fd,
                   enum listen_share share, const struct acceptor_owner *owner)
{
    *acceptor = (struct acceptor){.fd = fd, .share = share, .owner = *owner};
    acceptor->acceptable = event_new(base, fd, EV_READ | EV_PERSIST, on_acceptable, acceptor);
    acceptor->rest = evtimer_new(base, on_rested, acceptor);
    ASSERT(acceptor->acceptable && acceptor->rest);
}

void acceptor_close(struct acceptor *acceptor)
{
    event_free(acceptor->acceptable);
    event_free(acceptor->rest);
    if (acceptor->fd >= 0)
        (void)close(acceptor->fd);
}

void acceptor_open(struct acceptor *acceptor)
{
    acceptor->is_open = true;
    watch(acceptor);
}

void acceptor_go_on(struct acceptor *acceptor)
{
    if (!evtimer_pending(acceptor->rest, NULL))
        return;
    evtimer_del(acceptor->rest);
    watch(acceptor);
}

void acceptor_quiesce(struct acceptor *acceptor)
{
    if (acceptor->share == LISTEN_PASSED)
        acceptor_stop(acceptor);
    else if (acceptor->share == LISTEN_OWN && acceptor->fd >= 0)
        drop_syns(acceptor->fd);
}

/* Never shutdown(2), because it would end listening for all that share the socket. */
void acceptor_stop(struct acceptor *acceptor)
{
    if (acceptor->fd < 0)
        return;
    acceptor->is_open = false;
    if (acceptor->share != LISTEN_PASSED)
        take_up_to(acceptor, LAST_TAKES_MAX);
    watch(acceptor);
    (void)close(acceptor->fd);
    acceptor->fd = -1;
}

static void watch(struct acceptor *acceptor)
{
    if (acceptor->is_open && !evtimer_pending(acceptor->rest, NULL))
        event_add(acceptor->acceptable, NULL);
    else
        event_del(acceptor->acceptable);
}

static void on_acceptable(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    take_up_to(context, TAKES_MAX);
}

static void on_rested(evutil_socket_t fd, short events, void *context)
{
    struct acceptor *acceptor = context;

    (void)fd;
    (void)events;
    acceptor->has_rested = true;
    watch(acceptor);
}

static void take_up_to(struct acceptor *acceptor, int takes_max)
{
    struct acceptor_owner *owner = &acceptor->owner;
    enum taking taking = TAKING;

    for (int i = 0; i < takes_max && taking == TAKING && owner->has_room(owner->context); i++)
        taking = leaves_next(acceptor) ? leave_next(acceptor) : take_next(acceptor);
    if (taking == TAKING && !owner->has_room(owner->context) && is_awaited(acceptor))
        wait_for_room(acceptor);
    if (taking == TAKING_FAILED) {
        log_failure(acceptor, errno);
        rest(acceptor, &rest_time);
    }
    acceptor->has_rested = false;
    watch(acceptor);
}

/* A new connection wakes all that watch a shared socket. The one that has more than its share waits
 * a moment for the others, because connections stay where they are for long. If nobody has taken it
 * by then, it does. */
static bool leaves_next(struct acceptor *acceptor)
{
    const bool has_rested = acceptor->has_rested;

    acceptor->has_rested = false;
    return acceptor->share != LISTEN_OWN && acceptor->is_open && !has_rested &&
           acceptor->owner.is_ahead(acceptor->owner.context);
}

static enum taking leave_next(struct acceptor *acceptor)
{
    if (is_awaited(acceptor))
        rest(acceptor, &turn_time);
    return TAKEN_ALL;
}

static bool is_awaited(const struct acceptor *acceptor)
{
    struct pollfd waiting = {.fd = acceptor->fd, .events = POLLIN};

    return poll(&waiting, 1, 0) > 0;
}

/* Another server with room may take the waiting client. It waits a moment for that, so that no
 * client gives way for nothing. */
static void wait_for_room(struct acceptor *acceptor)
{
    struct acceptor_owner *owner = &acceptor->owner;

    rest(acceptor, &room_time);
    if (acceptor->has_rested || !owner->others_have_room(owner->context))
        owner->make_room(owner->context);
}

/* The socket stays readable, so without a rest the loop would spin. */
static void rest(struct acceptor *acceptor, const struct timeval *time)
{
    evtimer_add(acceptor->rest, time);
}

/* An error of one connection does not concern the next one (accept(2)). */
static enum taking take_next(struct acceptor *acceptor)
{
    struct acceptor_owner *owner = &acceptor->owner;
    struct sockaddr_storage address;
    struct sockaddr *peer = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    int fd = accept4(acceptor->fd, peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        owner->take(owner->context, fd, peer, length);
        return TAKING;
    }
    switch (errno) {
    case EAGAIN:
        return TAKEN_ALL;
    case EINTR:
    case EPROTO:
    case ECONNABORTED:
        return TAKING;
    default:
        return TAKING_FAILED;
    }
}

static void log_failure(struct acceptor *acceptor, int failure)
{
    int64_t now_us = clock_monotonic_us();

    if (now_us - acceptor->logged_us < LOG_US)
        return;
    acceptor->logged_us = now_us;
    if (failure == EMFILE || failure == ENFILE)
        log_write(LOG_WARN, "no descriptor left for a connection", LOG_NONE);
    else
        log_write(LOG_WARN, "cannot accept a connection",
                  LOG_STRING("reason", strerrordesc_np(failure)));
}

/* A closed listener resets the connections that wait in it, and until it is closed the kernel gives
 * it a share of the new ones. So SYNs are dropped; segments of connections already made pass. */
static void drop_syns(int fd)
{
    static const unsigned flags_at = 13, syn = 0x02, ack = 0x10; /* of the TCP header */
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn | ack),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {.len = ARRAY_COUNT(filter), .filter = filter};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        log_write(LOG_DEBUG, "connections may be reset while draining", LOG_NONE);
}
