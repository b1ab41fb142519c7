/* SPDX-License-Identifier: MIT */
#include "unused.h"

#include "base/clock.h"
#include "base/log.h"

#define PATIENCE_US_MAX (DAY_S * SECOND_US)

static bool clocks_are_trusted(struct unused *unused, struct unused_now now);
static enum catalogue_status tell_used(const struct unused *unused,
                                       const struct app_index_unused *found, struct error *error);
static enum catalogue_status app_remove(struct unused *unused, const struct app *app,
                                        struct error *error);

struct unused_now unused_now(void)
{
    return (struct unused_now){clock_wall_us(), clock_monotonic_us()};
}

void unused_init(struct unused *unused, struct catalogue_backend *backend, struct app_index *index,
                 int64_t kept_us, struct unused_now now)
{
    *unused = (struct unused){
        .backend = backend,
        .index = index,
        .kept_us = kept_us,
        .look_at_us = now.monotonic_us,
    };
    steady_clock_init(&unused->clock, now.wall_us, now.monotonic_us);
}

enum catalogue_status unused_look(struct unused *unused, struct unused_now now, struct error *error)
{
    const bool may_remove = clocks_are_trusted(unused, now) && unused->kept_us > 0;
    struct app_index_unused found;
    enum catalogue_status status;

    unused->look_at_us = now.monotonic_us + UNUSED_LOOK_US;
    app_index_find_unused(unused->index, may_remove ? now.wall_us - unused->kept_us : 0, &found);
    status = tell_used(unused, &found, error);
    if (status != CATALOGUE_UNAVAILABLE && found.oldest != NULL)
        status = app_remove(unused, found.oldest, error);
    app_index_unused_release(&found);
    return status;
}

static bool clocks_are_trusted(struct unused *unused, struct unused_now now)
{
    const int64_t patience_us =
        unused->kept_us < PATIENCE_US_MAX ? unused->kept_us : PATIENCE_US_MAX;

    return steady_clock_look(&unused->clock, now.wall_us, now.monotonic_us) >= patience_us;
}

/* The catalogue then reports this as a change of the app. */
static enum catalogue_status tell_used(const struct unused *unused,
                                       const struct app_index_unused *found, struct error *error)
{
    enum catalogue_status status = CATALOGUE_OK;

    for (size_t i = 0; i < found->used_count && status != CATALOGUE_UNAVAILABLE; i++)
        status = unused->backend->operations->app_use(unused->backend, found->used[i]->id, error);
    return status;
}

static enum catalogue_status app_remove(struct unused *unused, const struct app *app,
                                        struct error *error)
{
    const enum catalogue_status status = unused->backend->operations->app_expire(
        unused->backend, app->id, app->revision, unused->kept_us, error);

    if (status == CATALOGUE_OK) {
        atomic_fetch_add(&unused->removed, 1);
        log_write(LOG_INFO, "unused app removed", LOG_STRING("app_id", app->id));
    }
    return status;
}
