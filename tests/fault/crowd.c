/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/raw.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void hear(struct crowd *crowd, struct member *member);
static void leave(struct crowd *crowd, struct member *member);

void crowd_need_files(size_t count)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur >= count)
        return;
    if (limit.rlim_max < count)
        fail_msg("this needs %zu open files, and the hard limit is %llu: see ulimit -Hn", count,
                 (unsigned long long)limit.rlim_max);
    limit.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

void crowd_open(struct crowd *crowd, int port)
{
    *crowd = (struct crowd){.port = port};
}

void crowd_close(struct crowd *crowd)
{
    crowd_leave_but(crowd, 0);
    free(crowd->members);
    *crowd = (struct crowd){0};
}

void crowd_join(struct crowd *crowd, size_t count)
{
    crowd->members =
        memory_resize(crowd->members, (crowd->count + count) * sizeof(*crowd->members));
    for (size_t i = 0; i < count; i++) {
        struct member *member = &crowd->members[crowd->count++];
        *member = (struct member){.joined_us = clock_monotonic_us()};
        member->fd = raw_connect(crowd->port);
        crowd->there++;
    }
}

void crowd_say(struct crowd *crowd, const char *words, size_t length)
{
    crowd_say_some(crowd, 0, crowd->count, words, length);
}

void crowd_say_some(struct crowd *crowd, size_t first, size_t count, const char *words,
                    size_t length)
{
    for (size_t i = first; i < first + count; i++) {
        struct member *member = &crowd->members[i];
        crowd->answered -= member->is_answered;
        member->is_answered = false;
        if (member->fd >= 0)
            raw_send(member->fd, words, length);
    }
}

void crowd_listen(struct crowd *crowd, int wait_ms)
{
    struct pollfd *readable = memory_new(crowd->count + 1, sizeof(*readable));

    for (size_t i = 0; i < crowd->count; i++)
        readable[i] = (struct pollfd){.fd = crowd->members[i].fd, .events = POLLIN};
    assert_true(poll(readable, crowd->count, wait_ms) >= 0);
    for (size_t i = 0; i < crowd->count; i++) {
        if (readable[i].revents != 0)
            hear(crowd, &crowd->members[i]);
    }
    free(readable);
}

void crowd_leave_but(struct crowd *crowd, size_t answered)
{
    for (size_t i = 0; i < crowd->count; i++) {
        struct member *member = &crowd->members[i];
        if (member->fd < 0)
            continue;
        if (member->is_answered && answered > 0)
            answered--;
        else
            leave(crowd, member);
    }
}

/* An answer is short, so what has come is enough to know it. */
static void hear(struct crowd *crowd, struct member *member)
{
    static const char ok[] = "HTTP/1.1 200 ";
    char block[4096];
    ssize_t got = recv(member->fd, block, sizeof(block), MSG_DONTWAIT);

    if (got <= 0) {
        const int64_t stayed_us = clock_monotonic_us() - member->joined_us;
        if (stayed_us > crowd->longest_us)
            crowd->longest_us = stayed_us;
        leave(crowd, member);
        return;
    }
    if (!member->is_answered && ((size_t)got < sizeof(ok) || memcmp(block, ok, strlen(ok)) != 0))
        fail_msg("answered \"%.*s\"", (int)got, block);
    crowd->answered += !member->is_answered;
    member->is_answered = true;
}

static void leave(struct crowd *crowd, struct member *member)
{
    (void)close(member->fd);
    member->fd = -1;
    crowd->there--;
}
