/* SPDX-License-Identifier: MIT */
#include "sandbox_case.h"

#include "base/log.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

int sandbox_result_of(attempt_fn *attempt, const struct settings *settings)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct error error;

        log_set_level(LOG_ERROR);
        if (!sandbox_enter(settings, &error))
            _exit(255);
        _exit(attempt() < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}
