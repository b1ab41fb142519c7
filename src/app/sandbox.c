/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

#include "base/log.h"
#include "landlock.h"
#include "reach.h"
#include "sanitized.h"
#include "syscall_filter.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static size_t count_threads(void);

void sandbox_forbid_core_dumps(void)
{
    struct rlimit limit;

    (void)prctl(PR_SET_DUMPABLE, 0);
    if (getrlimit(RLIMIT_CORE, &limit) != 0)
        return;
    /* With 0 the kernel writes no core file. With 1 it also starts no program of core_pattern
     * (core(5)). */
    if (limit.rlim_max > 1)
        limit.rlim_max = 1;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_CORE, &limit);
}

bool sandbox_enter(const struct settings *settings, struct error *error)
{
    struct landlock landlock;
    char missing[LANDLOCK_MISSING_BYTES];

    if (count_threads() > 1 + SANITIZER_THREADS)
        return error_set(error, "sandbox: a thread runs already, and would stay outside");
    if (!reach_limit(settings, &landlock, error) || !syscall_filter_enter(error))
        return false;
    log_write(LOG_INFO, "sandboxed", LOG_INTEGER("landlock_abi", landlock.abi));
    landlock_write_missing(&landlock, missing);
    if (missing[0] != '\0') {
        log_write(LOG_WARN, "the kernel cannot do all of the sandbox",
                  LOG_STRING("missing", missing));
    }
    return true;
}

/* Each thread is a directory in this one, which has two links more than directories. */
static size_t count_threads(void)
{
    struct stat status;

    return stat("/proc/self/task", &status) == 0 ? status.st_nlink - 2 : 1;
}
