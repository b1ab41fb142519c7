/* SPDX-License-Identifier: MIT
 *
 * Keeps the index as the catalogue is: reads what has changed, all of it where the catalogue is
 * another one, and applies what is declared. The catalogue thread's, but for `is_read`. Private to
 * catalogue.c. */
#ifndef CATALOGUE_FOLLOWER_H
#define CATALOGUE_FOLLOWER_H

#include "catalogue/provisioning.h"

#include "continuity.h"

struct follower {
    struct catalogue_backend *backend;
    struct app_index *index;
    const atomic_bool *is_stopping; /* what is declared is then not all applied */
    struct continuity continuity;
    bool ends_epoch;              /* once all has been read afresh */
    int64_t revision;             /* the newest one seen */
    struct provisioning *ordered; /* to be applied; NULL: nothing */
    struct provisioning *applied; /* done again when the catalogue is another */
    atomic_bool is_read;          /* all apps, once */
};

void follower_init(struct follower *follower, const struct catalogue_options *options,
                   const atomic_bool *is_stopping);
void follower_close(struct follower *follower);

/* What is to be applied, in the place of what was and is not yet. Takes it over. */
void follower_order_give(struct follower *follower, struct provisioning *ordered);

/* In this order: whether the catalogue is still the one that is known; what has changed in it; what
 * is declared. */
enum catalogue_status follower_check(struct follower *follower, struct error *error);
enum catalogue_status follower_read(struct follower *follower, struct error *error);
enum catalogue_status follower_provide(struct follower *follower, struct error *error);

#endif
