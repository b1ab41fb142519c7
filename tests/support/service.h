/* SPDX-License-Identifier: MIT
 *
 * The real binary, run as `sluice serve` on a port that it chooses. Main thread only.
 *
 * With SLUICE_SANDBOX=true in the test's environment all services run in the sandbox. */
#ifndef SUPPORT_SERVICE_H
#define SUPPORT_SERVICE_H

#include "support/scratch.h"

#include <sys/types.h>

/* Zero is the default of each member: the memory engine, two workers, no IP limits, its own data
 * directory. Everything is borrowed for the call. */
struct service_options {
    const char *redis_url;        /* chooses the redis engine */
    const char *redis_tls_ca;     /* a file; of a server with TLS */
    const char *redis_timeout_ms; /* "5000" if NULL, so that a busy machine changes no answer */
    const char *data_dir;         /* of an earlier instance */
    const char *config;           /* path of a YAML file, which then also has the IP limits */
    const char *register_limit;   /* "5/m" */
    const char *manage_limit;
    const char *const *flags;       /* more flags, as name and value; ends with NULL */
    const char *const *environment; /* NAME=value; ends with NULL */
    const char *socket;             /* a path to listen at */
    int passed_socket;              /* listens, and is passed as systemd does it; 0: none */
    const char *log_pipe;           /* a FIFO instead of service_log(); only with passed_socket */
    bool catalogue_in_file;         /* so only the counters are in Redis */
    bool https;                     /* if the flags name a certificate */
    bool not_ready;                 /* return once it listens */
};

struct service;

/* When this returns it listens and is ready, unless the options say otherwise. If not, the test
 * fails. */
struct service *service_start(const struct service_options *options);

/* Sends SIGTERM. The test fails unless the service exits with 0. After a sanitizer's report it does
 * not. */
void service_stop(struct service *service);

/* The same in two steps: sends SIGTERM; then waits for the end. Returns the exit code, or 128 + the
 * number of the signal that ended it. */
void service_begin_stop(struct service *service);
int service_finish_stop(struct service *service);

/* Sends SIGHUP, so it reads its configuration again. */
void service_reload(struct service *service);

/* Sends SIGSTOP: all of its threads stand still when this returns, until service_continue(). */
void service_pause(const struct service *service);
void service_continue(const struct service *service);

/* Sends SIGKILL. */
void service_kill(struct service *service);

pid_t service_process(const struct service *service);
int service_port(const struct service *service);
/* The path that it listens at, or NULL. */
const char *service_socket(const struct service *service);
bool service_is_https(const struct service *service);
const char *service_data_dir(const struct service *service);
/* The file that its standard error is written to. */
const char *service_log(const struct service *service);

/* How many lines of its log have this "event" so far. */
int service_count_events(const struct service *service, const char *event);
/* Waits until there are so many, because a line may come after the answer that it is about. There
 * must not be more. */
void service_expect_events(const struct service *service, const char *event, int count);

/* A value of the service's process in /proc, from a line such as "Seccomp:". -1: there is none. */
int64_t service_status(const struct service *service, const char *file, const char *name);

/* Runs the binary until it ends. Returns the exit code. `output` (may be NULL) gets what it
 * printed; the caller frees that. */
int service_run_command(const char *const arguments[], char **output);

/* A new API key, which is also in a new file at `path`, for an app that a configuration declares.
 * The caller frees the key. */
char *service_new_key(char path[static SCRATCH_PATH_BYTES]);

/* To be called last in a test program. Prints all services' logs if a test or a service failed,
 * removes the scratch directory, and returns the exit code. */
int service_report(int failures);

#endif
