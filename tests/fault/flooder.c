/* SPDX-License-Identifier: MIT
 *
 * usage: flooder PORT API_KEY CONNECTIONS SECONDS
 *
 * Connections that come in waves, each asking POST /check on /a for a user of its own. When all are
 * there and have been answered once the flood begins: all ask at once, and again as soon as they
 * are answered. After that time each waits for its last answer, and one line says what came of the
 * flood: answers, of those degraded, failures, the 99th percentile and how long it took, both in
 * microseconds. A process of its own, so that it takes no turn from its judge. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Elsewhere a client takes no processor from the service and Redis. */
#define NICENESS      10
#define WAVE          64
#define EVENTS_MAX    512
#define WAIT_MS       1000
#define REQUEST_BYTES 512
#define ANSWER_BYTES  4096
/* Of the histogram: the last one for all that took longer. */
#define BUCKETS       100000
#define BUCKET_US     100
#define PATIENCE_US   (60 * SECOND_US) /* with a last answer, on however busy a machine */
#define USER_TEMPLATE "00000000"

struct asker {
    int fd;
    int64_t asked_us; /* 0: not yet */
};

struct flooder {
    int port;
    int epoll;
    char request[REQUEST_BYTES];
    size_t request_bytes;
    char *user; /* in the request */
    struct asker *askers;
    size_t count;
    size_t come;
    size_t waiting;   /* for an answer, or for their connection */
    int64_t begun_us; /* 0: not all are there */
    int64_t end_us;

    /* Since it has begun. */
    long answered;
    long degraded;
    long failed; /* another answer, or none */
    uint32_t took[BUCKETS];
};

static void write_request(struct flooder *flooder, const char *api_key);
static void gather(struct flooder *flooder);
static void flood(struct flooder *flooder, int64_t lasting_us);
static void wait_for_all(struct flooder *flooder, int64_t until_us);
static void come(struct flooder *flooder);
static void go_on(struct flooder *flooder, struct asker *asker, uint32_t events);
static void ask(struct flooder *flooder, struct asker *asker);
static void hear(struct flooder *flooder, struct asker *asker);
static bool is_wanted(const char *answer, size_t length);
static void leave(struct flooder *flooder, struct asker *asker);
static int64_t percentile_us(const struct flooder *flooder, double share);

int main(int argc, char *argv[])
{
    struct flooder *flooder = MEMORY_NEW(struct flooder);

    if (argc != 5) {
        (void)fprintf(stderr, "usage: %s PORT API_KEY CONNECTIONS SECONDS\n", argv[0]);
        return 2;
    }
    flooder->port = (int)strtol(argv[1], NULL, 10);
    flooder->count = strtoul(argv[3], NULL, 10);
    flooder->askers = memory_new(flooder->count, sizeof(*flooder->askers));
    flooder->epoll = epoll_create1(EPOLL_CLOEXEC);
    ASSERT(flooder->epoll >= 0);
    write_request(flooder, argv[2]);
    (void)!nice(NICENESS);
    gather(flooder);
    flood(flooder, strtol(argv[4], NULL, 10) * SECOND_US);
    printf("%ld %ld %ld %lld %lld\n", flooder->answered, flooder->degraded, flooder->failed,
           (long long)percentile_us(flooder, 0.99),
           (long long)(clock_monotonic_us() - flooder->begun_us));
    (void)close(flooder->epoll);
    free(flooder->askers);
    free(flooder);
    return 0;
}

static void write_request(struct flooder *flooder, const char *api_key)
{
    static const char body[] = "{\"user_id\":\"" USER_TEMPLATE "\",\"route_key\":\"/a\"}";
    int length = snprintf(flooder->request, REQUEST_BYTES,
                          "POST /check HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          api_key, strlen(body), body);

    ASSERT(length > 0 && length < REQUEST_BYTES);
    flooder->request_bytes = (size_t)length;
    flooder->user = strstr(flooder->request + length - strlen(body), USER_TEMPLATE);
}

static void gather(struct flooder *flooder)
{
    while (flooder->come < flooder->count) {
        for (size_t i = 0; i < WAVE && flooder->come < flooder->count; i++)
            come(flooder);
        wait_for_all(flooder, clock_monotonic_us() + PATIENCE_US);
    }
}

static void flood(struct flooder *flooder, int64_t lasting_us)
{
    flooder->begun_us = clock_monotonic_us();
    flooder->end_us = flooder->begun_us + lasting_us;
    for (size_t i = 0; i < flooder->count; i++) {
        struct asker *asker = &flooder->askers[i];
        if (asker->fd < 0)
            continue;
        flooder->waiting++;
        ask(flooder, asker);
    }
    wait_for_all(flooder, flooder->end_us + PATIENCE_US);
    flooder->failed += (long)flooder->waiting;
    for (size_t i = 0; i < flooder->count; i++) {
        if (flooder->askers[i].fd >= 0)
            (void)close(flooder->askers[i].fd);
    }
}

static void wait_for_all(struct flooder *flooder, int64_t until_us)
{
    struct epoll_event events[EVENTS_MAX];

    while (flooder->waiting > 0 && clock_monotonic_us() < until_us) {
        int count = epoll_wait(flooder->epoll, events, EVENTS_MAX, WAIT_MS);
        for (int i = 0; i < count; i++)
            go_on(flooder, events[i].data.ptr, events[i].events);
    }
}

static void come(struct flooder *flooder)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((in_port_t)flooder->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct asker *asker = &flooder->askers[flooder->come++];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = asker};

    *asker = (struct asker){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    ASSERT(asker->fd >= 0);
    flooder->waiting++;
    ASSERT(connect(asker->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
           errno == EINPROGRESS);
    ASSERT(epoll_ctl(flooder->epoll, EPOLL_CTL_ADD, asker->fd, &event) == 0);
}

static void go_on(struct flooder *flooder, struct asker *asker, uint32_t events)
{
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        leave(flooder, asker);
    else if ((events & EPOLLIN) != 0)
        hear(flooder, asker);
    else if (asker->asked_us == 0)
        ask(flooder, asker);
}

static void ask(struct flooder *flooder, struct asker *asker)
{
    size_t number = (size_t)(asker - flooder->askers);

    for (size_t i = strlen(USER_TEMPLATE); i > 0; i--, number /= 10)
        flooder->user[i - 1] = (char)('0' + number % 10);
    asker->asked_us = clock_monotonic_us();
    if (send(asker->fd, flooder->request, flooder->request_bytes, MSG_NOSIGNAL) !=
        (ssize_t)flooder->request_bytes)
        leave(flooder, asker);
}

static void hear(struct flooder *flooder, struct asker *asker)
{
    static const char degraded[] = "\"degraded\":true";
    char answer[ANSWER_BYTES];
    const ssize_t got = recv(asker->fd, answer, sizeof(answer), 0);
    const int64_t now_us = clock_monotonic_us();
    const int64_t bucket = (now_us - asker->asked_us) / BUCKET_US;

    if (got <= 0 || !is_wanted(answer, (size_t)got)) {
        leave(flooder, asker);
        return;
    }
    if (flooder->begun_us == 0) {
        flooder->waiting--;
        return;
    }
    flooder->answered++;
    flooder->degraded += memmem(answer, (size_t)got, degraded, strlen(degraded)) != NULL;
    flooder->took[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    if (now_us < flooder->end_us)
        ask(flooder, asker);
    else
        flooder->waiting--;
}

/* It is short, so it comes in one piece. */
static bool is_wanted(const char *answer, size_t length)
{
    static const char ok[] = "HTTP/1.1 200 ";

    return length > strlen(ok) && memcmp(answer, ok, strlen(ok)) == 0 && answer[length - 1] == '}';
}

static void leave(struct flooder *flooder, struct asker *asker)
{
    (void)close(asker->fd);
    asker->fd = -1;
    flooder->waiting--;
    flooder->failed++;
}

static int64_t percentile_us(const struct flooder *flooder, double share)
{
    const double wanted = share * (double)flooder->answered;
    int64_t bucket = 0;

    for (double seen = flooder->took[0]; seen < wanted && bucket + 1 < BUCKETS;)
        seen += flooder->took[++bucket];
    return (bucket + 1) * BUCKET_US;
}
