/* SPDX-License-Identifier: MIT */
#include "metrics/process_figures.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_usage(struct process_figures *figures);
static void read_memory(struct process_figures *figures, const struct process_files *files);
static uint64_t count_descriptors(struct process_files *files);
static uint64_t count_entries(struct process_files *files);
static uint64_t us_of(struct timeval time);

void process_files_open(struct process_files *files)
{
    files->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    files->descriptors = opendir("/proc/self/fd");
    (void)pthread_mutex_init(&files->descriptors_lock, NULL);
}

void process_files_close(struct process_files *files)
{
    if (files->memory >= 0)
        (void)close(files->memory);
    if (files->descriptors != NULL)
        (void)closedir(files->descriptors);
    (void)pthread_mutex_destroy(&files->descriptors_lock);
}

void process_figures_refresh(struct process_figures *figures, struct process_files *files,
                             int64_t now_us)
{
    struct rlimit limit;

    if (now_us < figures->fresh_until_us)
        return;
    *figures = (struct process_figures){.fresh_until_us = now_us + PROCESS_FIGURES_FRESH_US};
    read_usage(figures);
    read_memory(figures, files);
    figures->open_fds = count_descriptors(files);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        figures->max_fds = limit.rlim_cur;
}

static void read_usage(struct process_figures *figures)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        figures->cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
}

static void read_memory(struct process_figures *figures, const struct process_files *files)
{
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    char line[128] = "";
    char *at = line;

    /* A read from its beginning makes the kernel write the file anew. */
    if (files->memory < 0 || pread(files->memory, line, sizeof(line) - 1, 0) <= 0)
        return;
    figures->virtual_bytes = strtoull(at, &at, 10) * page_bytes;
    figures->resident_bytes = strtoull(at, &at, 10) * page_bytes;
}

/* From Linux 6.2 on the directory's size is their number. On older kernels they are counted. */
static uint64_t count_descriptors(struct process_files *files)
{
    struct stat status;

    if (files->descriptors == NULL)
        return 0;
    if (fstat(dirfd(files->descriptors), &status) == 0 && status.st_size > 0)
        return (uint64_t)status.st_size;
    return count_entries(files);
}

static uint64_t count_entries(struct process_files *files)
{
    uint64_t count = 0;

    pthread_mutex_lock(&files->descriptors_lock);
    rewinddir(files->descriptors);
    for (const struct dirent *entry = readdir(files->descriptors); entry != NULL;
         entry = readdir(files->descriptors)) {
        if (entry->d_name[0] != '.')
            count++;
    }
    pthread_mutex_unlock(&files->descriptors_lock);
    return count;
}

static uint64_t us_of(struct timeval time)
{
    return (uint64_t)(time.tv_sec * SECOND_US + time.tv_usec);
}
