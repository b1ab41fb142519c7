/* SPDX-License-Identifier: MIT */
#include "scratch_redis.h"

#include "store/take_reply.h"
#include "support/script_clock.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define START_ATTEMPTS 1000 /* 10 ms each */

static redisContext *connection;
static redisReply *reply; /* the reply to the last command */

NO_RETURN static void become_redis(const char *directory, const char *socket);
static redisReply *reply_next(void);

void scratch_redis_start(void)
{
    const struct timespec rest = {.tv_nsec = 10000000};
    const struct text *sources;
    const size_t count = take_script_sources(&sources);
    char directory[] = "/tmp/sluice-fuzz-XXXXXX";
    char socket[64];

    ASSERT(mkdtemp(directory) != NULL);
    (void)snprintf(socket, sizeof(socket), "%s/redis", directory);
    const pid_t process = fork();
    ASSERT(process >= 0);
    if (process == 0)
        become_redis(directory, socket);
    connection = redisConnectUnix(socket);
    for (int i = 0; i < START_ATTEMPTS && connection->err != 0; i++) {
        redisFree(connection);
        (void)nanosleep(&rest, NULL);
        connection = redisConnectUnix(socket);
    }
    ASSERT(connection->err == 0);
    ASSERT(unlink(socket) == 0 && rmdir(directory) == 0);
    for (size_t i = 0; i < count; i++)
        (void)scratch_redis_run("SCRIPT LOAD %b", sources[i].at, sources[i].length);
}

const redisReply *scratch_redis_run(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    freeReplyObject(reply);
    reply = redisvCommand(connection, format, arguments);
    va_end(arguments);
    ASSERT(reply != NULL && reply->type != REDIS_REPLY_ERROR);
    return reply;
}

const redisReply *scratch_redis_try(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    freeReplyObject(reply);
    reply = redisvCommand(connection, format, arguments);
    va_end(arguments);
    ASSERT(reply != NULL);
    return reply;
}

/* Within a transaction no time passes, so nothing expires before it is looked at. */
void scratch_redis_ask(const struct operation *operation, struct outcome *outcome)
{
    struct take_arguments arguments;
    char now[32];

    take_arguments_write(&arguments, operation);
    const size_t key_count = take_arguments_keys(&arguments);
    (void)snprintf(now, sizeof(now), "%lld", (long long)operation->now_us);
    arguments.argv[0] = "EVALSHA";
    arguments.lengths[0] = strlen("EVALSHA");
    arguments.argv[1] = take_script_of(operation)->sha1;
    arguments.lengths[1] = strlen(arguments.argv[1]);
    script_clock_set(&arguments, now);

    (void)redisAppendCommand(connection, "MULTI");
    (void)redisAppendCommandArgv(connection, arguments.count, arguments.argv, arguments.lengths);
    for (size_t i = 0; i < key_count; i++) {
        (void)redisAppendCommand(connection, "PTTL %s", arguments.keys[i]);
        (void)redisAppendCommand(connection, "PEXPIRE %s %lld", arguments.keys[i],
                                 (long long)SCRATCH_REDIS_FAR_MS);
    }
    (void)redisAppendCommand(connection, "EXEC");
    for (size_t i = 0; i < 2 + 2 * key_count; i++)
        freeReplyObject(reply_next());
    redisReply *all = reply_next();

    ASSERT(all->type == REDIS_REPLY_ARRAY && all->elements == 1 + 2 * key_count);
    ASSERT(take_reply_read(all->element[0], &arguments, outcome));
    ASSERT(take_reply_explains(&arguments, outcome));
    for (size_t i = 1; i < all->elements; i += 2)
        ASSERT(all->element[i]->integer >= 0 || all->element[i]->integer == -2);
    freeReplyObject(all);
}

NO_RETURN static void become_redis(const char *directory, const char *socket)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--dir",
                 directory, "--save", "", "--appendonly", "no", "--logfile", "/dev/null",
                 (char *)NULL);
    _exit(127);
}

static redisReply *reply_next(void)
{
    void *next = NULL;

    ASSERT(redisGetReply(connection, &next) == REDIS_OK);
    ASSERT(((redisReply *)next)->type != REDIS_REPLY_ERROR);
    return next;
}
