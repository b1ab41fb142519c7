/* SPDX-License-Identifier: MIT
 *
 * What a service has in force, in a file in data_dir, for `sluice config`. The service holds a lock
 * on the file, so nobody takes the file of a service that has ended for news. There is none if the
 * directory does not exist or cannot be written, or if it has another file of that name, which is
 * left as it is. It has no secret in it. Main thread. */
#ifndef APP_IN_FORCE_H
#define APP_IN_FORCE_H

#include "app/settings.h"

struct in_force {
    int fd;        /* -1: there is no file */
    bool has_lock; /* false: another service has it, or nothing has been written yet */
};

/* To be called before the sandbox, in which no file can be made. */
void in_force_open(struct in_force *in_force, const struct settings *settings);

/* Writes the file anew. Does nothing while another service has the file. */
void in_force_write(struct in_force *in_force, const struct settings *started,
                    const struct settings *latest);

void in_force_close(struct in_force *in_force);

/* What the service with this data_dir has written. The caller frees it. NULL: `error` says why
 * there is nothing. */
MUST_USE char *in_force_read(const struct settings *settings, struct error *error);

#endif
