/* SPDX-License-Identifier: MIT */
#include "restorer.h"

#include "base/duration.h"

#include <inttypes.h>
#include <sodium.h>
#include <unistd.h>

#define HOST_BYTES 64

void restorer_name_new(char name[static RESTORER_BYTES])
{
    char host[HOST_BYTES + 1] = "";

    if (gethostname(host, HOST_BYTES) != 0)
        host[0] = '\0';
    (void)snprintf(name, RESTORER_BYTES, "%s:%d:%08" PRIx32, host, (int)getpid(),
                   randombytes_random());
}

struct catalogue_restorer restorer_read(struct text stored, int64_t now_us)
{
    struct catalogue_restorer restorer = {.name = ""};
    struct text name = stored;
    const struct text until = text_cut(&name, ' ');
    int64_t until_us = 0;

    if (text_is_absent(stored) || name.length == 0 || name.length >= RESTORER_BYTES ||
        !text_parse_integer(until, &until_us) || until_us < 0 ||
        until_us > now_us + CATALOGUE_RESTORE_MS * MILLISECOND_US)
        return restorer;
    (void)snprintf(restorer.name, sizeof(restorer.name), "%.*s", TEXT_PRINTF(name));
    restorer.is_at_it = until_us > now_us;
    return restorer;
}

struct text restorer_write(const char *name, int64_t now_us,
                           char space[static RESTORER_STORED_BYTES])
{
    (void)snprintf(space, RESTORER_STORED_BYTES, "%" PRId64 " %s",
                   now_us + CATALOGUE_RESTORE_MS * MILLISECOND_US, name);
    return text_of(space);
}
