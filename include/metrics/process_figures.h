/* SPDX-License-Identifier: MIT
 *
 * What the kernel says about this process. Linux. */
#ifndef METRICS_PROCESS_FIGURES_H
#define METRICS_PROCESS_FIGURES_H

#include "base/duration.h"

#include <dirent.h>
#include <pthread.h>

/* The figures are kept for this long, because it takes a while to count many descriptors, and
 * anybody may ask. */
#define PROCESS_FIGURES_FRESH_US SECOND_US

/* The kernel's files, held open, because the sandbox does not let them be opened later. Shared by
 * all threads. */
struct process_files {
    int memory;       /* -1: there is none */
    DIR *descriptors; /* NULL: there is none */
    pthread_mutex_t descriptors_lock;
};

void process_files_open(struct process_files *files);
void process_files_close(struct process_files *files);

/* The owner's storage, zeroed at first. 0 means not known. */
struct process_figures {
    int64_t fresh_until_us;
    uint64_t cpu_us;
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t open_fds;
    uint64_t max_fds;
};

/* Reads them anew unless they are fresh. One thread per struct. */
void process_figures_refresh(struct process_figures *figures, struct process_files *files,
                             int64_t now_us);

#endif
