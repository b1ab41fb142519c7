/* SPDX-License-Identifier: MIT */
#include "lingerers.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_US     (2 * SECOND_US)
#define LINGERERS_MAX 64

/* The most bytes dropped of one connection in a turn, so that others are served in between. */
#define DROPPED_BYTES ((size_t)64 * 1024)

struct lingerer {
    TAILQ_ENTRY(lingerer) next;
    struct lingerers *lingerers;
    struct event *event;
    int fd;
    uint32_t tenant;
    int64_t until_us;
};

static void held_add(struct lingerers *lingerers, uint32_t tenant, int more);
static struct lingerer *find_to_give_way(const struct lingerers *lingerers);
static void on_event(evutil_socket_t fd, short events, void *context);
static void wait_on(const struct lingerer *lingerer);
static bool has_more(int fd);
static void end(struct lingerer *lingerer);

void lingerers_init(struct lingerers *lingerers, struct event_base *base)
{
    *lingerers = (struct lingerers){.base = base};
    TAILQ_INIT(&lingerers->list);
    tenant_map_init(&lingerers->held);
}

void lingerers_close(struct lingerers *lingerers)
{
    struct lingerer *next;

    for (struct lingerer *each = TAILQ_FIRST(&lingerers->list); each; each = next) {
        next = TAILQ_NEXT(each, next);
        end(each);
    }
    tenant_map_close(&lingerers->held);
}

/* If no descriptor is free, the connection is closed at once. */
void lingerers_add(struct lingerers *lingerers, int fd, uint32_t tenant)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (own < 0)
        return;
    (void)shutdown(own, SHUT_WR);
    held_add(lingerers, tenant, 1);
    if (lingerers->count > LINGERERS_MAX)
        end(find_to_give_way(lingerers));
    struct lingerer *lingerer = MEMORY_NEW(struct lingerer);
    lingerer->lingerers = lingerers;
    lingerer->fd = own;
    lingerer->tenant = tenant;
    lingerer->until_us = clock_monotonic_us() + LINGER_US;
    lingerer->event = event_new(lingerers->base, own, EV_READ, on_event, lingerer);
    ASSERT(lingerer->event);
    TAILQ_INSERT_TAIL(&lingerers->list, lingerer, next);
    wait_on(lingerer);
}

static void held_add(struct lingerers *lingerers, uint32_t tenant, int more)
{
    const uint32_t held = tenant_map_get(&lingerers->held, tenant);

    lingerers->count += (size_t)more;
    tenant_map_set(&lingerers->held, tenant, held + (uint32_t)more);
}

/* The new one is counted already, so a tenant that has most gives way to itself. */
static struct lingerer *find_to_give_way(const struct lingerers *lingerers)
{
    struct lingerer *found = NULL;
    struct lingerer *each;
    uint32_t most = 0;

    TAILQ_FOREACH (each, &lingerers->list, next) {
        const uint32_t held = tenant_map_get(&lingerers->held, each->tenant);

        if (held > most) {
            most = held;
            found = each;
        }
    }
    return found;
}

static void on_event(evutil_socket_t fd, short events, void *context)
{
    struct lingerer *lingerer = context;

    (void)events;
    if (clock_monotonic_us() < lingerer->until_us && has_more(fd))
        wait_on(lingerer);
    else
        end(lingerer);
}

static void wait_on(const struct lingerer *lingerer)
{
    int64_t left_us = lingerer->until_us - clock_monotonic_us();
    struct timeval left = {0};

    if (left_us > 0)
        left = duration_timeval(left_us);
    event_add(lingerer->event, &left);
}

/* Drops the bytes that are there. Returns whether the client may send more. */
static bool has_more(int fd)
{
    char sink[DROPPED_BYTES];
    ssize_t bytes = recv(fd, sink, sizeof sink, MSG_DONTWAIT);

    return bytes > 0 || (bytes < 0 && (errno == EAGAIN || errno == EINTR));
}

static void end(struct lingerer *lingerer)
{
    struct lingerers *lingerers = lingerer->lingerers;

    TAILQ_REMOVE(&lingerers->list, lingerer, next);
    held_add(lingerers, lingerer->tenant, -1);
    event_free(lingerer->event);
    (void)close(lingerer->fd);
    free(lingerer);
}
