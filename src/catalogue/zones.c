/* SPDX-License-Identifier: MIT */
#include "zones.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/nearest.h"
#include "limit/period.h"

#include "zone_file.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_VARIABLE "TZDIR" /* GLib looks there, too */
#define DIRECTORY_USUAL    "/usr/share/zoneinfo"
#define LIST_FILE          "tzdata.zi" /* zic(8) says what is in it */
#define LINE_BYTES_MAX     256
#define LINES_MAX          65536 /* tzdata 2026 has some 4,500 */
#define ZONES_MAX          1024  /* and some 600 names */

struct zone {
    struct text name; /* NUL-terminated */
    _Atomic(GTimeZone *) rules;
    atomic_bool is_read;
};

static struct {
    pthread_once_t once;
    pthread_mutex_t reading; /* held while a zone's file is read */
    struct arena arena;      /* of the texts below */
    struct text directory;
    size_t count;
    struct zone at[ZONES_MAX]; /* in the order of text_compare() */
} zones = {.once = PTHREAD_ONCE_INIT, .reading = PTHREAD_MUTEX_INITIALIZER};

static struct zone *zone_find(struct text name);
static GTimeZone *zone_read(struct zone *zone);
static GTimeZone *rules_read(struct text name);
static void list_read(void);
static FILE *list_open(const char *path, struct error *error);
static void lines_read(FILE *file);
static struct text name_in(struct text line);
static void name_add(struct text name);
static bool path_write(const char *name, char path[static PATH_MAX]);
static int compare(const void *left, const void *right);

GTimeZone *zones_find(struct text name)
{
    struct zone *zone = zone_find(name);

    if (zone == NULL)
        return NULL;
    return atomic_load_explicit(&zone->is_read, memory_order_acquire)
               ? atomic_load_explicit(&zone->rules, memory_order_acquire)
               : zone_read(zone);
}

const char *zones_nearest(struct text name)
{
    struct nearest nearest;

    (void)pthread_once(&zones.once, list_read);
    nearest_init(&nearest, name);
    for (size_t i = 0; i < zones.count; i++)
        nearest_try(&nearest, zones.at[i].name.at);
    if (nearest.found != NULL && zones_find(text_of(nearest.found)) == NULL)
        return NULL;
    return nearest.found;
}

static struct zone *zone_find(struct text name)
{
    struct zone sought = {.name = name};

    (void)pthread_once(&zones.once, list_read);
    return bsearch(&sought, zones.at, zones.count, sizeof(zones.at[0]), compare);
}

static GTimeZone *zone_read(struct zone *zone)
{
    (void)pthread_mutex_lock(&zones.reading);
    if (!atomic_load_explicit(&zone->is_read, memory_order_relaxed)) {
        atomic_store_explicit(&zone->rules, rules_read(zone->name), memory_order_release);
        atomic_store_explicit(&zone->is_read, true, memory_order_release);
    }
    (void)pthread_mutex_unlock(&zones.reading);
    return atomic_load_explicit(&zone->rules, memory_order_acquire);
}

/* GLib opens the file again by its name. For UTC it needs none. */
static GTimeZone *rules_read(struct text name)
{
    char path[PATH_MAX];
    struct error error = {.message = "GLib cannot read it"};
    const bool is_sound = text_equal(name, TEXT(PERIOD_ZONE_DEFAULT)) ||
                          (path_write(name.at, path) && zone_file_check(path, &error));
    GTimeZone *rules = is_sound ? g_time_zone_new_identifier(name.at) : NULL;

    if (rules == NULL)
        log_write(LOG_WARN, "time zone unreadable", LOG_TEXT("zone", name),
                  LOG_STRING("reason", error.message));
    return rules;
}

static void list_read(void)
{
    const char *variable = getenv(DIRECTORY_VARIABLE);
    struct error error = {.message = "its path is too long"};
    char path[PATH_MAX];

    arena_init(&zones.arena);
    zones.directory =
        text_copy(&zones.arena, text_of(variable == NULL ? DIRECTORY_USUAL : variable));

    FILE *file = path_write(LIST_FILE, path) ? list_open(path, &error) : NULL;

    if (file == NULL) {
        log_write(LOG_WARN, "no list of time zones", LOG_STRING("file", path),
                  LOG_STRING("reason", error.message));
    } else {
        lines_read(file);
        (void)fclose(file);
    }

    /* GLib needs no file for it. */
    zones.at[zones.count++] = (struct zone){.name = TEXT(PERIOD_ZONE_DEFAULT)};
    qsort(zones.at, zones.count, sizeof(zones.at[0]), compare);
}

static FILE *list_open(const char *path, struct error *error)
{
    const int fd = zone_file_open(path, error);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    if (fd >= 0 && file == NULL) {
        (void)error_set(error, "%s", strerror(errno));
        (void)close(fd);
    }
    return file;
}

static void lines_read(FILE *file)
{
    char line[LINE_BYTES_MAX];

    for (size_t i = 0; i < LINES_MAX && fgets(line, sizeof(line), file) != NULL; i++) {
        const struct text name = name_in(text_of(line));

        /* One place is left for UTC. */
        if (zones.count < ZONES_MAX - 1 && period_zone_is_form(name) &&
            !text_equal(name, TEXT(PERIOD_ZONE_DEFAULT)))
            name_add(name);
    }
}

/* "Z NAME ..." is a zone, "L TARGET NAME" another name for one. */
static struct text name_in(struct text line)
{
    struct text rest = line;

    rest.length = strcspn(line.at, "\r\n");

    const struct text kind = text_cut(&rest, ' ');
    const struct text second = text_cut(&rest, ' ');

    if (text_equal(kind, TEXT("Z")))
        return second;
    return text_equal(kind, TEXT("L")) ? text_cut(&rest, ' ') : (struct text){0};
}

/* Debian has a part of the files in a package of its own, but all names are on the list. */
static void name_add(struct text name)
{
    const struct text kept = text_copy(&zones.arena, name);
    char path[PATH_MAX];
    struct stat status;

    if (path_write(kept.at, path) && stat(path, &status) == 0 && S_ISREG(status.st_mode))
        zones.at[zones.count++] = (struct zone){.name = kept};
}

static bool path_write(const char *name, char path[static PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", zones.directory.at, name) < PATH_MAX;
}

static int compare(const void *left, const void *right)
{
    const struct zone *a = left;
    const struct zone *b = right;

    return text_compare(a->name, b->name);
}
