/* SPDX-License-Identifier: MIT
 *
 * One poll() for all connections. A flow is one direction of a pair of sockets. What was read waits
 * in pieces, and each piece has its own time. */
#include "support/fault_proxy.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "support/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#define PAIRS_MAX      128
#define PIECE_BYTES    4096
#define DAMAGE_BYTES   64  /* how much longer damage may make a piece */
#define PIECES_MAX     256 /* per flow: when it has so many, the sender waits */
#define DAMAGED_ONE_IN 4

struct piece {
    STAILQ_ENTRY(piece) next;
    int64_t due_us;
    size_t sent;
    size_t length;
    char bytes[PIECE_BYTES + DAMAGE_BYTES];
};

struct flow {
    int from;
    int to;
    bool has_ended;         /* nothing more comes */
    int64_t rests_until_us; /* nothing is sent before */
    size_t count;
    STAILQ_HEAD(piece_list, piece) pieces;
};

struct pair {
    int client;
    int server; /* -1: mute */
    bool is_over;
    struct flow requests;
    struct flow replies;
};

struct fault_proxy {
    struct fault_proxy_options options;
    int port;
    int listening;
    int woken; /* an eventfd */
    pthread_t thread;
    pthread_cond_t changed;
    pthread_mutex_t lock; /* protects the next four */
    enum fault_proxy_mode wanted;
    int wanted_delay_ms;
    bool is_changed;
    bool is_ending;
    /* Used by the thread only. */
    enum fault_proxy_mode mode;
    int64_t delay_us;
    uint64_t random;
    size_t count;
    struct pair *pairs[PAIRS_MAX];
};

/* One turn, in the order in which it runs. */
static void *run(void *context);
static bool take_orders(struct fault_proxy *proxy);
static void change_mode(struct fault_proxy *proxy);
static void wait_for_events(struct fault_proxy *proxy);
static size_t watch(struct pollfd *watched, const struct fault_proxy *proxy,
                    const struct flow *flow, int64_t *next_us);
static void accept_all(struct fault_proxy *proxy);
static int connect_to_server(const struct fault_proxy *proxy);
static void flow_read(struct fault_proxy *proxy, struct pair *pair, struct flow *flow);
static void damage(struct fault_proxy *proxy, struct piece *piece);
static int64_t due_us(const struct fault_proxy *proxy, int64_t now_us);
static void flow_write(const struct fault_proxy *proxy, struct pair *pair, struct flow *flow);
static void rest(struct flow *flow, int64_t until_us);
static bool flow_is_done(const struct flow *flow);
static void close_what_is_over(struct fault_proxy *proxy);

static void reset(int fd);
static void pair_free(struct pair *pair);
static void wake(const struct fault_proxy *proxy);

struct fault_proxy *fault_proxy_start(const struct fault_proxy_options *options)
{
    struct fault_proxy *proxy = MEMORY_NEW(struct fault_proxy);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    proxy->options = *options;
    proxy->random = options->seed;
    proxy->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    proxy->woken = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(proxy->listening >= 0 && proxy->woken >= 0);
    ASSERT(bind(proxy->listening, (const struct sockaddr *)&address, length) == 0);
    ASSERT(listen(proxy->listening, PAIRS_MAX) == 0);
    ASSERT(getsockname(proxy->listening, (struct sockaddr *)&address, &length) == 0);
    proxy->port = ntohs(address.sin_port);
    ASSERT(pthread_mutex_init(&proxy->lock, NULL) == 0);
    ASSERT(pthread_cond_init(&proxy->changed, NULL) == 0);
    ASSERT(pthread_create(&proxy->thread, NULL, run, proxy) == 0);
    return proxy;
}

void fault_proxy_stop(struct fault_proxy *proxy)
{
    if (proxy == NULL)
        return;
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->is_ending = true;
    (void)pthread_mutex_unlock(&proxy->lock);
    wake(proxy);
    ASSERT(pthread_join(proxy->thread, NULL) == 0);
    for (size_t i = 0; i < proxy->count; i++)
        pair_free(proxy->pairs[i]);
    (void)pthread_cond_destroy(&proxy->changed);
    (void)pthread_mutex_destroy(&proxy->lock);
    (void)close(proxy->listening);
    (void)close(proxy->woken);
    free(proxy);
}

int fault_proxy_port(const struct fault_proxy *proxy)
{
    return proxy->port;
}

void fault_proxy_set(struct fault_proxy *proxy, enum fault_proxy_mode mode, int delay_ms)
{
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->wanted = mode;
    proxy->wanted_delay_ms = delay_ms;
    proxy->is_changed = true;
    wake(proxy);
    while (proxy->is_changed)
        (void)pthread_cond_wait(&proxy->changed, &proxy->lock);
    (void)pthread_mutex_unlock(&proxy->lock);
}

static void *run(void *context)
{
    struct fault_proxy *proxy = context;

    while (take_orders(proxy)) {
        wait_for_events(proxy);
        accept_all(proxy);
        for (size_t i = 0; i < proxy->count; i++) {
            struct pair *pair = proxy->pairs[i];
            flow_read(proxy, pair, &pair->requests);
            flow_read(proxy, pair, &pair->replies);
            flow_write(proxy, pair, &pair->requests);
            flow_write(proxy, pair, &pair->replies);
        }
        close_what_is_over(proxy);
    }
    return NULL;
}

/* False when the proxy has to end. */
static bool take_orders(struct fault_proxy *proxy)
{
    uint64_t ignored;

    (void)!read(proxy->woken, &ignored, sizeof(ignored));
    (void)pthread_mutex_lock(&proxy->lock);
    const bool is_ending = proxy->is_ending;
    if (proxy->is_changed)
        change_mode(proxy);
    proxy->is_changed = false;
    (void)pthread_cond_signal(&proxy->changed);
    (void)pthread_mutex_unlock(&proxy->lock);
    return !is_ending;
}

static void change_mode(struct fault_proxy *proxy)
{
    accept_all(proxy); /* clients that connected before get the former mode */
    proxy->mode = proxy->wanted;
    proxy->delay_us = proxy->wanted_delay_ms * INT64_C(1000);
    if (proxy->mode != FAULT_PROXY_RESET && proxy->mode != FAULT_PROXY_MUTE)
        return;
    for (size_t i = 0; i < proxy->count; i++) {
        reset(proxy->pairs[i]->client);
        proxy->pairs[i]->is_over = true;
    }
    close_what_is_over(proxy);
}

static void wait_for_events(struct fault_proxy *proxy)
{
    struct pollfd watched[2 + 2 * 2 * PAIRS_MAX] = {
        {.fd = proxy->listening, .events = POLLIN},
        {.fd = proxy->woken, .events = POLLIN},
    };
    const int64_t now_us = clock_monotonic_us();
    int64_t next_us = INT64_MAX;
    size_t count = 2;

    for (size_t i = 0; i < proxy->count; i++) {
        count += watch(watched + count, proxy, &proxy->pairs[i]->requests, &next_us);
        count += watch(watched + count, proxy, &proxy->pairs[i]->replies, &next_us);
    }
    const int64_t wait_us = next_us > now_us ? next_us - now_us : 0;
    const struct timespec wait = duration_timespec(wait_us);
    (void)ppoll(watched, count, next_us == INT64_MAX ? NULL : &wait, NULL);
}

/* Returns how many it added. Lowers *next_us to the time of the next write. */
static size_t watch(struct pollfd *watched, const struct fault_proxy *proxy,
                    const struct flow *flow, int64_t *next_us)
{
    const struct piece *piece = STAILQ_FIRST(&flow->pieces);
    size_t count = 0;

    if (proxy->mode == FAULT_PROXY_HANG)
        return 0;
    if (!flow->has_ended && flow->count < PIECES_MAX && flow->from >= 0)
        watched[count++] = (struct pollfd){.fd = flow->from, .events = POLLIN};
    if (piece == NULL)
        return count;
    if (piece->due_us <= clock_monotonic_us())
        watched[count++] = (struct pollfd){.fd = flow->to, .events = POLLOUT};
    else if (piece->due_us < *next_us)
        *next_us = piece->due_us;
    return count;
}

static void accept_all(struct fault_proxy *proxy)
{
    const int on = 1;

    for (;;) {
        int client = accept4(proxy->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0)
            return;
        int server = proxy->mode == FAULT_PROXY_MUTE ? -1 : connect_to_server(proxy);
        if (proxy->mode == FAULT_PROXY_RESET || proxy->count == PAIRS_MAX ||
            (server < 0 && proxy->mode != FAULT_PROXY_MUTE)) {
            reset(client);
            (void)close(client);
            if (server >= 0)
                (void)close(server);
            continue;
        }
        (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        struct pair *pair = MEMORY_NEW(struct pair);
        pair->client = client;
        pair->server = server;
        pair->requests = (struct flow){.from = client, .to = server};
        pair->replies = (struct flow){.from = server, .to = client, .has_ended = server < 0};
        STAILQ_INIT(&pair->requests.pieces);
        STAILQ_INIT(&pair->replies.pieces);
        proxy->pairs[proxy->count++] = pair;
    }
}

/* -1 when nothing listens there. On this machine connect() knows that at once. */
static int connect_to_server(const struct fault_proxy *proxy)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        .sin_port = htons((in_port_t)proxy->options.port)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ASSERT(fd >= 0);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
        errno == EINPROGRESS)
        return fd;
    (void)close(fd);
    return -1;
}

static void flow_read(struct fault_proxy *proxy, struct pair *pair, struct flow *flow)
{
    char bytes[PIECE_BYTES];

    if (proxy->mode == FAULT_PROXY_HANG || flow->has_ended || flow->count == PIECES_MAX)
        return;
    const ssize_t length = recv(flow->from, bytes, sizeof(bytes), 0);
    if (length < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return;
    if (length <= 0) {
        flow->has_ended = true;
        return;
    }
    if (pair->server < 0)
        return;
    struct piece *piece = MEMORY_NEW(struct piece);
    memcpy(piece->bytes, bytes, (size_t)length);
    piece->length = (size_t)length;
    if (flow == &pair->replies) {
        piece->due_us = due_us(proxy, clock_monotonic_us());
        if (piece->due_us < flow->rests_until_us)
            piece->due_us = flow->rests_until_us;
        if (proxy->mode == FAULT_PROXY_CORRUPT && random_next(&proxy->random) % DAMAGED_ONE_IN == 0)
            damage(proxy, piece);
    }
    STAILQ_INSERT_TAIL(&flow->pieces, piece, next);
    flow->count++;
}

/* Flips bits, loses bytes, repeats bytes, or inserts words of Redis where they do not belong:
 * lengths that are not numbers, that announce bytes which never come, or that no memory can
 * hold. */
static void damage(struct fault_proxy *proxy, struct piece *piece)
{
    static const char *const words[] = {
        "*-1\r\n",
        "*0\r\n",
        "*5\r\n",
        "*1000000\r\n",
        "*-7\r\n",
        "$-1\r\n",
        "$0\r\n\r\n",
        "$999999999\r\n",
        "$-7\r\n",
        "+OK\r\n",
        "-ERR broken\r\n",
        "-NOSCRIPT\r\n",
        ":0\r\n",
        ":1\r\n",
        ":-1\r\n",
        ":99999999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n",
        "%1\r\n",
        "\r\n",
    };
    const size_t at = random_next(&proxy->random) % piece->length;
    const size_t rest = piece->length - at;
    const char *word = words[random_next(&proxy->random) % ARRAY_COUNT(words)];
    char *byte = piece->bytes + at;

    switch (random_next(&proxy->random) % 5) {
    case 0:
        *byte = (char)(*byte ^ 1 << random_next(&proxy->random) % 8);
        return;
    case 1:
        memmove(byte, byte + 1, rest - 1);
        piece->length--;
        return;
    case 2:
        piece->length = at;
        return;
    case 3:
        memmove(byte + 1, byte, rest);
        piece->length++;
        return;
    default:
        memmove(byte + strlen(word), byte, rest);
        memcpy(byte, word, strlen(word));
        piece->length += strlen(word);
    }
}

static int64_t due_us(const struct fault_proxy *proxy, int64_t now_us)
{
    if (proxy->mode == FAULT_PROXY_DELAY)
        return now_us + proxy->delay_us;
    if (proxy->mode == FAULT_PROXY_COALESCE)
        return (now_us / proxy->delay_us + 1) * proxy->delay_us;
    return 0;
}

static void flow_write(const struct fault_proxy *proxy, struct pair *pair, struct flow *flow)
{
    const bool bytewise = proxy->mode == FAULT_PROXY_ONE_BYTE && flow == &pair->replies;
    const bool is_slow = proxy->mode == FAULT_PROXY_SLOW && flow == &pair->replies;
    const int64_t now_us = clock_monotonic_us();
    struct piece *piece;

    if (proxy->mode == FAULT_PROXY_HANG)
        return;
    while ((piece = STAILQ_FIRST(&flow->pieces)) != NULL && piece->due_us <= now_us) {
        const struct piece *next = STAILQ_NEXT(piece, next);
        const bool has_more = !bytewise && !is_slow && next != NULL && next->due_us <= now_us;
        const size_t left = bytewise ? 1 : piece->length - piece->sent;
        /* Pieces that are due together leave in one segment. A damaged piece may be empty. */
        const ssize_t sent = piece->length == 0 ? 0
                                                : send(flow->to, piece->bytes + piece->sent, left,
                                                       MSG_NOSIGNAL | (has_more ? MSG_MORE : 0));
        if (sent < 0) {
            pair->is_over = errno != EAGAIN && errno != ENOTCONN;
            return;
        }
        piece->sent += (size_t)sent;
        if (piece->sent == piece->length) {
            STAILQ_REMOVE_HEAD(&flow->pieces, next);
            flow->count--;
            free(piece);
        }
        if (bytewise || is_slow) {
            rest(flow, now_us + proxy->delay_us);
            return;
        }
    }
}

/* Also for what has not come yet. */
static void rest(struct flow *flow, int64_t until_us)
{
    struct piece *piece = STAILQ_FIRST(&flow->pieces);

    flow->rests_until_us = until_us;
    if (piece != NULL)
        piece->due_us = until_us;
}

static bool flow_is_done(const struct flow *flow)
{
    return flow->has_ended && STAILQ_EMPTY(&flow->pieces);
}

static void close_what_is_over(struct fault_proxy *proxy)
{
    size_t kept = 0;

    for (size_t i = 0; i < proxy->count; i++) {
        struct pair *pair = proxy->pairs[i];
        const bool is_over = pair->is_over || flow_is_done(&pair->requests) ||
                             (pair->server >= 0 && flow_is_done(&pair->replies));
        if (is_over)
            pair_free(pair);
        else
            proxy->pairs[kept++] = pair;
    }
    proxy->count = kept;
}

/* Makes close() send a reset. */
static void reset(int fd)
{
    const struct linger linger = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void pair_free(struct pair *pair)
{
    struct flow *const flows[] = {&pair->requests, &pair->replies};

    for (size_t i = 0; i < ARRAY_COUNT(flows); i++) {
        while (!STAILQ_EMPTY(&flows[i]->pieces)) {
            struct piece *piece = STAILQ_FIRST(&flows[i]->pieces);
            STAILQ_REMOVE_HEAD(&flows[i]->pieces, next);
            free(piece);
        }
    }
    (void)close(pair->client);
    if (pair->server >= 0)
        (void)close(pair->server);
    free(pair);
}

static void wake(const struct fault_proxy *proxy)
{
    const uint64_t one = 1;

    ASSERT(write(proxy->woken, &one, sizeof(one)) == sizeof(one));
}
