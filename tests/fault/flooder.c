/* SPDX-License-Identifier: MIT
 *
 * usage: flooder PORT CONNECTIONS SECONDS REQUESTS MANNER FROM
 *
 * Connections that ask what the file REQUESTS holds, one request after the other, each of which
 * ends with a NUL; in it ######## stands for a number of its own in each request that is sent, and
 * @@@@@@@@ for that of the connection. FROM is the address that they come from. The manners:
 *
 *   floods   All come in waves and are answered once before the flood begins. Then all ask at once,
 *            and again as soon as they are answered, and at the end each waits for its last answer.
 *   repeats  Each asks as soon as it is there, and again as soon as it is answered. Who is closed
 *            comes again.
 *   holds    The same, but of a 200 only the head is read, and the connection stays as it is.
 *   sits     The same, but who has been answered says nothing more until it is closed.
 *
 * The line "there" is written when there have been as many requests as connections. At the end one
 * line says what came of it: answers with 200, decisions of those that were degraded, what else
 * came, the 99th percentile and how long it took, both in microseconds. For each answer that there
 * was a line follows: status (0: none, or no HTTP), problem's code or "-", number. A process of
 * its own, so that it takes no turn from its judge. */
#include "answer.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "flood_requests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Elsewhere a client takes no processor from the service and Redis. */
#define NICENESS    10
#define WAVE        64
#define EVENTS_MAX  512
#define WAIT_MS     100
#define CHUNK_BYTES (1 << 16)
/* The kernel takes little of an answer that is not read: its buffers go by this. */
#define HOLDING_BYTES   4096
#define HOLDING_SEGMENT 536
/* Of the histogram: the last one for all that took longer. */
#define BUCKETS     100000
#define BUCKET_US   100
#define PATIENCE_US (60 * SECOND_US) /* with a last answer, on however busy a machine */

struct manner {
    const char *name;
    bool is_patient; /* gathers before the flood, and waits for the last answers */
    bool holds;
    bool sits;
};

struct asker {
    int fd;           /* -1: has left */
    int64_t asked_us; /* 0: not yet */
    const struct flood_request *request;
    unsigned number; /* in the request */
    size_t sent;
    bool is_done; /* asks and reads no more */
    struct answer answer;
};

struct flooder {
    int port;
    struct sockaddr_in from;
    int epoll;
    const struct manner *manner;
    struct flood_requests requests;
    struct asker *askers;
    size_t count;
    size_t come;
    unsigned asked;
    size_t waiting;   /* for an answer, or for their connection */
    int64_t begun_us; /* 0: not all are there */
    int64_t end_us;

    /* Since it has begun. */
    struct answer_sum sum;
    long answered; /* with 200 */
    uint32_t took[BUCKETS];
};

static const struct manner manners[] = {
    {.name = "floods", .is_patient = true},
    {.name = "repeats"},
    {.name = "holds", .holds = true},
    {.name = "sits", .sits = true},
};

static const struct manner *manner_find(const char *name);
static void gather(struct flooder *flooder);
static void flood(struct flooder *flooder, int64_t lasting_us);
static void flood_patiently(struct flooder *flooder);
static void turn(struct flooder *flooder);
static void wait_for_all(struct flooder *flooder, int64_t until_us);
static void report(const struct flooder *flooder);
static void come(struct flooder *flooder, struct asker *asker);
static void go_on(struct flooder *flooder, struct asker *asker, uint32_t events);
static void ask(struct flooder *flooder, struct asker *asker);
static void send_more(struct flooder *flooder, struct asker *asker);
static void hear(struct flooder *flooder, struct asker *asker);
static void on_answered(struct flooder *flooder, struct asker *asker);
static void leave(struct flooder *flooder, struct asker *asker);
static int64_t percentile_us(const struct flooder *flooder, double share);

int main(int argc, char *argv[])
{
    struct flooder *flooder = MEMORY_NEW(struct flooder);

    flooder->from.sin_family = AF_INET;
    if (argc != 7 || (flooder->manner = manner_find(argv[5])) == NULL ||
        inet_pton(AF_INET, argv[6], &flooder->from.sin_addr) != 1 ||
        !flood_requests_read(&flooder->requests, argv[4])) {
        (void)fprintf(stderr, "usage: %s PORT CONNECTIONS SECONDS REQUESTS MANNER FROM\n", argv[0]);
        return 2;
    }
    flooder->port = (int)strtol(argv[1], NULL, 10);
    flooder->count = strtoul(argv[2], NULL, 10);
    flooder->askers = memory_new(flooder->count, sizeof(*flooder->askers));
    flooder->epoll = epoll_create1(EPOLL_CLOEXEC);
    ASSERT(flooder->epoll >= 0);
    (void)!nice(NICENESS);
    if (flooder->manner->is_patient)
        gather(flooder);
    flood(flooder, strtol(argv[3], NULL, 10) * SECOND_US);
    report(flooder);
    (void)close(flooder->epoll);
    flood_requests_free(&flooder->requests);
    free(flooder->askers);
    free(flooder);
    return 0;
}

static const struct manner *manner_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(manners); i++) {
        if (strcmp(manners[i].name, name) == 0)
            return &manners[i];
    }
    return NULL;
}

static void gather(struct flooder *flooder)
{
    while (flooder->come < flooder->count) {
        for (size_t i = 0; i < WAVE && flooder->come < flooder->count; i++)
            come(flooder, &flooder->askers[flooder->come++]);
        wait_for_all(flooder, clock_monotonic_us() + PATIENCE_US);
    }
}

static void flood(struct flooder *flooder, int64_t lasting_us)
{
    flooder->begun_us = clock_monotonic_us();
    flooder->end_us = flooder->begun_us + lasting_us;
    if (flooder->manner->is_patient) {
        flood_patiently(flooder);
    } else {
        while (flooder->come < flooder->count)
            come(flooder, &flooder->askers[flooder->come++]);
        while (clock_monotonic_us() < flooder->end_us)
            turn(flooder);
    }
    for (size_t i = 0; i < flooder->count; i++) {
        if (flooder->askers[i].fd >= 0)
            (void)close(flooder->askers[i].fd);
    }
}

static void flood_patiently(struct flooder *flooder)
{
    for (size_t i = 0; i < flooder->count; i++) {
        struct asker *asker = &flooder->askers[i];
        if (asker->fd < 0)
            continue;
        flooder->waiting++;
        ask(flooder, asker);
    }
    wait_for_all(flooder, flooder->end_us + PATIENCE_US);
    for (; flooder->waiting > 0; flooder->waiting--)
        answer_count(&flooder->sum, 0, "-");
}

static void wait_for_all(struct flooder *flooder, int64_t until_us)
{
    while (flooder->waiting > 0 && clock_monotonic_us() < until_us)
        turn(flooder);
}

static void turn(struct flooder *flooder)
{
    struct epoll_event events[EVENTS_MAX];
    const int count = epoll_wait(flooder->epoll, events, EVENTS_MAX, WAIT_MS);

    for (int i = 0; i < count; i++)
        go_on(flooder, events[i].data.ptr, events[i].events);
}

static void report(const struct flooder *flooder)
{
    long others = 0;

    for (size_t i = 0; i < flooder->sum.kind_count; i++) {
        if (flooder->sum.kinds[i].status != 200)
            others += flooder->sum.kinds[i].count;
    }
    printf("%ld %ld %ld %lld %lld\n", flooder->answered, flooder->sum.degraded, others,
           (long long)percentile_us(flooder, 0.99),
           (long long)(clock_monotonic_us() - flooder->begun_us));
    for (size_t i = 0; i < flooder->sum.kind_count; i++) {
        const struct answer_kind *kind = &flooder->sum.kinds[i];
        printf("%d %s %ld\n", kind->status, kind->code, kind->count);
    }
}

static void come(struct flooder *flooder, struct asker *asker)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((in_port_t)flooder->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    /* So that ports are free again at once. */
    const struct linger abruptly = {.l_onoff = 1};
    const int on = 1;
    const int holding = HOLDING_BYTES;
    const int segment = HOLDING_SEGMENT;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = asker};

    memset(asker, 0, sizeof(*asker));
    asker->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ASSERT(asker->fd >= 0);
    (void)setsockopt(asker->fd, SOL_SOCKET, SO_LINGER, &abruptly, sizeof(abruptly));
    (void)setsockopt(asker->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    ASSERT(bind(asker->fd, (const struct sockaddr *)&flooder->from, sizeof(flooder->from)) == 0);
    if (flooder->manner->holds) {
        (void)setsockopt(asker->fd, SOL_SOCKET, SO_RCVBUF, &holding, sizeof(holding));
        (void)setsockopt(asker->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    }
    flooder->waiting++;
    ASSERT(connect(asker->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
           errno == EINPROGRESS);
    ASSERT(epoll_ctl(flooder->epoll, EPOLL_CTL_ADD, asker->fd, &event) == 0);
}

static void go_on(struct flooder *flooder, struct asker *asker, uint32_t events)
{
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 || (asker->is_done && (events & EPOLLRDHUP) != 0)) {
        leave(flooder, asker);
        return;
    }
    if ((events & EPOLLIN) != 0 && asker->asked_us > 0 && !asker->is_done)
        hear(flooder, asker);
    if (asker->fd < 0)
        return;
    if (asker->asked_us > 0)
        send_more(flooder, asker);
    else if ((events & EPOLLOUT) != 0)
        ask(flooder, asker);
}

static void ask(struct flooder *flooder, struct asker *asker)
{
    const struct flood_requests *requests = &flooder->requests;

    asker->request = &requests->at[flooder->asked % requests->count];
    asker->number = flooder->asked++;
    if (flooder->asked == flooder->count) {
        printf("there\n");
        (void)fflush(stdout);
    }
    asker->sent = 0;
    asker->answer = (struct answer){0};
    asker->asked_us = clock_monotonic_us();
    send_more(flooder, asker);
}

/* All send from the same bytes, so each puts its numbers there before it goes on. */
static void send_more(struct flooder *flooder, struct asker *asker)
{
    const struct flood_request *request = asker->request;

    if (asker->sent == request->length)
        return;
    flood_request_fill(request, asker->number, (unsigned)(asker - flooder->askers));
    const ssize_t sent =
        send(asker->fd, request->bytes + asker->sent, request->length - asker->sent, MSG_NOSIGNAL);
    if (sent >= 0)
        asker->sent += (size_t)sent;
    else if (errno != EAGAIN)
        leave(flooder, asker);
}

/* Until there is no more, because each arrival is told once. */
static void hear(struct flooder *flooder, struct asker *asker)
{
    static char chunk[CHUNK_BYTES];
    const bool holds = flooder->manner->holds;
    ssize_t got = 0;

    while ((got = recv(asker->fd, chunk, holds ? ANSWER_HEAD_BYTES / 2 : sizeof(chunk), 0)) > 0) {
        struct answer_sum before_all = {0};
        struct answer_sum *sum = flooder->begun_us == 0 ? &before_all : &flooder->sum;

        if (!answer_take(&asker->answer, chunk, (size_t)got, sum)) {
            leave(flooder, asker);
            return;
        }
        if (answer_is_complete(&asker->answer)) {
            on_answered(flooder, asker);
            return;
        }
        if (holds && asker->answer.status == 200) {
            answer_count(&flooder->sum, 200, "-");
            asker->is_done = true;
            return;
        }
    }
    if (got == 0 || errno != EAGAIN)
        leave(flooder, asker);
}

static void on_answered(struct flooder *flooder, struct asker *asker)
{
    const int64_t now_us = clock_monotonic_us();
    const int64_t bucket = (now_us - asker->asked_us) / BUCKET_US;

    asker->is_done = flooder->manner->sits;
    if (flooder->begun_us == 0) {
        flooder->waiting--;
        return;
    }
    if (asker->answer.status == 200) {
        flooder->answered++;
        flooder->took[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    }
    if (now_us >= flooder->end_us)
        flooder->waiting--;
    else if (asker->answer.is_last && !flooder->manner->is_patient)
        leave(flooder, asker);
    else if (!asker->is_done)
        ask(flooder, asker);
}

/* Of one that has been answered nothing is missing. */
static void leave(struct flooder *flooder, struct asker *asker)
{
    if (!answer_is_complete(&asker->answer))
        answer_count(&flooder->sum, 0, "-");
    (void)close(asker->fd);
    asker->fd = -1;
    flooder->waiting--;
    if (!flooder->manner->is_patient && clock_monotonic_us() < flooder->end_us)
        come(flooder, asker);
}

static int64_t percentile_us(const struct flooder *flooder, double share)
{
    const double wanted = share * (double)flooder->answered;
    int64_t bucket = 0;

    for (double seen = flooder->took[0]; seen < wanted && bucket + 1 < BUCKETS;)
        seen += flooder->took[++bucket];
    return (bucket + 1) * BUCKET_US;
}
