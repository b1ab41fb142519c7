/* SPDX-License-Identifier: MIT
 *
 * The file of a time zone. If it counts as sound, GLib reads nothing past its end. GLib may refuse
 * it only because of the rule in its footer. Otherwise clocks are never 26 hours or more from UTC,
 * and each has a name. */
#include "fuzz.h"

#include "base/duration.h"
#include "zone_file.h"

#include <glib.h>
#include <sanitizer/lsan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#define OFFSET_S_MAX (26 * HOUR_S)

static void ignore(const char *domain, GLogLevelFlags level, const char *message, void *context);
static void use(int fd);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    (void)g_log_set_handler("GLib", G_LOG_LEVEL_CRITICAL, ignore, NULL);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!zone_file_is_sound(fuzz_text(data, size)))
        return 0;

    const int fd = memfd_create("zone", MFD_CLOEXEC);

    ASSERT(fd >= 0);

    const ssize_t written = write(fd, data, size);

    ASSERT(written == (ssize_t)size);
    use(fd);
    (void)close(fd);
    return 0;
}

/* GLib says so when it refuses a rule. */
static void ignore(const char *domain, GLogLevelFlags level, const char *message, void *context)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)context;
}

/* GLib reads a name that is a path as one. When it refuses a rule, it leaks what it has read. */
static void use(int fd)
{
    static const int64_t times_s[] = {INT64_C(-4000000000), -1, 0, 1, INT64_C(1774738800),
                                      INT64_C(4000000000)};
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

    __lsan_disable();
    GTimeZone *zone = g_time_zone_new_identifier(path);
    __lsan_enable();

    if (zone == NULL)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(times_s); i++) {
        const int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, times_s[i]);
        const int offset_s = g_time_zone_get_offset(zone, interval);
        const char *name = g_time_zone_get_abbreviation(zone, interval);
        gint64 local_s = times_s[i];

        ASSERT(offset_s > -OFFSET_S_MAX && offset_s < OFFSET_S_MAX);
        ASSERT(name != NULL && strlen(name) < ZONE_FILE_BYTES_MAX);
        (void)g_time_zone_adjust_time(zone, G_TIME_TYPE_STANDARD, &local_s);
    }
    g_time_zone_unref(zone);
}
