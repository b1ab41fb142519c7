/* SPDX-License-Identifier: MIT */
#include "zones.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/nearest.h"
#include "limit/period.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

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
    struct arena arena;      /* of the names */
    size_t count;
    struct zone at[ZONES_MAX]; /* in the order of text_compare() */
} zones = {.once = PTHREAD_ONCE_INIT, .reading = PTHREAD_MUTEX_INITIALIZER};

static struct zone *zone_find(struct text name);
static GTimeZone *zone_read(struct zone *zone);
static void list_read(void);
static void lines_read(FILE *file, const char *directory);
static struct text name_in(struct text line);
static void name_add(struct text name, const char *directory);
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
        GTimeZone *rules = g_time_zone_new_identifier(zone->name.at);

        if (rules == NULL)
            log_write(LOG_WARN, "time zone unreadable", LOG_TEXT("zone", zone->name));
        atomic_store_explicit(&zone->rules, rules, memory_order_release);
        atomic_store_explicit(&zone->is_read, true, memory_order_release);
    }
    (void)pthread_mutex_unlock(&zones.reading);
    return atomic_load_explicit(&zone->rules, memory_order_acquire);
}

static void list_read(void)
{
    const char *variable = getenv(DIRECTORY_VARIABLE);
    const char *directory = variable == NULL ? DIRECTORY_USUAL : variable;
    char path[PATH_MAX];

    arena_init(&zones.arena);
    (void)snprintf(path, sizeof(path), "%s/%s", directory, LIST_FILE);

    FILE *file = fopen(path, "re");

    if (file == NULL) {
        log_write(LOG_WARN, "no list of time zones", LOG_STRING("file", path),
                  LOG_STRING("reason", strerror(errno)));
    } else {
        lines_read(file, directory);
        (void)fclose(file);
    }

    /* GLib needs no file for it. */
    zones.at[zones.count++] = (struct zone){.name = TEXT(PERIOD_ZONE_DEFAULT)};
    qsort(zones.at, zones.count, sizeof(zones.at[0]), compare);
}

static void lines_read(FILE *file, const char *directory)
{
    char line[LINE_BYTES_MAX];

    for (size_t i = 0; i < LINES_MAX && fgets(line, sizeof(line), file) != NULL; i++) {
        const struct text name = name_in(text_of(line));

        /* One place is left for UTC. */
        if (zones.count < ZONES_MAX - 1 && period_zone_is_form(name) &&
            !text_equal(name, TEXT(PERIOD_ZONE_DEFAULT)))
            name_add(name, directory);
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
static void name_add(struct text name, const char *directory)
{
    const struct text kept = text_copy(&zones.arena, name);
    char path[PATH_MAX];
    struct stat status;
    const int length = snprintf(path, sizeof(path), "%s/%s", directory, kept.at);

    if (length < PATH_MAX && stat(path, &status) == 0 && S_ISREG(status.st_mode))
        zones.at[zones.count++] = (struct zone){.name = kept};
}

static int compare(const void *left, const void *right)
{
    const struct zone *a = left;
    const struct zone *b = right;

    return text_compare(a->name, b->name);
}
