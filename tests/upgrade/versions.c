/* SPDX-License-Identifier: MIT */
#include "versions.h"

#include "support/cmocka.h"
#include "support/world.h"

#include <unistd.h>

#define PATH_BYTES     4096
#define STRICT_SECONDS 1
#define WAIT_SECONDS   30

static void find_binaries(void);

const char *const version_words[] = {"old", "new"};

static const char *const variables[] = {"SLUICE_OLD_BINARY", "SLUICE_BINARY"};
static char paths[ARRAY_COUNT(variables)][PATH_BYTES];
static bool is_strict;

void versions_choose(int argc, char *argv[])
{
    is_strict = argc == 3 && strcmp(argv[2], "--strict") == 0;
    world_choose_engine(is_strict ? 2 : argc, argv);
    find_binaries();
}

bool versions_differ(void)
{
    return strcmp(paths[OLD], paths[NEW]) != 0;
}

int version_seen_seconds(void)
{
    return is_strict ? STRICT_SECONDS : WAIT_SECONDS;
}

struct service *version_start(enum version version, const struct service_options *options)
{
    assert_int_equal(setenv("SLUICE_BINARY", paths[version], 1), 0);
    return service_start(options);
}

bool client_has_limit(struct client *client, const char *route, int64_t limit)
{
    const struct reply *reply = client_get(client, "/policy?route_key=%s", route);

    assert_int_equal(reply->status, 200);
    return limit == 0 ? json_array_size(reply->json) == 0
                      : reply_integer(reply, "0.limit") == limit;
}

static void find_binaries(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(variables); i++) {
        const char *path = getenv(variables[i]);
        if (path == NULL || access(path, X_OK) != 0) {
            (void)fprintf(stderr, "%s must name a binary\n", variables[i]);
            exit(2);
        }
        (void)snprintf(paths[i], sizeof(paths[i]), "%s", path);
    }
}
