/* SPDX-License-Identifier: MIT
 *
 * Whether the catalogue is still the one that this process knows, and what is done when it is not:
 * an empty one gets back what the index holds, one that was put back or replaced, or that is an
 * older copy of itself, is read afresh, one under another pepper is left alone. The catalogue
 * thread's, but for `state` and `losses`. Private to catalogue.c. */
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
    bool has_passed_over; /* a stored pepper, for the one that is configured */
    bool has_seen_pepper; /* in the catalogue */
    bool has_generation;
    struct catalogue_identity identity; /* as it was seen last */
    struct catalogue_progress seen;     /* of this generation */
    int64_t seen_at_us;                 /* clock_monotonic_us(), before the look */
    bool has_met_another;
    struct generation another;  /* that has nothing to do with it, under the same pepper */
    struct restoring restoring; /* what the index held goes back */
    bool has_settled;           /* once */
    bool reads_afresh; /* for whoever reads the apps to clear, once they start from revision 0 */
    atomic_int state;  /* enum catalogue_continuity */
    atomic_uint losses;
};

/* Without a pepper of the configuration it is found in the catalogue, or made there. */
void continuity_init(struct continuity *continuity, const struct catalogue_options *options);

void continuity_close(struct continuity *continuity);

/* CATALOGUE_OK: the catalogue is ours, the index has its pepper, apps may be read and written. */
enum catalogue_status continuity_check(struct continuity *continuity, struct error *error);

/* Whether what the index held is still being put back. As long as it is, what others change is read
 * for what it forbids, and nothing is let go of. */
bool continuity_owes(const struct continuity *continuity);
/* Puts back some more of it: as restoring_go_on(). */
enum catalogue_status continuity_put_back(struct continuity *continuity, struct error *error);

/* Whether it is still the same, after the apps have been read: if it was emptied in between, what
 * was not there is not gone. */
bool continuity_holds(struct continuity *continuity, struct error *error);

/* Tries: writes what is there already. */
MUST_USE bool continuity_can_write(struct continuity *continuity, struct error *error);

/* The apps have been read, after CATALOGUE_OK. */
void continuity_settle(struct continuity *continuity);

#endif
