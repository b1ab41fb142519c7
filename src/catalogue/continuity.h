/* SPDX-License-Identifier: MIT
 *
 * Whether the catalogue is still the one that this process knows, and what to do if it is not. An
 * empty one gets back what the index holds. One that was put back or replaced, or is an older copy
 * of itself, is read afresh. One under another pepper is not touched. Catalogue thread, except
 * `state` and `losses`. Private to catalogue.c. */
#ifndef CATALOGUE_CONTINUITY_H
#define CATALOGUE_CONTINUITY_H

#include "catalogue/catalogue.h"

#include "restoring.h"

#include <stdatomic.h>

struct continuity {
    struct catalogue_backend *backend;
    struct app_index *index;
    bool restores;
    bool is_pepper_configured;
    bool has_passed_over; /* has ignored a stored pepper, because one is configured */
    bool has_seen_pepper; /* in the catalogue */
    bool has_generation;
    struct catalogue_identity identity; /* as last seen */
    struct catalogue_progress seen;     /* of this generation */
    int64_t seen_at_us;                 /* clock_monotonic_us(), before the look */
    bool has_met_another;
    struct generation another;  /* of an unrelated catalogue under the same pepper */
    struct restoring restoring; /* puts back what the index held */
    bool has_settled;           /* once */
    bool reads_afresh; /* the reader of the apps clears it when it starts from revision 0 */
    atomic_int state;  /* enum catalogue_continuity */
    atomic_uint losses;
};

/* If no pepper is configured, it is found in the catalogue or made there. */
void continuity_init(struct continuity *continuity, const struct catalogue_options *options);

void continuity_close(struct continuity *continuity);

/* CATALOGUE_OK: the catalogue is ours, the index has its pepper, apps may be read and written. */
enum catalogue_status continuity_check(struct continuity *continuity, struct error *error);

/* Whether what the index held is still being put back. Meanwhile changes of others are read only
 * for what they forbid, and nothing is dropped. */
bool continuity_owes(const struct continuity *continuity);
/* Puts back some more of it, like restoring_go_on(). */
enum catalogue_status continuity_put_back(struct continuity *continuity, struct error *error);

/* To be called after the apps have been read: whether it is still the same catalogue. If it was
 * emptied in between, apps that were missing are not gone. */
bool continuity_holds(struct continuity *continuity, struct error *error);

/* Tries a write of what is there already. */
MUST_USE bool continuity_can_write(struct continuity *continuity, struct error *error);

/* To be called after CATALOGUE_OK, when the apps have been read. */
void continuity_settle(struct continuity *continuity);

#endif
