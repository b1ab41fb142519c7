/* SPDX-License-Identifier: MIT
 *
 * The stored form of who puts apps back: until when, in microseconds since 1970 by the clock of the
 * backend, a space, and a name. Private to the backends and restoring.c. */
#ifndef CATALOGUE_RESTORER_H
#define CATALOGUE_RESTORER_H

#include "catalogue/catalogue_backend.h"

/* Host, process and something random, so that the log of another instance can name this one. */
void restorer_name_new(char name[static RESTORER_BYTES]);

/* A value that is impossible, or ends later than any of ours can, counts as none, because it would
 * keep all from putting apps back. */
struct catalogue_restorer restorer_read(struct text stored, int64_t now_us);

#define RESTORER_STORED_BYTES (RESTORER_BYTES + 24)
struct text restorer_write(const char *name, int64_t now_us,
                           char space[static RESTORER_STORED_BYTES]);

#endif
