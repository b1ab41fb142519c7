/* SPDX-License-Identifier: MIT
 *
 * Each connection needs a descriptor, and the soft limit of most systems is 1,024. Parts have
 * descriptors that they cannot do without. */
#include "file_limit.h"

#include "base/log.h"

#include <sys/resource.h>

/* With one Redis server, and room for some. */
#define FILES_OF_ALL    48
#define FILES_OF_WORKER 10
/* A cluster of fewer masters cannot fail over. */
#define CLUSTER_NODES_MIN 3

static uint64_t files_needed(const struct settings *settings, size_t nodes);

bool file_limit_raise(struct file_limit *limit, const struct settings *settings,
                      struct error *error)
{
    const bool is_cluster = settings->redis.kind == REDIS_CLUSTER;
    const uint64_t needed = files_needed(settings, is_cluster ? CLUSTER_NODES_MIN : 1);
    struct rlimit files;

    *limit = (struct file_limit){.files_max = UINT64_MAX};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return true;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    limit->files_max = files.rlim_max;
    return limit->files_max >= needed ||
           error_set(error,
                     "only %llu files may be open at once, and %d workers need %llu: raise the "
                     "limit (ulimit -n, LimitNOFILE=), or set workers to less",
                     (unsigned long long)limit->files_max, settings->workers,
                     (unsigned long long)needed);
}

void file_limit_look(struct file_limit *limit, const struct settings *settings, size_t nodes)
{
    const uint64_t needed = files_needed(settings, nodes);

    if (needed <= limit->files_max || needed <= limit->told)
        return;
    limit->told = needed;
    log_write(LOG_WARN, "redis has more nodes than may be connected",
              LOG_INTEGER("nodes", (int64_t)nodes), LOG_INTEGER("files_needed", (int64_t)needed),
              LOG_INTEGER("files_max", (int64_t)limit->files_max),
              LOG_STRING("cure", "LimitNOFILE= or ulimit -n"));
}

/* Every worker is connected to each node for counters, and the journal twice, to send and to read;
 * the catalogue is, if it is there, too. */
static uint64_t files_needed(const struct settings *settings, size_t nodes)
{
    const uint64_t workers = (uint64_t)settings->workers;
    const uint64_t others = nodes > 1 ? nodes - 1 : 0;
    const uint64_t of_node = (settings->engine == ENGINE_REDIS ? workers + 2 : 0) +
                             (settings->catalogue == CATALOGUE_KIND_REDIS ? 1 : 0);

    return FILES_OF_ALL + FILES_OF_WORKER * workers + others * of_node;
}
