/* SPDX-License-Identifier: MIT
 *
 * Puts back what an index held when the catalogue was lost. It does so in slices, so that changes
 * of others are seen in between. Catalogue thread. Private to continuity.c. */
#ifndef CATALOGUE_RESTORING_H
#define CATALOGUE_RESTORING_H

#include "catalogue/app_index.h"
#include "catalogue/catalogue_backend.h"

struct restoring {
    char name[RESTORER_BYTES]; /* of this process, for others to see */
    struct app **apps;         /* NULL: nothing is being put back */
    size_t count;
    size_t next;
    int64_t restored;
    struct error refusal; /* of the last app that could not be put back */
    bool is_refused;
    bool has_told_unfinished;
};

void restoring_init(struct restoring *restoring);
/* Begins with what the index holds now, which includes the rest of an earlier loss. */
void restoring_begin(struct restoring *restoring, struct app_index *index);
/* Stops. Fine when nothing is being put back. */
void restoring_end(struct restoring *restoring);
bool restoring_is_under_way(const struct restoring *restoring);

/* CATALOGUE_OK: the slice is done; after the last slice nothing is under way any more.
 * CATALOGUE_UNAVAILABLE: call it again. Then the backend does not answer, or another instance puts
 * apps back, or some could not be put back and all are tried again. While another instance does so
 * this one waits, because it may have seen what the other has not. */
enum catalogue_status restoring_go_on(struct restoring *restoring,
                                      struct catalogue_backend *backend, struct error *error);

/* Whether another instance does so now. */
bool restoring_is_elsewhere(const struct restoring *restoring,
                            const struct catalogue_restorer *restorer);
/* Logs an instance that has died while it put apps back, and removes its mark if that is
 * allowed. */
void restoring_look(struct restoring *restoring, struct catalogue_backend *backend,
                    const struct catalogue_restorer *restorer, bool may_write);

#endif
