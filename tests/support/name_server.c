/* SPDX-License-Identifier: MIT */
#include "support/name_server.h"

#include "base/memory.h"
#include "base/text.h"
#include "support/cmocka.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* RFC 1035, section 4. */
#define HEAD_BYTES     12
#define MESSAGE_BYTES  512
#define NAME_BYTES     256
#define TYPE_A         1
#define TYPE_AAAA      28
#define FLAGS_ANSWER   0x8580 /* an answer with authority; recursion is desired and available */
#define NAME_UNKNOWN   3
#define NAME_AT_HEAD   0xC00C /* a reference to the name in the question */
#define CLASS_INTERNET 1

struct record {
    const char *name;
    int family;
    unsigned char address[16];
};

struct name_server {
    int fd;
    int port;
    int end; /* an eventfd */
    pthread_t thread;
    pthread_mutex_t mutex; /* protects all below */
    size_t count;
    struct record records[NAME_SERVER_RECORDS_MAX];
    bool is_silent;
    int ignored; /* an address family */
    bool minds_case;
    bool fails;
    unsigned failure; /* flags */
    size_t questions;
};

static void *serve(void *context);
static size_t answer_write(struct name_server *server, unsigned char *message, size_t length);
static size_t name_read(const unsigned char *message, size_t length, char name[static NAME_BYTES]);
static size_t put16(unsigned char *out, unsigned value);
static size_t records_write(const struct name_server *server, const char *name, int family,
                            unsigned char *message, size_t length);
static bool knows(const struct name_server *server, const char *name);
static bool is_of(const struct name_server *server, size_t record, const char *name);

struct name_server *name_server_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    struct name_server *server = MEMORY_NEW(struct name_server);

    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    server->end = eventfd(0, EFD_CLOEXEC);
    assert_true(server->end >= 0);
    assert_int_equal(pthread_mutex_init(&server->mutex, NULL), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

void name_server_stop(struct name_server *server)
{
    assert_int_equal(eventfd_write(server->end, 1), 0);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    (void)pthread_mutex_destroy(&server->mutex);
    (void)close(server->fd);
    (void)close(server->end);
    free(server);
}

void name_server_add(struct name_server *server, const char *name, const char *address)
{
    (void)pthread_mutex_lock(&server->mutex);
    assert_true(server->count < NAME_SERVER_RECORDS_MAX);
    struct record *record = &server->records[server->count++];
    record->name = name;
    record->family = strchr(address, ':') == NULL ? AF_INET : AF_INET6;
    assert_int_equal(inet_pton(record->family, address, record->address), 1);
    (void)pthread_mutex_unlock(&server->mutex);
}

void name_server_forget(struct name_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->count = 0;
    (void)pthread_mutex_unlock(&server->mutex);
}

void name_server_silence(struct name_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->is_silent = true;
    (void)pthread_mutex_unlock(&server->mutex);
}

void name_server_ignore(struct name_server *server, int family)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->ignored = family;
    (void)pthread_mutex_unlock(&server->mutex);
}

void name_server_fail(struct name_server *server, unsigned flags)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->fails = true;
    server->failure = flags;
    (void)pthread_mutex_unlock(&server->mutex);
}

void name_server_mind_case(struct name_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->minds_case = true;
    (void)pthread_mutex_unlock(&server->mutex);
}

size_t name_server_questions(struct name_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    const size_t questions = server->questions;
    (void)pthread_mutex_unlock(&server->mutex);
    return questions;
}

void name_server_conf(struct name_server *const servers[], size_t count, const char *more,
                      char path[static SCRATCH_PATH_BYTES])
{
    scratch_file("resolv.conf", "", path);
    name_server_conf_rewrite(servers, count, more, path);
}

void name_server_conf_rewrite(struct name_server *const servers[], size_t count, const char *more,
                              const char *path)
{
    char content[512] = "";
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(content + length, sizeof(content) - length,
                                   "nameserver 127.0.0.1:%d\n", servers[i]->port);
    (void)snprintf(content + length, sizeof(content) - length, "%s", more);
    scratch_rewrite(path, content);
}

static void *serve(void *context)
{
    struct name_server *server = context;
    struct pollfd polled[] = {{.fd = server->fd, .events = POLLIN},
                              {.fd = server->end, .events = POLLIN}};

    while (poll(polled, ARRAY_COUNT(polled), -1) > 0 && polled[1].revents == 0) {
        unsigned char message[MESSAGE_BYTES];
        struct sockaddr_storage from;
        socklen_t from_length = sizeof(from);
        const ssize_t length = recvfrom(server->fd, message, sizeof(message), MSG_DONTWAIT,
                                        (struct sockaddr *)&from, &from_length);
        if (length < HEAD_BYTES)
            continue;
        (void)pthread_mutex_lock(&server->mutex);
        const size_t answer = answer_write(server, message, (size_t)length);
        (void)pthread_mutex_unlock(&server->mutex);
        if (answer > 0)
            (void)sendto(server->fd, message, answer, MSG_NOSIGNAL, (const struct sockaddr *)&from,
                         from_length);
    }
    return NULL;
}

/* Turns a question into its answer, in place. Returns the answer's length; 0: no answer. */
static size_t answer_write(struct name_server *server, unsigned char *message, size_t length)
{
    char name[NAME_BYTES];
    size_t end = name_read(message, length, name);

    server->questions++;
    if (end + 4 > length)
        return 0;
    const int family = message[end + 1] == TYPE_A ? AF_INET : AF_INET6;
    if (server->is_silent || server->ignored == family)
        return 0;
    memset(message + 6, 0, 6);
    if (server->fails) {
        (void)put16(message + 2, FLAGS_ANSWER | server->failure);
        return end + 4;
    }
    (void)put16(message + 2, FLAGS_ANSWER | (knows(server, name) ? 0 : NAME_UNKNOWN));
    return records_write(server, name, family, message, end + 4);
}

/* Reads a name such as "redis.test". Returns what follows it. The labels must end within the
 * message, which must go on after them. */
static size_t name_read(const unsigned char *message, size_t length, char name[static NAME_BYTES])
{
    size_t at = HEAD_BYTES;
    size_t out = 0;

    while (at < length && message[at] != 0 && at + message[at] < length &&
           out + message[at] + 1 < NAME_BYTES) {
        memcpy(name + out, message + at + 1, message[at]);
        out += message[at];
        name[out++] = '.';
        at += 1U + message[at];
    }
    name[out == 0 ? 0 : out - 1] = '\0';
    return at + 1;
}

static size_t put16(unsigned char *out, unsigned value)
{
    out[0] = (unsigned char)(value >> 8);
    out[1] = (unsigned char)value;
    return 2;
}

static size_t records_write(const struct name_server *server, const char *name, int family,
                            unsigned char *message, size_t length)
{
    const unsigned bytes = family == AF_INET ? 4 : 16;
    unsigned count = 0;

    for (size_t i = 0; i < server->count; i++) {
        const struct record *record = &server->records[i];
        if (record->family != family || !is_of(server, i, name))
            continue;
        assert_true(length + 12 + bytes <= MESSAGE_BYTES);
        length += put16(message + length, NAME_AT_HEAD);
        length += put16(message + length, family == AF_INET ? TYPE_A : TYPE_AAAA);
        length += put16(message + length, CLASS_INTERNET);
        length += put16(message + length, 0); /* the time to live, in 32 bits */
        length += put16(message + length, 0);
        length += put16(message + length, bytes);
        memcpy(message + length, record->address, bytes);
        length += bytes;
        count++;
    }
    (void)put16(message + 6, count);
    return length;
}

static bool knows(const struct name_server *server, const char *name)
{
    for (size_t i = 0; i < server->count; i++) {
        if (is_of(server, i, name))
            return true;
    }
    return false;
}

static bool is_of(const struct name_server *server, size_t record, const char *name)
{
    const char *known = server->records[record].name;

    return (server->minds_case ? strcmp(known, name) : strcasecmp(known, name)) == 0;
}
