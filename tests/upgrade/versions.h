/* SPDX-License-Identifier: MIT
 *
 * Two versions of the service: SLUICE_OLD_BINARY and SLUICE_BINARY of the environment. */
#ifndef UPGRADE_VERSIONS_H
#define UPGRADE_VERSIONS_H

#include "support/client.h"
#include "support/service.h"

enum version { OLD, NEW };

extern const char *const version_words[];

/* The arguments are ENGINE [--strict]. Ends the process unless they are, and unless the environment
 * names both binaries. */
void versions_choose(int argc, char *argv[]);

/* Whether they are two, and not one beside itself. */
bool versions_differ(void);

/* Within which a policy is in force at the other instance. With --strict that is what is promised;
 * otherwise nothing depends on how fast the machine is. */
int version_seen_seconds(void);

/* As service_start(). */
struct service *version_start(enum version version, const struct service_options *options);

/* Whether the route's one policy has that limit; 0: it has no policy. */
bool client_has_limit(struct client *client, const char *route, int64_t limit);

#endif
