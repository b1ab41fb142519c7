/* SPDX-License-Identifier: MIT */
#include "follower.h"

static void begin_afresh(struct follower *follower);
static void on_changed(void *context, struct app *app);

void follower_init(struct follower *follower, const struct catalogue_options *options,
                   const atomic_bool *is_stopping)
{
    *follower = (struct follower){
        .backend = options->backend, .index = options->index, .is_stopping = is_stopping};
    continuity_init(&follower->continuity, options);
}

void follower_close(struct follower *follower)
{
    provisioning_free(follower->ordered);
    provisioning_free(follower->applied);
    continuity_close(&follower->continuity);
}

void follower_order_give(struct follower *follower, struct provisioning *ordered)
{
    provisioning_free(follower->ordered);
    follower->ordered = ordered;
}

enum catalogue_status follower_check(struct follower *follower, struct error *error)
{
    enum catalogue_status status = continuity_check(&follower->continuity, error);

    if (follower->continuity.reads_afresh)
        begin_afresh(follower);
    return status;
}

enum catalogue_status follower_read(struct follower *follower, struct error *error)
{
    enum catalogue_status status = follower->backend->operations->changes(
        follower->backend, &follower->revision, follower, on_changed, error);

    if (status == CATALOGUE_ABSENT) {
        app_index_begin_epoch(follower->index);
        begin_afresh(follower);
        status = follower->backend->operations->changes(follower->backend, &follower->revision,
                                                        follower, on_changed, error);
    }
    if (status != CATALOGUE_OK)
        return status;
    if (continuity_owes(&follower->continuity))
        return CATALOGUE_OK;
    if ((follower->ends_epoch || !follower->continuity.has_settled) &&
        !continuity_holds(&follower->continuity, error))
        return CATALOGUE_UNAVAILABLE;
    atomic_store_explicit(&follower->is_read, true, memory_order_release);
    if (follower->ends_epoch) {
        app_index_end_epoch(follower->index);
        follower->ends_epoch = false;
    }
    continuity_settle(&follower->continuity);
    return CATALOGUE_OK;
}

enum catalogue_status follower_provide(struct follower *follower, struct error *error)
{
    enum catalogue_status status;

    if (follower->ordered == NULL)
        return CATALOGUE_OK;
    status = provisioning_apply(follower->ordered, follower->backend, follower->index,
                                follower->is_stopping, error);
    if (status != CATALOGUE_OK)
        return status;
    provisioning_free(follower->applied);
    follower->applied = follower->ordered;
    follower->ordered = NULL;
    return CATALOGUE_OK;
}

/* Reads from the first revision on, and applies what was declared. */
static void begin_afresh(struct follower *follower)
{
    follower->continuity.reads_afresh = false;
    follower->ends_epoch = true;
    follower->revision = 0;
    if (follower->ordered != NULL)
        return;
    follower->ordered = follower->applied;
    follower->applied = NULL;
}

/* While apps are put back, those of others may be older than those held here. */
static void on_changed(void *context, struct app *app)
{
    struct follower *follower = context;

    if (app->state == APP_ACTIVE && continuity_owes(&follower->continuity))
        app_release(app);
    else
        app_index_publish_give(follower->index, app);
}
