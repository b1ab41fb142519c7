/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include "base/duration.h"

#include <signal.h>
#include <unistd.h>

static void on_early_end(int number);
static sigset_t set_of(bool reloads, bool ends);
static int take(const sigset_t *signals, int64_t wait_us);

void signals_hold_reloads(void)
{
    const sigset_t reloads = set_of(true, false);

    (void)pthread_sigmask(SIG_BLOCK, &reloads, NULL);
}

void signals_end_cleanly(void)
{
    (void)signal(SIGTERM, on_early_end);
    (void)signal(SIGINT, on_early_end);
}

void signals_hold_ends(void)
{
    const sigset_t ends = set_of(false, true);

    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

enum signals_order signals_next(int64_t wait_us)
{
    const sigset_t all = set_of(true, true);
    int number;

    if (signals_came(SIGNALS_END, 0))
        return SIGNALS_END;
    number = take(&all, wait_us);
    if (number < 0)
        return SIGNALS_NONE;
    return number == SIGHUP ? SIGNALS_RELOAD : SIGNALS_END;
}

bool signals_came(enum signals_order order, int64_t wait_us)
{
    const sigset_t one = set_of(order == SIGNALS_RELOAD, order == SIGNALS_END);

    return take(&one, wait_us) > 0;
}

/* The process may have been started with these signals ignored. */
void signals_release_ends(void)
{
    const sigset_t ends = set_of(false, true);

    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    (void)pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
}

static void on_early_end(int number)
{
    (void)number;
    _exit(EXIT_SUCCESS);
}

static sigset_t set_of(bool reloads, bool ends)
{
    sigset_t set;

    (void)sigemptyset(&set);
    if (reloads)
        (void)sigaddset(&set, SIGHUP);
    if (ends) {
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
    }
    return set;
}

static int take(const sigset_t *signals, int64_t wait_us)
{
    const struct timespec wait = duration_timespec(wait_us);

    return sigtimedwait(signals, NULL, &wait);
}
