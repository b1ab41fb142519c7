/* SPDX-License-Identifier: MIT
 *
 * All settings, from one table (src/app/settings_table.c): name, kind, range, default, whether
 * SIGHUP may change it, when it makes a difference, and its help. The command line, the
 * environment, the YAML file and --help use this table. A test compares config/sluice.yaml with it.
 * Precedence: flags, environment, file, defaults. */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "api/api_settings.h"
#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "http/tls.h"
#include "redis/redis_tls.h"
#include "redis/redis_url.h"

#include <sys/socket.h>

#define SETTINGS_APPS_MAX    1000
#define SETTINGS_WORKERS_MAX 64

/* Exit code of a wrong command line, as shells have it; the other codes are those of sysexits.h. */
#define EXIT_USAGE 2

enum engine { ENGINE_MEMORY, ENGINE_REDIS };
enum catalogue_kind { CATALOGUE_KIND_SQLITE, CATALOGUE_KIND_REDIS };

struct settings {
    struct sockaddr_storage listen; /* IPv4, IPv6 or AF_UNIX */
    socklen_t listen_length;
    struct sockaddr_storage metrics_listen; /* no family: /metrics is on `listen` */
    socklen_t metrics_listen_length;
    mode_t socket_mode;
    bool share_address;
    unsigned metrics_apps;
    int workers; /* `workers`: 0 in the file means one per core; resolved here */
    enum engine engine;
    struct redis_url redis; /* redis_url, or REDIS_HOST and REDIS_PORT, or 127.0.0.1:6379 */
    struct redis_login sentinel_login;
    struct redis_tls_options redis_tls_options; /* without redis_tls_ca the system's authorities */
    struct redis_tls *redis_tls;                /* made of these; NULL: Redis is used without TLS */
    int64_t redis_timeout_ms;
    int64_t unused_apps_kept_s; /* 0: for ever */
    enum catalogue_kind catalogue;
    const char *catalogue_path; /* of the SQLite file; NULL for another catalogue */
    const char *data_dir;
    const char *usage_path; /* NULL: usage is in Redis */
    bool restore_catalogue;
    bool has_pepper;
    struct pepper pepper; /* derived from key_pepper */
    enum log_level log_level;
    enum log_format log_format;
    size_t memory_counters_max;
    int64_t counters_per_app_max;
    unsigned connections_max;
    unsigned connections_per_ip_max;
    unsigned waiting_max;
    unsigned batch_checks_max;
    unsigned idle_timeout_s;
    unsigned request_timeout_s;
    int64_t drain_timeout_s;
    bool sandbox;
    bool core_dumps;
    const char *tls_certificate; /* PEM text, NULL for none */
    const char *tls_key;
    const char *tls_priorities;
    struct tls *tls; /* made of these; NULL for plain HTTP */
    unsigned hsts_max_age_s;
    struct api_settings api;   /* reloadable settings for handlers */
    struct settings_app *apps; /* `apps` of the file */
    size_t app_count;
    struct settings_value *values;     /* one for each row of the table */
    const char *apps_text;             /* `apps` in YAML; NULL: there are none */
    const struct settings_file *files; /* all files read, the last first */
    struct arena arena;                /* holds all that the members point to */
};

/* A setting's value as `sluice config` prints it, and where it comes from. It never holds a
 * secret. */
struct settings_value {
    const char *text;     /* in YAML; NULL: it is not set */
    const char *place;    /* "sluice.yaml: line 3", "SLUICE_WORKERS", "--workers", "default" */
    const char *fallback; /* the default in YAML; NULL: it has none */
    bool is_hidden;       /* a part of the text stands for a secret */
};

/* A file that a reload reads again: the configuration, or a file with a secret or PEM. */
struct settings_file {
    const char *path;
    const struct settings_file *next;
};

/* An app that the file declares, its policies already validated. */
struct settings_app {
    struct text name;
    const char *api_key;
    struct policy **policies;
    size_t policy_count;
};

#define SETTINGS_WORDS_MAX 2

/* The command line. `file` is NULL without --config. */
struct settings_source {
    const char
        *words[SETTINGS_WORDS_MAX + 1]; /* before the options, for a command that takes some */
    const char *file;
    int argc; /* the arguments after the command: --listen=127.0.0.1:0, --workers 2 */
    const char *const *argv;
};

#define SETTINGS_COMPLAINTS_MAX 40

/* Everything that is wrong with the settings, by origin. Each complaint is a sentence without a
 * full stop: "sluice.yaml: line 3: workers: must be a whole number from 0 to 64, not 65". */
struct settings_complaints {
    int exit_code; /* EXIT_USAGE if only the command line is wrong, otherwise EX_CONFIG */
    size_t count;  /* above SETTINGS_COMPLAINTS_MAX they are only counted */
    char at[SETTINGS_COMPLAINTS_MAX][512];
};

/* Reads and validates everything. NULL if there is a complaint. Logs a warning for each unknown
 * SLUICE_* variable. Changes nothing in the process. Main thread. */
MUST_USE struct settings *settings_load(const struct settings_source *source,
                                        struct settings_complaints *complaints);
void settings_free(struct settings *settings);

/* All of them, in the order of the table; the caller frees them. Their texts are still those of the
 * settings. */
struct settings_value *settings_values_copy(const struct settings *settings);

/* `name` must be in the table. */
const struct settings_value *settings_value_of(const struct settings *settings, const char *name);

/* Logs a warning for each setting that has another value than its default and makes no difference,
 * because of others. What those need a restart for may still be in force as it was `started`. */
void settings_warn_of_unused(const struct settings *settings, const struct settings *started);

/* A setting that differs from the one in force, and that only a restart can change. */
struct settings_pending {
    const char *name;
    const struct settings_value *in_force;
    const struct settings_value *configured;
};

#define SETTINGS_MAX 64

/* Fills in all of these, in the order of the table, and returns their number. They live as long as
 * both settings. */
size_t settings_find_pending(const struct settings *in_force, const struct settings *configured,
                             struct settings_pending pending[static SETTINGS_MAX]);

/* Prints all settings as YAML, each with its origin. `in_force`, which may be NULL, is what
 * settings_print_in_force() printed in a service: where it differs, that is said. */
void settings_print(FILE *out, const struct settings *settings, const char *in_force);

/* Prints what a service has in force that has started with one and reloaded the other. */
void settings_print_in_force(FILE *out, const struct settings *started,
                             const struct settings *latest);

/* Prints the options part of --help: one paragraph per setting, with environment name and default.
 * `names` ends with NULL; `names` == NULL is every setting. */
void settings_print_help(FILE *out, const char *const names[]);

#endif
