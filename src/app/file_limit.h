/* SPDX-License-Identifier: MIT
 *
 * How many files may be open at once, and how many the service cannot do without. Private to
 * service.c. Main thread. */
#ifndef APP_FILE_LIMIT_H
#define APP_FILE_LIMIT_H

#include "app/settings.h"

struct file_limit {
    uint64_t files_max;
    uint64_t told; /* the most needed files that the log has complained of */
};

/* Raises the soft limit of the process to the hard one. False if not even the files that are open
 * before the first client connects are allowed. For a cluster these are those of its least number
 * of nodes, because the real one is not known yet. */
MUST_USE bool file_limit_raise(struct file_limit *limit, const struct settings *settings,
                               struct error *error);

/* To be called when Redis has so many nodes: logs a warning if they need more files than are
 * allowed. Fewer nodes than before are no news. */
void file_limit_look(struct file_limit *limit, const struct settings *settings, size_t nodes);

#endif
