/* SPDX-License-Identifier: MIT */
#include "support/wait.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"

#define REST_NS 2000000

struct wait wait_begin(int seconds)
{
    int64_t now_us = clock_monotonic_us();

    return (struct wait){.deadline_us = now_us + seconds * SECOND_US};
}

void wait_again(const struct wait *wait, const char *condition, const char *file, int line)
{
    const struct timespec rest = {.tv_nsec = REST_NS};

    if (clock_monotonic_us() > wait->deadline_us) {
        print_error("this did not become true: %s\n", condition);
        _fail(file, line);
    }
    (void)nanosleep(&rest, NULL);
}
