/* SPDX-License-Identifier: MIT
 *
 * Two versions of the service: SLUICE_OLD_BINARY and SLUICE_BINARY in the environment. */
#ifndef UPGRADE_VERSIONS_H
#define UPGRADE_VERSIONS_H

#include "support/client.h"
#include "support/service.h"

enum version { OLD, NEW };

extern const char *const version_words[];

/* The arguments must be ENGINE [--strict], and the environment must name both binaries. Otherwise
 * ends the process. */
void versions_choose(int argc, char *argv[]);

/* Whether there are really two versions. */
bool versions_differ(void);

/* The time within which the other instance must use a policy. With --strict it is the promised
 * time. Otherwise nothing depends on the machine's speed. */
int version_seen_seconds(void);

/* Like service_start(). */
struct service *version_start(enum version version, const struct service_options *options);

/* Whether the route's only policy has this limit; 0: it has no policy. */
bool client_has_limit(struct client *client, const char *route, int64_t limit);

#endif
