/* SPDX-License-Identifier: MIT
 *
 * The real binary, run as `sluice serve` on a port of its own choice. Main thread only.
 *
 * With SLUICE_SANDBOX=true in the test's environment all services run in the sandbox. */
#ifndef SUPPORT_SERVICE_H
#define SUPPORT_SERVICE_H

#include "support/scratch.h"

#include <sys/types.h>

/* Zero is the default everywhere: the memory engine, two workers, no IP limits, a data directory of
 * its own. Everything is borrowed for the call. */
struct service_options {
    const char *redis_url;        /* the redis engine */
    const char *redis_timeout_ms; /* "5000": a machine that is busy with tests changes no answer */
    const char *data_dir;         /* shared with an earlier instance */
    const char *config;           /* path of a YAML file, which then also gives the IP limits */
    const char *register_limit;   /* "5/m" */
    const char *manage_limit;
    const char *const *flags;       /* further ones, each name with its value, NULL-terminated */
    const char *const *environment; /* NAME=value, NULL-terminated */
    int passed_socket;              /* listening, passed as systemd does; 0: none */
    const char *log_pipe;           /* a FIFO in place of service_log(), with passed_socket alone */
    bool https;                     /* the flags name a certificate */
    bool not_ready;                 /* return as soon as it listens */
};

struct service;

/* Listens, and is ready unless asked otherwise, when this returns; else the test fails. */
struct service *service_start(const struct service_options *options);

/* SIGTERM, and the test fails unless it exits with 0, which it does not after a sanitizer's
 * report. */
void service_stop(struct service *service);

/* The same in steps: SIGTERM; then waiting for the end, which returns the exit code, or 128 + the
 * number of the signal that ended it. */
void service_begin_stop(struct service *service);
int service_finish_stop(struct service *service);

/* SIGHUP: it reads its configuration again. */
void service_reload(struct service *service);

/* SIGSTOP: all of its threads stand still when this returns, until service_continue(). */
void service_pause(const struct service *service);
void service_continue(const struct service *service);

/* SIGKILL. */
void service_kill(struct service *service);

pid_t service_process(const struct service *service);
int service_port(const struct service *service);
bool service_is_https(const struct service *service);
const char *service_data_dir(const struct service *service);
/* The file that its standard error goes to. */
const char *service_log(const struct service *service);

/* Lines of its log whose "event" is this, so far. */
int service_count_events(const struct service *service, const char *event);
/* Waits for so many, since a line may come after the answer that it tells of; there are no more. */
void service_expect_events(const struct service *service, const char *event, int count);

/* Its process's, as /proc has them: the value of a line such as "Seccomp:". -1: there is none. */
int64_t service_status(const struct service *service, const char *file, const char *name);

/* Runs the binary to its end; returns the exit code. `output` (may be NULL) receives what it
 * printed, the caller's to free. */
int service_run_command(const char *const arguments[], char **output);

/* A new API key, also in a new file at `path`: for an app that a configuration declares. The
 * caller's to free. */
char *service_new_key(char path[static SCRATCH_PATH_BYTES]);

/* The last words of a test program: prints the logs of all services when a test failed or a service
 * did, removes the scratch directory, returns the exit code. */
int service_report(int failures);

#endif
