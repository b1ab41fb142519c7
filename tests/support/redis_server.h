/* SPDX-License-Identifier: MIT
 *
 * A real Redis of the test's own, on a unix socket and a free TCP port. It keeps nothing on disk.
 * Main thread only. */
#ifndef SUPPORT_REDIS_SERVER_H
#define SUPPORT_REDIS_SERVER_H

#include <hiredis/hiredis.h>

struct redis_server;

/* Paths of PEM files. They are read when it starts. */
struct redis_server_tls {
    const char *certificate; /* NULL: without TLS */
    const char *key;
    const char *authorities;
    bool demands_certificate; /* of its clients */
};

/* When this returns, it runs and answers. `password` may be NULL. */
struct redis_server *redis_server_start(const char *password);
/* The same with a wall clock that redis_server_set_clock() moves. */
struct redis_server *redis_server_start_clocked(void);
/* A node of a cluster, without slots yet. */
struct redis_server *redis_server_start_node(void);
/* One that speaks only TLS by TCP, with its master, too. */
struct redis_server *redis_server_start_tls(const struct redis_server_tls *tls);
/* A node that speaks only TLS by TCP, with the other nodes, too. */
struct redis_server *redis_server_start_tls_node(const struct redis_server_tls *tls);
void redis_server_stop(struct redis_server *server);

/* From now on its wall clock stands still at `now_us`; 0: it shows the real time. */
void redis_server_set_clock(struct redis_server *server, int64_t now_us);

/* Writes "redis://[:password@]127.0.0.1:port", or "rediss://...", for a proxy that listens at this port. */
#define REDIS_SERVER_URL_BYTES 256
void redis_server_write_url(const struct redis_server *server, int port,
                            char url[static REDIS_SERVER_URL_BYTES]);

/* "unix:///..." and what redis_server_write_url() writes. They are valid as long as the server. */
const char *redis_server_unix_url(const struct redis_server *server);
const char *redis_server_tcp_url(const struct redis_server *server);

int redis_server_port(const struct redis_server *server);
/* The path of its unix socket, where it never speaks TLS. */
const char *redis_server_socket(const struct redis_server *server);
/* Where the other nodes of its cluster reach it. */
int redis_server_bus_port(const struct redis_server *server);
/* A node of a cluster tells that clients reach it at this port, that of a proxy before it. */
void redis_server_announce(struct redis_server *server, int port);
/* What it tells: its own port if nothing else was announced. */
int redis_server_announced_port(const struct redis_server *server);
/* "" if there is none. */
const char *redis_server_password(const struct redis_server *server);

/* SIGKILL: connections break, and all data is lost. */
void redis_server_kill(struct redis_server *server);
/* Starts it again at the same addresses, empty. */
void redis_server_restart(struct redis_server *server);

/* SIGSTOP: until redis_server_continue() connections stay open, but nothing answers. */
void redis_server_pause(struct redis_server *server);
void redis_server_continue(struct redis_server *server);

/* Runs a command, like redisCommand(). A failure fails the test. The reply is borrowed until the
 * next one. */
const redisReply *redis_server_command(struct redis_server *server, const char *format, ...);
const redisReply *redis_server_command_list(struct redis_server *server, const char *format,
                                            va_list arguments);
/* The same, like redisCommandArgv(). */
const redisReply *redis_server_command_words(struct redis_server *server, int count,
                                             const char *words[], const size_t lengths[]);

/* The same in two steps, for a command that takes long: sends it; then waits for its reply. Only
 * then the next command is sent. */
void redis_server_begin_command(struct redis_server *server, const char *format, ...);
const redisReply *redis_server_finish_command(struct redis_server *server);

/* Whether `needle` is in any key's name or value. */
bool redis_server_contains(struct redis_server *server, const char *needle);

#endif
