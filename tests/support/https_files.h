/* SPDX-License-Identifier: MIT
 *
 * A certificate with its key in files, and a service that speaks HTTPS with them. Main thread
 * only. */
#ifndef SUPPORT_HTTPS_FILES_H
#define SUPPORT_HTTPS_FILES_H

#include "support/certificate.h"
#include "support/scratch.h"
#include "support/world.h"

/* Begins zeroed. */
struct https_files {
    char certificate[SCRATCH_PATH_BYTES];
    char key[SCRATCH_PATH_BYTES];
    const char *flags[12]; /* that name them, NULL-terminated */
};

void https_files_write(struct https_files *files, const struct certificate_options *options);

/* One more flag; at most three. */
void https_files_add_flag(struct https_files *files, const char *name, const char *value);

/* A further service on the engine of the world. */
struct service *https_files_serve(const struct world *world, const struct https_files *files);

#endif
