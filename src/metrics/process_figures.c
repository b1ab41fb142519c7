/* SPDX-License-Identifier: MIT */
#include "metrics/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_usage(struct process_figures *figures);
static void read_memory(struct process_figures *figures);
static uint64_t count_descriptors(void);
static uint64_t us_of(struct timeval time);

void process_figures_refresh(struct process_figures *figures, int64_t now_us)
{
    struct rlimit limit;

    if (now_us < figures->fresh_until_us)
        return;
    *figures = (struct process_figures){.fresh_until_us = now_us + PROCESS_FIGURES_FRESH_US};
    read_usage(figures);
    read_memory(figures);
    figures->open_fds = count_descriptors();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        figures->max_fds = limit.rlim_cur;
}

static void read_usage(struct process_figures *figures)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        figures->cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
}

static void read_memory(struct process_figures *figures)
{
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    char line[128];
    char *at = line;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL)
        return;
    if (fgets(line, sizeof(line), file) != NULL) {
        figures->virtual_bytes = strtoull(at, &at, 10) * page_bytes;
        figures->resident_bytes = strtoull(at, &at, 10) * page_bytes;
    }
    (void)fclose(file);
}

/* Since Linux 6.2 the directory's size is their number. Before that they are counted, without the
 * one that counting takes. */
static uint64_t count_descriptors(void)
{
    struct stat status;
    uint64_t count = 0;

    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
        return (uint64_t)status.st_size;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return 0;
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != dirfd(directory))
            count++;
    }
    (void)closedir(directory);
    return count;
}

static uint64_t us_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}
