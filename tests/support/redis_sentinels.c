/* SPDX-License-Identifier: MIT */
#include "support/redis_sentinels.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <signal.h>
#include <unistd.h>

#define SERVERS         2
#define START_ATTEMPTS  20
#define START_SECONDS   20
#define COMMAND_SECONDS 10
#define URL_BYTES       256

/* Above those of redis_server.c, and still below the ephemeral ones. */
#define PORT_MIN   32000
#define PORT_COUNT 700

struct sentinel {
    pid_t process; /* 0: not running */
    int port;
    char socket[SCRATCH_PATH_BYTES + 16]; /* there it never speaks TLS */
    char configuration[SCRATCH_PATH_BYTES];
    char output[SCRATCH_PATH_BYTES];
};

struct redis_sentinels {
    struct redis_server *servers[SERVERS];
    struct sentinel list[REDIS_SENTINELS_COUNT];
    char password[64];                  /* "" for none */
    const struct redis_server_tls *tls; /* or NULL */
    char url[URL_BYTES];
};

static struct redis_sentinels *start(const char *password, const struct redis_server_tls *tls);
static void sentinel_start(struct redis_sentinels *sentinels, struct sentinel *sentinel);
static bool sentinel_run(struct redis_sentinels *sentinels, struct sentinel *sentinel);
static void write_words(const struct redis_sentinels *sentinels, int port, FILE *file);
static bool has_ended(struct sentinel *sentinel);
static bool answers(const struct redis_sentinels *sentinels, const struct sentinel *sentinel);
static void await_acquaintance(struct redis_sentinels *sentinels, long long replicas);
static void set_publish_period(struct redis_sentinels *sentinels, int period_ms);
static bool knows_all(struct redis_sentinels *sentinels, const struct sentinel *sentinel,
                      long long replicas);
static void expect_done(redisReply *reply);
static redisReply *ask(const struct redis_sentinels *sentinels, const struct sentinel *sentinel,
                       const char *format, ...);
static redisContext *sentinel_connect(const struct redis_sentinels *sentinels,
                                      const struct sentinel *sentinel);
static redisReply *server_ask(const struct redis_server *server, const char *command);
static redisReply *server_answer(const struct redis_server *server, const char *command);
static long long field_of(const redisReply *fields, const char *name);
static bool failover_begins(const struct redis_sentinels *sentinels,
                            const struct sentinel *sentinel);
static bool replicates(struct redis_server *replica);
static long long calls_in(const char *statistics, const char *line, const char *field);

struct redis_sentinels *redis_sentinels_start(const char *password)
{
    return start(password, NULL);
}

struct redis_sentinels *redis_sentinels_start_tls(const struct redis_server_tls *tls)
{
    return start(NULL, tls);
}

static struct redis_sentinels *start(const char *password, const struct redis_server_tls *tls)
{
    struct redis_sentinels *sentinels = MEMORY_NEW(struct redis_sentinels);

    sentinels->tls = tls;
    (void)snprintf(sentinels->password, sizeof(sentinels->password), "%s",
                   password == NULL ? "" : password);
    for (size_t i = 0; i < SERVERS; i++)
        sentinels->servers[i] =
            tls == NULL ? redis_server_start(NULL) : redis_server_start_tls(tls);
    /* Otherwise the first copy begins after five seconds. */
    (void)redis_server_command(sentinels->servers[0], "CONFIG SET repl-diskless-sync-delay 0");
    /* A sentinel looks for replicas when it starts, and then every ten seconds. */
    (void)redis_server_command(sentinels->servers[1], "REPLICAOF 127.0.0.1 %d",
                               redis_server_port(sentinels->servers[0]));
    WAIT_FOR (START_SECONDS, replicates(sentinels->servers[1]))
        ;
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        sentinel_start(sentinels, &sentinels->list[i]);
    await_acquaintance(sentinels, SERVERS - 1);
    return sentinels;
}

void redis_sentinels_stop(struct redis_sentinels *sentinels)
{
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++) {
        if (sentinels->list[i].process > 0)
            process_kill(sentinels->list[i].process);
    }
    for (size_t i = 0; i < SERVERS; i++)
        redis_server_stop(sentinels->servers[i]);
    free(sentinels);
}

const char *redis_sentinels_url(struct redis_sentinels *sentinels, size_t count)
{
    char hosts[URL_BYTES - 64] = "";

    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(hosts);
        (void)snprintf(hosts + length, sizeof(hosts) - length, "%s127.0.0.1:%d", i == 0 ? "" : ",",
                       sentinels->list[i].port);
    }
    (void)snprintf(sentinels->url, sizeof(sentinels->url), "%s://%s/%s",
                   sentinels->tls == NULL ? "redis-sentinel" : "rediss-sentinel", hosts,
                   REDIS_SENTINELS_MASTER);
    return sentinels->url;
}

struct redis_server *redis_sentinels_server(struct redis_sentinels *sentinels, size_t index)
{
    ASSERT(index < SERVERS);
    return sentinels->servers[index];
}

void redis_sentinels_pin(struct redis_sentinels *sentinels, int port)
{
    redis_server_kill(sentinels->servers[1]);
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++) {
        const struct sentinel *sentinel = &sentinels->list[i];
        expect_done(ask(sentinels, sentinel, "SENTINEL REMOVE %s", REDIS_SENTINELS_MASTER));
        expect_done(ask(sentinels, sentinel, "SENTINEL MONITOR %s 127.0.0.1 %d 2",
                        REDIS_SENTINELS_MASTER, port));
    }
    await_acquaintance(sentinels, 0);
}

/* It is refused while another one is still under way, or before the sentinel knows that the replica
 * is fit. */
void redis_sentinels_fail_over(struct redis_sentinels *sentinels, size_t index)
{
    WAIT_FOR (START_SECONDS, failover_begins(sentinels, &sentinels->list[index]))
        ;
}

bool redis_sentinels_all_name(struct redis_sentinels *sentinels, size_t index)
{
    const int port = redis_server_port(redis_sentinels_server(sentinels, index));
    bool all = true;

    for (size_t i = 0; i < REDIS_SENTINELS_COUNT && all; i++) {
        if (sentinels->list[i].process == 0)
            continue;
        redisReply *reply = ask(sentinels, &sentinels->list[i],
                                "SENTINEL GET-MASTER-ADDR-BY-NAME %s", REDIS_SENTINELS_MASTER);
        all = reply != NULL && reply->elements == 2 && atol(reply->element[1]->str) == port;
        freeReplyObject(reply);
    }
    return all;
}

void redis_sentinels_kill(struct redis_sentinels *sentinels, size_t index)
{
    process_kill(sentinels->list[index].process);
    sentinels->list[index].process = 0;
}

void redis_sentinels_pause(struct redis_sentinels *sentinels, size_t index)
{
    assert_int_equal(kill(sentinels->list[index].process, SIGSTOP), 0);
}

void redis_sentinels_continue(struct redis_sentinels *sentinels, size_t index)
{
    assert_int_equal(kill(sentinels->list[index].process, SIGCONT), 0);
}

void redis_sentinels_command_words(struct redis_sentinels *sentinels, size_t index, int count,
                                   const char *words[])
{
    redisContext *context = sentinel_connect(sentinels, &sentinels->list[index]);
    redisReply *reply = redisCommandArgv(context, count, words, NULL);

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
        fail_msg("sentinel: %s: %s", words[0], reply == NULL ? context->errstr : reply->str);
    freeReplyObject(reply);
    redisFree(context);
}

size_t redis_sentinels_refusals(const struct redis_sentinels *sentinels, size_t index)
{
    redisReply *reply = ask(sentinels, &sentinels->list[index], "ACL LOG");

    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    const size_t count = reply->elements;
    freeReplyObject(reply);
    return count;
}

int redis_sentinels_port(const struct redis_sentinels *sentinels, size_t index)
{
    return sentinels->list[index].port;
}

/* "cmdstat_evalsha:calls=6,usec=93,...,rejected_calls=0,failed_calls=0". */
long long redis_sentinels_scripts(const struct redis_server *server)
{
    static const char *const lines[] = {"cmdstat_eval:", "cmdstat_evalsha:"};
    redisReply *reply = server_ask(server, "INFO commandstats");
    long long count = 0;

    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        count += calls_in(reply->str, lines[i], "calls=") -
                 calls_in(reply->str, lines[i], "failed_calls=");
    freeReplyObject(reply);
    return count;
}

bool redis_sentinels_is_replica(const struct redis_server *server)
{
    redisReply *reply = server_ask(server, "INFO replication");
    const bool is = strstr(reply->str, "role:slave") != NULL;

    freeReplyObject(reply);
    return is;
}

static void sentinel_start(struct redis_sentinels *sentinels, struct sentinel *sentinel)
{
    scratch_file("sentinel.log", "", sentinel->output);
    /* Only the sentinel itself can find out whether a port is free, by binding it. */
    for (int i = 0; i < START_ATTEMPTS && sentinel->process == 0; i++) {
        sentinel->port =
            PORT_MIN + (int)(((unsigned)getpid() * 131U + (unsigned)rand()) % PORT_COUNT);
        (void)sentinel_run(sentinels, sentinel);
    }
    assert_true(sentinel->process > 0);
}

/* It keeps what it knows in its configuration file. */
static bool sentinel_run(struct redis_sentinels *sentinels, struct sentinel *sentinel)
{
    const char *const argv[] = {"redis-server", sentinel->configuration, "--sentinel", NULL};
    char directory[SCRATCH_PATH_BYTES];
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);

    assert_non_null(file);
    scratch_directory("sentinel", directory);
    (void)snprintf(sentinel->socket, sizeof(sentinel->socket), "%s/redis.sock", directory);
    (void)fprintf(file, "dir %s\nunixsocket %s\n", directory, sentinel->socket);
    write_words(sentinels, sentinel->port, file);
    assert_int_equal(fclose(file), 0);
    scratch_file("sentinel.conf", text, sentinel->configuration);
    free(text);
    sentinel->process = process_start(argv, NULL, sentinel->output);
    WAIT_FOR (START_SECONDS, has_ended(sentinel) || answers(sentinels, sentinel))
        ;
    return sentinel->process > 0;
}

static void write_words(const struct redis_sentinels *sentinels, int port, FILE *file)
{
    static const char name[] = REDIS_SENTINELS_MASTER;
    const struct redis_server_tls *tls = sentinels->tls;

    (void)fprintf(file, "bind 127.0.0.1\nport %d\n", tls == NULL ? port : 0);
    if (tls != NULL)
        (void)fprintf(file,
                      "tls-port %d\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\n"
                      "tls-auth-clients no\ntls-replication yes\n",
                      port, tls->certificate, tls->key, tls->authorities);
    (void)fprintf(file,
                  "sentinel monitor %s 127.0.0.1 %d 2\n"
                  "sentinel down-after-milliseconds %s 1000\n"
                  "sentinel failover-timeout %s 2000\n",
                  name, redis_server_port(sentinels->servers[0]), name, name);
    if (sentinels->password[0] != '\0')
        (void)fprintf(file, "requirepass \"%s\"\nsentinel sentinel-pass \"%s\"\n",
                      sentinels->password, sentinels->password);
}

static bool has_ended(struct sentinel *sentinel)
{
    if (sentinel->process != 0 && process_poll(sentinel->process) != PROCESS_RUNNING)
        sentinel->process = 0;
    return sentinel->process == 0;
}

static bool answers(const struct redis_sentinels *sentinels, const struct sentinel *sentinel)
{
    redisReply *reply = ask(sentinels, sentinel, "PING");
    const bool is_answer = reply != NULL;

    freeReplyObject(reply);
    return is_answer;
}

/* Sentinels meet through the master: each tells there of itself, usually every two seconds. */
static void await_acquaintance(struct redis_sentinels *sentinels, long long replicas)
{
    set_publish_period(sentinels, 100);
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++) {
        WAIT_FOR (START_SECONDS, knows_all(sentinels, &sentinels->list[i], replicas))
            ;
    }
    set_publish_period(sentinels, 2000);
}

static void set_publish_period(struct redis_sentinels *sentinels, int period_ms)
{
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        expect_done(
            ask(sentinels, &sentinels->list[i], "SENTINEL DEBUG publish-period %d", period_ms));
}

/* The replica is fit when it has told that its link to the master is up. */
static bool knows_all(struct redis_sentinels *sentinels, const struct sentinel *sentinel,
                      long long replicas)
{
    redisReply *master = ask(sentinels, sentinel, "SENTINEL MASTER %s", REDIS_SENTINELS_MASTER);
    const bool knows = master != NULL && field_of(master, "num-slaves") == replicas &&
                       field_of(master, "num-other-sentinels") == REDIS_SENTINELS_COUNT - 1;

    freeReplyObject(master);
    return knows;
}

/* Consumes the reply. */
static void expect_done(redisReply *reply)
{
    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_STATUS);
    freeReplyObject(reply);
}

/* On a connection of its own, because each may hang. NULL: no answer. */
static redisReply *ask(const struct redis_sentinels *sentinels, const struct sentinel *sentinel,
                       const char *format, ...)
{
    redisContext *context = sentinel_connect(sentinels, sentinel);
    redisReply *reply = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (context->err == 0)
        reply = redisvCommand(context, format, arguments);
    va_end(arguments);
    redisFree(context);
    return reply;
}

/* Its `err` says whether it is connected. */
static redisContext *sentinel_connect(const struct redis_sentinels *sentinels,
                                      const struct sentinel *sentinel)
{
    const struct timeval timeout = {.tv_sec = COMMAND_SECONDS};
    redisContext *context = redisConnectUnixWithTimeout(sentinel->socket, timeout);

    assert_non_null(context);
    if (context->err != 0)
        return context;
    (void)redisSetTimeout(context, timeout);
    if (sentinels->password[0] != '\0')
        freeReplyObject(redisCommand(context, "AUTH %s", sentinels->password));
    return context;
}

static redisReply *server_ask(const struct redis_server *server, const char *command)
{
    redisReply *reply = NULL;

    WAIT_FOR (START_SECONDS, (reply = server_answer(server, command)) != NULL)
        ;
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    return reply;
}

/* On a connection of its own, because a server that becomes a replica closes all it has. */
static redisReply *server_answer(const struct redis_server *server, const char *command)
{
    const struct timeval timeout = {.tv_sec = COMMAND_SECONDS};
    redisContext *context = redisConnectUnixWithTimeout(redis_server_socket(server), timeout);
    redisReply *reply = NULL;

    assert_non_null(context);
    if (context->err == 0 && redisSetTimeout(context, timeout) == REDIS_OK)
        reply = redisCommand(context, command);
    redisFree(context);
    return reply;
}

/* Of a list of names and values; -1: there is none. */
static long long field_of(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (strcmp(fields->element[i]->str, name) == 0)
            return atoll(fields->element[i + 1]->str);
    }
    return -1;
}

static bool failover_begins(const struct redis_sentinels *sentinels,
                            const struct sentinel *sentinel)
{
    redisReply *reply = ask(sentinels, sentinel, "SENTINEL FAILOVER %s", REDIS_SENTINELS_MASTER);
    const bool begins = reply != NULL && reply->type == REDIS_REPLY_STATUS;

    freeReplyObject(reply);
    return begins;
}

static bool replicates(struct redis_server *replica)
{
    return strstr(redis_server_command(replica, "INFO replication")->str,
                  "master_link_status:up") != NULL;
}

static long long calls_in(const char *statistics, const char *line, const char *field)
{
    const char *at = strstr(statistics, line);
    const char *end = at == NULL ? NULL : strchr(at, '\n');
    const char *value = at == NULL ? NULL : strstr(at, field);

    return value == NULL || (end != NULL && value > end) ? 0 : atoll(value + strlen(field));
}
