/* SPDX-License-Identifier: MIT
 *
 * An app whose log is followed, for the tests of GET /logs/stream. A fault fails the test. */
#ifndef SYSTEM_FOLLOWED_H
#define SYSTEM_FOLLOWED_H

#include "log_reader.h"
#include "support/world.h"

#define FOLLOWED_BATCH 50

/* The second instance, or the only one. */
const struct service *followed_elsewhere(const struct world *world);

/* Registers an app with one policy, which allows everything. */
struct client *followed_new(const struct world *world);
/* The same app at the other instance, which knows the policy. Its looks are in the log. */
struct client *followed_at(const struct service *service, const struct client *tenant);

/* FOLLOWED_BATCH decisions in one request, whose answer is not recorded. */
void followed_decide(struct client *tenant);

/* Follows the app's log at the service, and has begun. */
void followed_by(struct log_reader *reader, const struct service *service,
                 const struct client *tenant);

#endif
