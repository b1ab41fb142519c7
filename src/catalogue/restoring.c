/* SPDX-License-Identifier: MIT */
#include "restoring.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"

#include "restorer.h"

#define SLICE_US (200 * MILLISECOND_US)

static enum catalogue_status slice_restore(struct restoring *restoring,
                                           struct catalogue_backend *backend, struct error *error);
static enum catalogue_status finish(struct restoring *restoring, struct catalogue_backend *backend,
                                    struct error *error);

void restoring_init(struct restoring *restoring)
{
    restorer_name_new(restoring->name);
}

void restoring_begin(struct restoring *restoring, struct app_index *index)
{
    restoring_end(restoring);
    restoring->apps = app_index_list(index, &restoring->count);
}

void restoring_end(struct restoring *restoring)
{
    for (size_t i = 0; i < restoring->count; i++)
        app_release(restoring->apps[i]);
    free(restoring->apps);
    restoring->apps = NULL;
    restoring->count = 0;
    restoring->next = 0;
    restoring->restored = 0;
    restoring->is_refused = false;
}

bool restoring_is_under_way(const struct restoring *restoring)
{
    return restoring->apps != NULL;
}

enum catalogue_status restoring_go_on(struct restoring *restoring,
                                      struct catalogue_backend *backend, struct error *error)
{
    enum catalogue_status status =
        backend->operations->restore_begin(backend, restoring->name, error);

    if (status == CATALOGUE_OK)
        (void)error_set(error, "another instance is putting apps back");
    if (status != CATALOGUE_CREATED)
        return CATALOGUE_UNAVAILABLE;
    status = slice_restore(restoring, backend, error);
    if (status != CATALOGUE_OK || restoring->next < restoring->count)
        return status;
    return finish(restoring, backend, error);
}

bool restoring_is_elsewhere(const struct restoring *restoring,
                            const struct catalogue_restorer *restorer)
{
    return restorer->is_at_it && strcmp(restorer->name, restoring->name) != 0;
}

/* What only that instance knew is lost. Others put back what they know, or have done so. */
void restoring_look(struct restoring *restoring, struct catalogue_backend *backend,
                    const struct catalogue_restorer *restorer, bool may_write)
{
    const bool is_unfinished = restorer->name[0] != '\0' && !restorer->is_at_it;
    struct error ignored = {0};

    if (is_unfinished && !restoring->has_told_unfinished) {
        log_write(LOG_ERROR, "apps not all put back", LOG_STRING("by", restorer->name),
                  LOG_STRING("reason", "it did not finish, and is no longer waited for"));
    }
    restoring->has_told_unfinished = is_unfinished;
    if (is_unfinished && may_write && !restoring_is_under_way(restoring) &&
        backend->operations->restore_begin(backend, restoring->name, &ignored) == CATALOGUE_CREATED)
        backend->operations->restore_end(backend, restoring->name);
}

static enum catalogue_status slice_restore(struct restoring *restoring,
                                           struct catalogue_backend *backend, struct error *error)
{
    const int64_t until_us = clock_monotonic_us() + SLICE_US;

    while (restoring->next < restoring->count && clock_monotonic_us() < until_us) {
        const struct app *app = restoring->apps[restoring->next];
        struct error reason = {0};
        enum catalogue_status status = backend->operations->app_restore(backend, app, &reason);

        if (status == CATALOGUE_UNAVAILABLE) {
            *error = reason;
            return status;
        }
        if (status != CATALOGUE_CREATED && status != CATALOGUE_OK) {
            restoring->is_refused = true;
            (void)error_set(&restoring->refusal, "%s cannot be put back: %s", app->id,
                            reason.message);
        }
        restoring->restored += status == CATALOGUE_CREATED;
        restoring->next++;
    }
    return CATALOGUE_OK;
}

static enum catalogue_status finish(struct restoring *restoring, struct catalogue_backend *backend,
                                    struct error *error)
{
    if (restoring->is_refused) {
        *error = restoring->refusal;
        restoring->is_refused = false;
        restoring->next = 0;
        return CATALOGUE_UNAVAILABLE;
    }
    backend->operations->restore_end(backend, restoring->name);
    log_write(LOG_WARN, "apps put back", LOG_INTEGER("apps", restoring->restored),
              LOG_INTEGER("known", (int64_t)restoring->count));
    restoring_end(restoring);
    return CATALOGUE_OK;
}
