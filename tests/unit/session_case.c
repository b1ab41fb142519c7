/* SPDX-License-Identifier: MIT */
#include "session_case.h"

#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"

#include <poll.h>

struct redis_dialer *session_dialer;

int session_open_group(void **state)
{
    session_dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    return redis_group_open(state);
}

int session_close_group(void **state)
{
    redis_dialer_free(session_dialer);
    return redis_group_close(state);
}

struct redis_session *session_to(const char *url)
{
    const struct redis_endpoint endpoint = endpoint_at(url);
    const struct redis_access access = access_at(url);

    return redis_session_new(session_dialer, &endpoint, &access, SESSION_TIMEOUT_MS);
}

bool session_run(struct redis_session *session, const char *command, const char *key,
                 long long *integer, struct error *error)
{
    const char *argv[] = {command, key};
    const size_t lengths[] = {strlen(command), strlen(key)};
    redisReply *reply = redis_session_command(session, error, 2, argv, lengths);

    if (reply == NULL)
        return false;
    if (integer != NULL)
        *integer = reply->integer;
    freeReplyObject(reply);
    return true;
}

void session_append(struct redis_session *session, const char *command, const char *key)
{
    const char *argv[] = {command, key};
    const size_t lengths[] = {strlen(command), strlen(key)};

    redis_session_append(session, 2, argv, lengths);
}

bool session_hear(struct redis_session *session, redisReply **message, struct error *error)
{
    bool is_there = redis_session_hear(session, message, error);

    while (is_there && *message == NULL) {
        struct pollfd socket = {.fd = redis_session_fd(session), .events = POLLIN};
        assert_int_equal(poll(&socket, 1, SESSION_PATIENCE_MS), 1);
        is_there = redis_session_hear(session, message, error);
    }
    return is_there;
}
