/* SPDX-License-Identifier: MIT */
#include "base/thread_end.h"

#include "base/clock.h"
#include "base/duration.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

void thread_end_init(struct thread_end *end)
{
    end->fd = eventfd(0, EFD_CLOEXEC);
    ASSERT(end->fd >= 0);
}

void thread_end_close(struct thread_end *end)
{
    (void)close(end->fd);
}

void thread_end_tell(const struct thread_end *end)
{
    (void)eventfd_write(end->fd, 1);
}

bool thread_end_join(const struct thread_end *end, pthread_t thread, int64_t deadline_us)
{
    struct pollfd told = {.fd = end->fd, .events = POLLIN};
    int failure;

    if (poll(&told, 1, duration_poll_ms(deadline_us - clock_monotonic_us())) <= 0)
        return false;
    failure = pthread_join(thread, NULL);
    ASSERT(failure == 0);
    return true;
}
