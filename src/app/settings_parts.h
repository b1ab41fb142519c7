/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the settings, in the order in which a load uses it. Main thread. */
#ifndef APP_SETTINGS_PARTS_H
#define APP_SETTINGS_PARTS_H

#include "app/settings.h"
#include "base/buffer.h"
#include "base/form.h"

#include <jansson.h>

#define SETTINGS_FILE_BYTES_MAX ((size_t)1024 * 1024)
#define SETTINGS_PATH_BYTES_MAX 4000

struct setting;

/* How a setting's value is read and compared (settings_kind.c). */
struct setting_kind {
    const char *hint; /* the value in --help; NULL: made from the range or the words */
    const char *type; /* what a value is, in words; NULL: the form's words */
    bool is_secret;   /* messages do not repeat the value */
    /* Reads the member from the form into its place in `settings`. If it is absent, changes
     * nothing. */
    void (*read)(const struct setting *setting, struct form *form, struct settings *settings);
    bool (*same)(const struct setting *setting, const struct settings *a, const struct settings *b);
};

extern const struct setting_kind setting_text;           /* const char * */
extern const struct setting_kind setting_host;           /* const char * */
extern const struct setting_kind setting_token;          /* char[], NUL-terminated */
extern const struct setting_kind setting_user;           /* the same, of any characters */
extern const struct setting_kind setting_password;       /* the same for a secret */
extern const struct setting_kind setting_integer;        /* any integer type of 4 or 8 bytes */
extern const struct setting_kind setting_bool;           /* bool */
extern const struct setting_kind setting_choice;         /* an enum, in the order of the words */
extern const struct setting_kind setting_rate;           /* struct rate */
extern const struct setting_kind setting_networks;       /* struct trusted_proxies */
extern const struct setting_kind setting_hosts;          /* struct host_list */
extern const struct setting_kind setting_authorities;    /* const char *: the file's content */
extern const struct setting_kind setting_file;           /* the same, of fewer bytes */
extern const struct setting_kind setting_secret_file;    /* the same for a secret */
extern const struct setting_kind setting_priorities;     /* `tls_priorities` */
extern const struct setting_kind setting_listen;         /* `listen` */
extern const struct setting_kind setting_metrics_listen; /* `metrics_listen` */
extern const struct setting_kind setting_mode;           /* mode_t */
extern const struct setting_kind setting_redis_url;      /* `redis` */
extern const struct setting_kind setting_catalogue;      /* `catalogue` */
extern const struct setting_kind setting_pepper;         /* `key_pepper` */

/* When a setting makes a difference (settings_use.c). */
struct setting_use {
    bool (*holds)(const struct settings *settings);
    const char *when;   /* "engine is redis" */
    bool needs_restart; /* what it depends on does */
};

extern const struct setting_use use_redis; /* for counters or for the catalogue */
extern const struct setting_use use_redis_engine;
extern const struct setting_use use_redis_tls;
extern const struct setting_use use_sentinels;
extern const struct setting_use use_tls;
extern const struct setting_use use_admin_token;
extern const struct setting_use use_registration;

/* One row of the table (settings_table.c). */
struct setting {
    const char *name; /* also the YAML key, the flag with dashes, SLUICE_NAME */
    const struct setting_kind *kind;
    size_t offset; /* its place in struct settings */
    size_t size;
    int64_t min; /* of an integer, or of the bytes of a text */
    int64_t max;
    const char *const *words; /* of a choice */
    const char *fallback;     /* the default as text; NULL: none, or it depends on others */
    bool reloadable;
    const struct setting_use *use; /* NULL: it always makes a difference */
    const char *help;
};

extern const struct setting settings_table[];
extern const size_t settings_table_count;

/* What a value looks like: "1..5000", "memory|redis", "FILE". */
void settings_print_hint(FILE *out, const struct setting *setting);

/* Where values come from (settings_origin.c), the weakest first. */
enum settings_origin_kind { ORIGIN_DEFAULTS, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAGS };

struct settings_origin {
    enum settings_origin_kind kind;
    const char *file; /* of ORIGIN_FILE */
    json_t
        *values;   /* an object: setting's name to value; only a file has other values than texts */
    json_t *lines; /* of ORIGIN_FILE: from each value's pointer to its line */
};

/* Adds to settings->files. The path must live as long. */
void settings_add_file(struct settings *settings, const char *path);

/* Each fills `values` and `lines`, which the caller must release. If a value cannot be read, they
 * complain and fill in the rest. */
void settings_origin_defaults(struct settings_origin *origin,
                              struct settings_complaints *complaints);
void settings_origin_file(struct settings_origin *origin, const char *path,
                          struct settings_complaints *complaints);
void settings_origin_environment(struct settings_origin *origin, struct settings *settings,
                                 struct settings_complaints *complaints);
void settings_origin_flags(struct settings_origin *origin, int argc, const char *const argv[],
                           struct settings_complaints *complaints);

#define SETTINGS_PLACE_BYTES 256

/* Adds to the complaints. */
void settings_complain(struct settings_complaints *complaints, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Adds complaints for the faults in the origin's values (settings_report.c): where each is, what
 * must be there, what is there unless it may be a secret, and which name was meant. */
void settings_report(const struct settings_origin *origin, const struct faults *faults,
                     struct settings_complaints *complaints);

/* Whether a wrong value may be a key or hold a password. No message may repeat such a one. */
bool settings_may_hold_secret(const char *value);

/* The setting whose name is near to what was typed, or NULL (settings_names.c). Dashes count as
 * underscores. */
const char *settings_nearest(struct text typed);

/* The same as a form tells it, which also knows the names of other programs. */
const char *settings_meant(const char *typed);

/* Names of other programs, such as "port" for listen, for form_close_with(). */
extern const struct form_alias settings_aliases[];

/* Writes the place of a fault in the words of its origin: "FILE: line 3: apps[0].name",
 * "SLUICE_NAME", "--name". */
void settings_origin_place(const struct settings_origin *origin, const char *pointer,
                           char place[static SETTINGS_PLACE_BYTES]);

/* The line of a value in the file. A missing member has the line of its object. 0: none. */
int settings_origin_line(const struct settings_origin *origin, const char *pointer);

/* "redis_url" as a flag, "--redis-url", or as a variable, "SLUICE_REDIS_URL". */
#define SETTINGS_NAME_BYTES 64
void settings_write_flag(const char *name, char out[static SETTINGS_NAME_BYTES]);
void settings_write_variable(const char *name, char out[static SETTINGS_NAME_BYTES]);

/* Where the origin has a setting, without the setting's name in a file: "FILE: line 3". */
void settings_origin_source(const struct settings_origin *origin, const char *name,
                            char place[static SETTINGS_PLACE_BYTES]);

/* Notes the values that the origin has, after they have been read into the settings
 * (settings_values.c). */
void settings_values_note(struct settings *settings, const struct settings_origin *origin);

/* Whether a reload leaves the old value in force. */
bool settings_is_pending(const struct setting *setting, const struct settings *in_force,
                         const struct settings *configured);

/* What a restart would change. Until then the files of TLS that belong to it are not used. */
struct settings_change {
    bool of_https; /* begins or ends */
    bool of_redis; /* another one, or its use begins or ends */
};

/* Whether only a restart changes the setting. */
bool settings_needs_restart(const struct setting *setting, struct settings_change change);

bool settings_change_redis(const struct settings *in_force, const struct settings *configured);

/* Writes a value as YAML in one line of visible characters, so that it can be read back
 * (settings_yaml_write.c). */
void settings_yaml_write(const json_t *value, struct buffer *out);

/* Makes JSON values from YAML text (settings_yaml.c): one document. Plain scalars are typed by the
 * core schema of YAML 1.2, and quoted ones are text. Anchors, aliases, tags, duplicate keys and
 * nesting deeper than DOCUMENT_DEPTH_MAX are refused. A text with only comments is the empty
 * object. `lines`, an object or NULL, gets the line of each value by the value's pointer, as faults
 * write it. NULL: `error` says why, with line and column. */
MUST_USE json_t *settings_yaml_parse(struct text text, json_t *lines, struct error *error);

/* Works out what the settings leave open about Redis (settings_redis.c), when it is known whether
 * it is used. */
void settings_redis_complete(struct settings *settings, struct settings_complaints *complaints);

/* Reads the member `apps` (settings_apps.c). */
void settings_apps_read(struct form *form, struct settings *settings);

#endif
