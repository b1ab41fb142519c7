/* SPDX-License-Identifier: MIT
 *
 * Keeps the index equal to the catalogue: reads what has changed, or all if the catalogue is
 * another one, and applies what is declared. Catalogue thread, except `is_read`. Private to
 * catalogue.c. */
#ifndef CATALOGUE_FOLLOWER_H
#define CATALOGUE_FOLLOWER_H

#include "catalogue/provisioning.h"

#include "continuity.h"

struct follower {
    struct catalogue_backend *backend;
    struct app_index *index;
    const atomic_bool *is_stopping; /* then declared apps may not all be applied */
    struct continuity continuity;
    bool ends_epoch;              /* when all has been read afresh */
    int64_t revision;             /* the newest one seen */
    struct provisioning *ordered; /* to be applied; NULL: none */
    struct provisioning *applied; /* applied again when the catalogue is another one */
    atomic_bool is_read;          /* all apps have been read once */
};

void follower_init(struct follower *follower, const struct catalogue_options *options,
                   const atomic_bool *is_stopping);
void follower_close(struct follower *follower);

/* Replaces what is to be applied and is not applied yet. Takes it over. */
void follower_order_give(struct follower *follower, struct provisioning *ordered);

/* In this order: checks that the catalogue is still the known one, reads its changes, and applies
 * what is declared. */
enum catalogue_status follower_check(struct follower *follower, struct error *error);
enum catalogue_status follower_read(struct follower *follower, struct error *error);
enum catalogue_status follower_provide(struct follower *follower, struct error *error);

#endif
