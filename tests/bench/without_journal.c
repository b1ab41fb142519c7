/* SPDX-License-Identifier: MIT
 *
 * Replaces src/journal/journal.c by a journal that keeps nothing. It is linked before the real one.
 * So the binary is Sluice without the cost of the journal and of counting usage. */
#include "journal/journal.h"

static char nothing;

struct journal *journal_new(struct redis_topology *topology)
{
    (void)topology;
    return (struct journal *)(void *)&nothing;
}

void journal_keep_usage(struct journal *journal, const char *path)
{
    (void)journal;
    (void)path;
}

void journal_start(struct journal *journal)
{
    (void)journal;
}

bool journal_stop(struct journal *journal, int64_t give_up_us, int64_t deadline_us)
{
    (void)journal;
    (void)give_up_us;
    (void)deadline_us;
    return true;
}

void journal_free(struct journal *journal)
{
    (void)journal;
}

struct journal_counts journal_counts(const struct journal *journal)
{
    (void)journal;
    return (struct journal_counts){0};
}

struct journal_app *journal_app(struct journal *journal, const char *app_id)
{
    (void)journal;
    (void)app_id;
    return (struct journal_app *)(void *)&nothing;
}

void journal_prefetch(const struct journal_app *app)
{
    (void)app;
}

void journal_record(struct journal_app *app, const struct record *record)
{
    (void)app;
    (void)record;
}

struct tails *journal_tails(struct journal *journal)
{
    (void)journal;
    return NULL;
}

bool journal_submit(struct journal *journal, struct journal_job *job)
{
    (void)journal;
    (void)job;
    return false;
}
