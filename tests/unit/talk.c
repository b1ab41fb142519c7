/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"
#include "support/topologies.h"

#include <sys/socket.h>

static void hold(int fd, int option, int bytes);
static void on_written(void *context);
static void on_replied(void *context, const redisReply *reply);
static void on_lost(void *context, const char *reason);

static const struct redis_wire_events events = {on_written, on_replied, on_lost};

void talk_open(struct talk *talk, struct redis_tls *tls, int held_bytes)
{
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct error error = {0};

    *talk = (struct talk){.base = event_base_new()};
    impostor_open(&talk->impostor);
    hold(talk->impostor.listening, SO_RCVBUF, held_bytes);
    impostor_listen(&talk->impostor);
    const struct redis_endpoint endpoint = endpoint_at(talk->impostor.url);
    const int fd = redis_dialer_dial(dialer, &endpoint, 1000 * TALK_WAIT_SECONDS, &error);
    redis_dialer_free(dialer);
    assert_true(fd >= 0);
    hold(fd, SO_SNDBUF, held_bytes);
    redis_wire_init(&talk->wire, talk->base, &events, talk);
    assert_true(redis_wire_open_give(&talk->wire, fd, tls, "127.0.0.1", &error));
    WAIT_FOR (TALK_WAIT_SECONDS, impostor_accept(&talk->impostor))
        ;
}

void talk_close(struct talk *talk)
{
    redis_wire_close(&talk->wire);
    impostor_close(&talk->impostor);
    event_base_free(talk->base);
}

bool talk_turn(struct talk *talk)
{
    return event_base_loop(talk->base, EVLOOP_NONBLOCK) >= 0;
}

static void hold(int fd, int option, int bytes)
{
    if (bytes > 0)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes)), 0);
}

static void on_written(void *context)
{
    ((struct talk *)context)->writes++;
}

static void on_replied(void *context, const redisReply *reply)
{
    (void)reply;
    ((struct talk *)context)->replies++;
}

static void on_lost(void *context, const char *reason)
{
    struct talk *talk = context;

    (void)snprintf(talk->reason, sizeof(talk->reason), "%s", reason);
}
