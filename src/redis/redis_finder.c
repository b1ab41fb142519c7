/* SPDX-License-Identifier: MIT */
#include "redis_finder.h"

#include "base/clock.h"

#include <poll.h>

/* Of each step: to connect, and of each answer. */
#define STEP_MS 500

int64_t redis_finder_rest_us(int64_t before_us, bool was_doubted, bool has_changed)
{
    if (has_changed || !was_doubted)
        return REDIS_TOPOLOGY_REST_US;
    return before_us < REDIS_TOPOLOGY_REST_MAX_US ? 2 * before_us : before_us;
}

struct redis_session *redis_finder_session(struct redis_dialer *dialer,
                                           const struct redis_endpoint *server,
                                           const struct redis_access *access, int64_t until_us)
{
    struct redis_session *session = redis_session_new(dialer, server, access, STEP_MS);
    const int64_t share_us = clock_monotonic_us() + REDIS_FINDER_SERVER_US;

    redis_session_end_by(session, share_us < until_us ? share_us : until_us);
    return session;
}

void redis_finder_wait(struct redis_finder *finder, int wake_fd, int64_t until_us)
{
    struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
    const int64_t left_us = until_us - clock_monotonic_us();

    (void)finder;
    if (left_us > 0)
        (void)poll(&wake, 1, (int)(left_us / MILLISECOND_US + 1));
}
