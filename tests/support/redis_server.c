/* SPDX-License-Identifier: MIT */
#include "support/redis_server.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define START_ATTEMPTS  20
#define START_SECONDS   10
#define COMMAND_SECONDS 60
#define WORDS_MAX       64 /* of its command line */

/* Below the ephemeral ports, so that no client's connection takes the port while Redis is away. */
#define PORT_MIN   20000
#define PORT_COUNT 12000
/* How far below its port a node's port for the other nodes is; Redis' own choice is ephemeral. */
#define BUS_DISTANCE 10000

struct redis_server {
    pid_t process; /* 0: not running */
    int port;
    char directory[SCRATCH_PATH_BYTES];
    char socket[SCRATCH_PATH_BYTES + 16];
    char output[SCRATCH_PATH_BYTES + 16];
    char password[64]; /* "" for none */
    bool is_node;      /* it is a node of a cluster */
    int announced;     /* 0: its own port */
    struct redis_server_tls tls;
    char clock_path[SCRATCH_PATH_BYTES + 16];
    _Atomic(int64_t) *clock_us; /* NULL: it has the real clock */
    char unix_url[128];
    char tcp_url[REDIS_SERVER_URL_BYTES];
    redisContext *connection; /* NULL: none */
    redisReply *reply;        /* what redis_server_command() returned last */
};

static struct redis_server *start(const char *password, bool is_clocked, bool is_node,
                                  const struct redis_server_tls *tls);
static void map_clock(struct redis_server *server);
static const redisReply *checked_reply(const struct redis_server *server, const char *command);
static bool run(struct redis_server *server);
static void add_words(const char *argv[], const char *const words[], size_t count);
static void add_tls(const struct redis_server *server, const char *port, const char *argv[]);
static const char *announcing(const struct redis_server *server);
static bool has_ended(struct redis_server *server);
static bool answers(struct redis_server *server);
static void disconnect(struct redis_server *server);
static bool value_contains(struct redis_server *server, const char *key, const char *needle);
static bool reply_contains(const redisReply *reply, const char *needle);

struct redis_server *redis_server_start(const char *password)
{
    return start(password, false, false, NULL);
}

struct redis_server *redis_server_start_clocked(void)
{
    return start(NULL, true, false, NULL);
}

struct redis_server *redis_server_start_node(void)
{
    return start(NULL, false, true, NULL);
}

struct redis_server *redis_server_start_tls(const struct redis_server_tls *tls)
{
    return start(NULL, false, false, tls);
}

struct redis_server *redis_server_start_tls_node(const struct redis_server_tls *tls)
{
    return start(NULL, false, true, tls);
}

static struct redis_server *start(const char *password, bool is_clocked, bool is_node,
                                  const struct redis_server_tls *tls)
{
    struct redis_server *server = MEMORY_NEW(struct redis_server);
    bool running = false;

    scratch_directory("redis", server->directory);
    (void)snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->directory);
    (void)snprintf(server->output, sizeof(server->output), "%s/redis.log", server->directory);
    (void)snprintf(server->password, sizeof(server->password), "%s",
                   password == NULL ? "" : password);
    server->is_node = is_node;
    if (tls != NULL)
        server->tls = *tls;
    if (is_clocked)
        map_clock(server);
    /* Only Redis itself can find out whether a port is free, by binding it. */
    for (int i = 0; i < START_ATTEMPTS && !running; i++) {
        server->port =
            PORT_MIN + (int)(((unsigned)getpid() * 131U + (unsigned)rand()) % PORT_COUNT);
        running = run(server);
    }
    assert_true(running);
    (void)snprintf(server->unix_url, sizeof(server->unix_url), "unix://%s", server->socket);
    redis_server_write_url(server, server->port, server->tcp_url);
    return server;
}

static void map_clock(struct redis_server *server)
{
    (void)snprintf(server->clock_path, sizeof(server->clock_path), "%s/clock", server->directory);
    const int file = open(server->clock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, sizeof(*server->clock_us)), 0);
    void *mapped =
        mmap(NULL, sizeof(*server->clock_us), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(mapped != MAP_FAILED);
    server->clock_us = mapped;
    (void)close(file);
}

void redis_server_set_clock(struct redis_server *server, int64_t now_us)
{
    atomic_store(server->clock_us, now_us);
}

void redis_server_stop(struct redis_server *server)
{
    if (server == NULL)
        return;
    disconnect(server);
    if (server->clock_us != NULL)
        (void)munmap(server->clock_us, sizeof(*server->clock_us));
    if (server->process > 0)
        process_kill(server->process);
    free(server);
}

/* Each byte of the password is percent-encoded, so any password is written correctly. */
void redis_server_write_url(const struct redis_server *server, int port,
                            char url[static REDIS_SERVER_URL_BYTES])
{
    char encoded[3 * sizeof(server->password)] = "";

    for (size_t i = 0; server->password[i] != '\0'; i++)
        (void)snprintf(encoded + 3 * i, 4, "%%%02X", (unsigned char)server->password[i]);
    (void)snprintf(url, REDIS_SERVER_URL_BYTES, "%s://%s%s%s127.0.0.1:%d",
                   server->tls.certificate == NULL ? "redis" : "rediss",
                   encoded[0] == '\0' ? "" : ":", encoded, encoded[0] == '\0' ? "" : "@", port);
}

const char *redis_server_unix_url(const struct redis_server *server)
{
    return server->unix_url;
}

const char *redis_server_tcp_url(const struct redis_server *server)
{
    return server->tcp_url;
}

int redis_server_port(const struct redis_server *server)
{
    return server->port;
}

const char *redis_server_socket(const struct redis_server *server)
{
    return server->socket;
}

int redis_server_bus_port(const struct redis_server *server)
{
    return server->port - BUS_DISTANCE;
}

void redis_server_announce(struct redis_server *server, int port)
{
    ASSERT(server->is_node);
    server->announced = port;
    (void)redis_server_command(server, "CONFIG SET %s %d", announcing(server) + strlen("--"), port);
}

int redis_server_announced_port(const struct redis_server *server)
{
    return server->announced != 0 ? server->announced : server->port;
}

const char *redis_server_password(const struct redis_server *server)
{
    return server->password;
}

void redis_server_kill(struct redis_server *server)
{
    disconnect(server);
    process_kill(server->process);
    server->process = 0;
}

/* Meanwhile another connection may have the port. Then Redis ends, and is started again until the
 * port is free. */
void redis_server_restart(struct redis_server *server)
{
    ASSERT(server->process == 0);
    WAIT_FOR (START_SECONDS, run(server))
        ;
}

void redis_server_pause(struct redis_server *server)
{
    ASSERT(server->process > 0);
    assert_int_equal(kill(server->process, SIGSTOP), 0);
}

void redis_server_continue(struct redis_server *server)
{
    ASSERT(server->process > 0);
    assert_int_equal(kill(server->process, SIGCONT), 0);
}

const redisReply *redis_server_command(struct redis_server *server, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const redisReply *reply = redis_server_command_list(server, format, arguments);
    va_end(arguments);
    return reply;
}

const redisReply *redis_server_command_list(struct redis_server *server, const char *format,
                                            va_list arguments)
{
    freeReplyObject(server->reply);
    server->reply = redisvCommand(server->connection, format, arguments);
    return checked_reply(server, format);
}

const redisReply *redis_server_command_words(struct redis_server *server, int count,
                                             const char *words[], const size_t lengths[])
{
    freeReplyObject(server->reply);
    server->reply = redisCommandArgv(server->connection, count, words, lengths);
    return checked_reply(server, words[0]);
}

void redis_server_begin_command(struct redis_server *server, const char *format, ...)
{
    va_list arguments;
    int is_sent = 0;

    va_start(arguments, format);
    assert_int_equal(redisvAppendCommand(server->connection, format, arguments), REDIS_OK);
    va_end(arguments);
    while (is_sent == 0)
        assert_int_equal(redisBufferWrite(server->connection, &is_sent), REDIS_OK);
}

const redisReply *redis_server_finish_command(struct redis_server *server)
{
    void *reply = NULL;

    freeReplyObject(server->reply);
    (void)redisGetReply(server->connection, &reply);
    server->reply = reply;
    return checked_reply(server, "a command that was begun");
}

bool redis_server_contains(struct redis_server *server, const char *needle)
{
    redisReply *keys = redisCommand(server->connection, "KEYS *");
    bool found = false;

    assert_non_null(keys);
    for (size_t i = 0; i < keys->elements && !found; i++)
        found = strstr(keys->element[i]->str, needle) != NULL ||
                value_contains(server, keys->element[i]->str, needle);
    freeReplyObject(keys);
    return found;
}

static const redisReply *checked_reply(const struct redis_server *server, const char *command)
{
    if (server->reply == NULL || server->reply->type == REDIS_REPLY_ERROR)
        fail_msg("redis: %s: %s", command,
                 server->reply == NULL ? server->connection->errstr : server->reply->str);
    return server->reply;
}

/* False when Redis ended instead of answering. */
static bool run(struct redis_server *server)
{
    char port[16];
    char bus_port[16];
    char announced[16];
    char clock[sizeof(server->clock_path) + 16];
    const char *argv[] = {"env",
                          "--unset=ASAN_OPTIONS",
                          "LD_PRELOAD=" MOVED_CLOCK_LIBRARY,
                          clock,
                          "redis-server",
                          "--bind",
                          "127.0.0.1",
                          "--port",
                          port,
                          "--unixsocket",
                          server->socket,
                          "--dir",
                          server->directory,
                          "--save",
                          "",
                          "--appendonly",
                          "no",
                          "--enable-debug-command",
                          "local",
                          "--enable-protected-configs",
                          "local",
                          "--cluster-enabled",
                          server->is_node ? "yes" : "no",
                          "--cluster-port",
                          bus_port,
                          server->password[0] == '\0' ? NULL : "--requirepass",
                          server->password,
                          NULL,
                          [WORDS_MAX] = NULL};

    const size_t first = server->clock_us == NULL ? 4 : 0; /* skips the words for the clock */

    (void)snprintf(port, sizeof(port), "%d", server->port);
    (void)snprintf(bus_port, sizeof(bus_port), "%d", redis_server_bus_port(server));
    (void)snprintf(announced, sizeof(announced), "%d", server->announced);
    (void)snprintf(clock, sizeof(clock), "MOVED_CLOCK=%s", server->clock_path);
    if (server->announced != 0)
        add_words(argv, (const char *const[]){announcing(server), announced}, 2);
    if (server->tls.certificate != NULL)
        add_tls(server, port, argv);
    server->process = process_start(argv + first, NULL, server->output);
    WAIT_FOR (START_SECONDS, has_ended(server) || answers(server))
        ;
    return server->process != 0;
}

static void add_words(const char *argv[], const char *const words[], size_t count)
{
    size_t used = 0;

    while (argv[used] != NULL)
        used++;
    assert_true(used + count < WORDS_MAX);
    memcpy(argv + used, words, count * sizeof(*words));
}

/* Of two equal words Redis takes the last. A Redis that was built without TLS knows none of
 * these. */
static void add_tls(const struct redis_server *server, const char *port, const char *argv[])
{
    const struct redis_server_tls *tls = &server->tls;
    const char *const words[] = {"--port",
                                 "0",
                                 "--tls-port",
                                 port,
                                 "--tls-cert-file",
                                 tls->certificate,
                                 "--tls-key-file",
                                 tls->key,
                                 "--tls-ca-cert-file",
                                 tls->authorities,
                                 "--tls-auth-clients",
                                 tls->demands_certificate ? "yes" : "no",
                                 "--tls-cluster",
                                 "yes",
                                 "--tls-replication",
                                 "yes"};

    add_words(argv, words, ARRAY_COUNT(words));
}

/* The setting, as a word of the command line. */
static const char *announcing(const struct redis_server *server)
{
    return server->tls.certificate == NULL ? "--cluster-announce-port"
                                           : "--cluster-announce-tls-port";
}

static bool has_ended(struct redis_server *server)
{
    if (server->process != 0 && process_poll(server->process) != PROCESS_RUNNING)
        server->process = 0;
    return server->process == 0;
}

static bool answers(struct redis_server *server)
{
    const struct timeval timeout = {.tv_sec = COMMAND_SECONDS};
    redisReply *reply = NULL;

    disconnect(server);
    server->connection = redisConnectUnixWithTimeout(server->socket, timeout);
    assert_non_null(server->connection);
    if (server->connection->err != 0)
        return false;
    (void)redisSetTimeout(server->connection, timeout);
    if (server->password[0] != '\0')
        freeReplyObject(redisCommand(server->connection, "AUTH %s", server->password));
    reply = redisCommand(server->connection, "PING");
    bool pong = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return pong;
}

static void disconnect(struct redis_server *server)
{
    freeReplyObject(server->reply);
    server->reply = NULL;
    if (server->connection != NULL)
        redisFree(server->connection);
    server->connection = NULL;
}

/* Reads the value with the commands of all types. One fits, and the others are errors. */
static bool value_contains(struct redis_server *server, const char *key, const char *needle)
{
    static const char *const reads[] = {"GET %s",         "HGETALL %s",     "SMEMBERS %s",
                                        "LRANGE %s 0 -1", "ZRANGE %s 0 -1", "XRANGE %s - +"};
    bool found = false;

    for (size_t i = 0; i < ARRAY_COUNT(reads) && !found; i++) {
        redisReply *reply = redisCommand(server->connection, reads[i], key);
        assert_non_null(reply);
        found = reply->type != REDIS_REPLY_ERROR && reply_contains(reply, needle);
        freeReplyObject(reply);
    }
    return found;
}

static bool reply_contains(const redisReply *reply, const char *needle)
{
    bool found = reply->str != NULL && memmem(reply->str, reply->len, needle, strlen(needle));

    for (size_t i = 0; i < reply->elements && !found; i++)
        found = reply_contains(reply->element[i], needle);
    return found;
}
