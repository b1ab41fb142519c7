/* SPDX-License-Identifier: MIT */
#include "flusher_case.h"

#include "base/clock.h"
#include "support/topologies.h"
#include "support/wait.h"

struct flusher_case flusher_case;

void flusher_case_open(const char *where)
{
    flusher_case = (struct flusher_case){0};
    journal_apps_init(&flusher_case.apps, 1);
    if (where != NULL)
        flusher_case.feed = feed_new(topology_at(where), 1);
    flusher_case.flusher = flusher_new(flusher_case.feed);
}

void flusher_case_close(void)
{
    journal_apps_close(&flusher_case.apps);
    flusher_free(flusher_case.flusher);
    feed_free(flusher_case.feed);
}

struct journal_app *flusher_case_app(const char *app_id)
{
    return journal_apps_find_or_add(&flusher_case.apps, app_id, flusher_case.flusher);
}

void flusher_case_record(struct journal_app *app, int64_t number)
{
    const struct subject user = {TEXT("user"), TEXT("ada")};
    const struct record record = {
        .time_us = clock_wall_us(),
        .counted_us = clock_wall_us(),
        .subjects = {1, &user},
        .route = TEXT("/now"),
        .role = TEXT("default"),
        .costs = {.requests = number},
        .allowed = true,
        .mode = "enforce",
    };

    (void)ring_add(&app->ring, &record);
    flusher_mark(app);
}

void flusher_case_send(struct journal_app *app)
{
    WAIT_FOR (FLUSHER_PATIENCE_S, app->sent == ring_newest(&app->ring))
        flusher_turn(flusher_case.flusher);
}
