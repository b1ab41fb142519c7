/* SPDX-License-Identifier: MIT
 *
 * A real Redis of the test's own, on a unix socket and a free TCP port, keeping nothing on disk.
 * Main thread only. */
#ifndef SUPPORT_REDIS_SERVER_H
#define SUPPORT_REDIS_SERVER_H

#include <hiredis/hiredis.h>

struct redis_server;

/* Runs and answers when this returns. `password` may be NULL. */
struct redis_server *redis_server_start(const char *password);
/* The same, with a wall clock that redis_server_set_clock() moves. */
struct redis_server *redis_server_start_clocked(void);
/* A node of a cluster, which has no slots yet. */
struct redis_server *redis_server_start_node(void);
void redis_server_stop(struct redis_server *server);

/* From now on its wall clock stands still at `now_us`; 0: it is the real one. */
void redis_server_set_clock(struct redis_server *server, int64_t now_us);

/* "redis://[:password@]127.0.0.1:port" for something else in front of it that listens there. */
#define REDIS_SERVER_URL_BYTES 256
void redis_server_write_url(const struct redis_server *server, int port,
                            char url[static REDIS_SERVER_URL_BYTES]);

/* "unix:///..." and "redis://[:password@]127.0.0.1:port"; live as long as the server. */
const char *redis_server_unix_url(const struct redis_server *server);
const char *redis_server_tcp_url(const struct redis_server *server);

int redis_server_port(const struct redis_server *server);
/* "" for none. */
const char *redis_server_password(const struct redis_server *server);

/* SIGKILL: connections break, and everything in it is gone. */
void redis_server_kill(struct redis_server *server);
/* Again at the same addresses, empty. */
void redis_server_restart(struct redis_server *server);

/* SIGSTOP: connections stay open and nothing answers, until redis_server_continue(). */
void redis_server_pause(struct redis_server *server);
void redis_server_continue(struct redis_server *server);

/* Runs a command, as redisCommand(); a failure fails the test. The reply is borrowed until the next
 * one. */
const redisReply *redis_server_command(struct redis_server *server, const char *format, ...);
/* The same, as redisCommandArgv(). */
const redisReply *redis_server_command_words(struct redis_server *server, int count,
                                             const char *words[], const size_t lengths[]);

/* Whether any key's name or value holds `needle`. */
bool redis_server_contains(struct redis_server *server, const char *needle);

#endif
