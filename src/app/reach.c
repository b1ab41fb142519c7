/* SPDX-License-Identifier: MIT
 *
 * A reload reads the files that the settings name again. By then an editor or the renewal of a
 * certificate may have replaced a file. Or its symbolic link may point to another file beside the
 * first. So the file's directory and that of its target are allowed. */
#include "reach.h"

#include "sanitized.h"
#include "systemd.h"

#include <fcntl.h>
#include <sys/un.h>

#define RESOLV_CONF    "/etc/resolv.conf"
#define ZONES_VARIABLE "TZDIR" /* in place of /usr/share/zoneinfo, tzset(3) */

/* Files that the C library, its resolver, libevent's and other libraries open later by
 * themselves. */
static const char *const of_libraries[] = {
    RESOLV_CONF,
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/localtime", /* gmtime_r() reads it, too */
    "/usr/share/zoneinfo",
    "/dev/urandom",         /* SQLite */
    "/etc/gnutls",          /* looked at for changes in each session */
    "/etc/crypto-policies", /* target of /etc/gnutls on some systems */
};

/* Needed for the reports of sanitizers. */
static const char *const of_sanitizers[] = {
    "/proc/self/maps", "/proc/self/task", "/proc/self/exe", "/usr/lib", "/usr/lib64",
};

static void allow_libraries(struct landlock *landlock);
static void allow_sanitizers(struct landlock *landlock);
static void allow_neighbours(struct landlock *landlock, const char *file,
                             enum landlock_access access);
static void allow_directory_of(struct landlock *landlock, const char *file,
                               enum landlock_access access);
static void allow_socket(struct landlock *landlock, const struct sockaddr_storage *address);
static bool has_known_port(const struct settings *settings);
static bool needs_unknown_ports(const struct settings *settings);
static bool uses_redis(const struct settings *settings);

bool reach_limit(const struct settings *settings, struct landlock *landlock, struct error *error)
{
    const struct landlock_open open = {
        .abstract_sockets = systemd_is_abstract(),
        .all_ports = needs_unknown_ports(settings),
    };

    if (!landlock_begin(landlock, open, error))
        return false;
    allow_libraries(landlock);
    if (IS_SANITIZED)
        allow_sanitizers(landlock);
    for (const struct settings_file *file = settings->files; file != NULL; file = file->next)
        allow_neighbours(landlock, file->path, LANDLOCK_READ);
    if (settings->catalogue_path != NULL)
        allow_neighbours(landlock, settings->catalogue_path, LANDLOCK_WRITE);
    if (settings->usage_path != NULL)
        allow_neighbours(landlock, settings->usage_path, LANDLOCK_WRITE);
    allow_socket(landlock, &settings->listen);
    allow_socket(landlock, &settings->metrics_listen);
    if (has_known_port(settings))
        landlock_allow_port(landlock, (in_port_t)settings->redis.hosts[0].port);
    return landlock_finish(landlock, error);
}

static void allow_libraries(struct landlock *landlock)
{
    char *target = realpath(RESOLV_CONF, NULL);
    const char *zones = getenv(ZONES_VARIABLE);

    for (size_t i = 0; i < ARRAY_COUNT(of_libraries); i++)
        landlock_allow(landlock, of_libraries[i], LANDLOCK_READ);
    if (zones != NULL)
        landlock_allow(landlock, zones, LANDLOCK_READ);
    /* If a daemon writes it, it has a directory of its own, and the daemon replaces it there. */
    if (target != NULL && strcmp(target, RESOLV_CONF) != 0)
        allow_directory_of(landlock, target, LANDLOCK_READ);
    free(target);
}

/* A rule on a file in /proc ends when the last descriptor on it is closed. */
static void allow_sanitizers(struct landlock *landlock)
{
    for (size_t i = 0; i < ARRAY_COUNT(of_sanitizers); i++) {
        landlock_allow(landlock, of_sanitizers[i], LANDLOCK_LIST);
        (void)open(of_sanitizers[i], O_PATH | O_CLOEXEC);
    }
}

static void allow_neighbours(struct landlock *landlock, const char *file,
                             enum landlock_access access)
{
    char *target = realpath(file, NULL);

    allow_directory_of(landlock, file, access);
    if (target != NULL)
        allow_directory_of(landlock, target, access);
    free(target);
}

/* Everything is beneath the root. So for a file in the root only the file is allowed, or nothing if
 * the file is to be removed. */
static void allow_directory_of(struct landlock *landlock, const char *file,
                               enum landlock_access access)
{
    const char *slash = strrchr(file, '/');
    char *directory = slash == NULL ? strdup(".") : strndup(file, (size_t)(slash - file) + 1);
    char *target = realpath(directory, NULL);
    const bool is_root = target != NULL && strcmp(target, "/") == 0;

    landlock_allow(landlock, is_root && access != LANDLOCK_WRITE ? file : directory, access);
    free(target);
    free(directory);
}

/* The file of a socket is removed at the end. The right to do so is the directory's. */
static void allow_socket(struct landlock *landlock, const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_UNIX)
        allow_directory_of(landlock, ((const struct sockaddr_un *)address)->sun_path,
                           LANDLOCK_REMOVE);
}

/* A unix socket needs no port, and paths of sockets are not fenced. Name servers are asked only by
 * datagrams, which are not fenced either. */
static bool has_known_port(const struct settings *settings)
{
    return uses_redis(settings) && settings->redis.kind == REDIS_SERVER &&
           !settings->redis.hosts[0].is_unix;
}

/* Sentinels and nodes of a cluster tell us addresses that may be new at any time. */
static bool needs_unknown_ports(const struct settings *settings)
{
    return uses_redis(settings) && settings->redis.kind != REDIS_SERVER;
}

static bool uses_redis(const struct settings *settings)
{
    return settings->engine == ENGINE_REDIS || settings->catalogue == CATALOGUE_KIND_REDIS;
}
