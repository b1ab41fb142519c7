/* SPDX-License-Identifier: MIT */
#include "relation.h"

/* The apps that the index holds, and whether a visited app is among them. */
struct acquaintance {
    struct app **held;
    size_t count;
    bool is_found;
};

static void on_app(void *context, struct app *app);

enum catalogue_status relation_find(struct catalogue_backend *backend, struct app_index *index,
                                    bool *is_related, struct error *error)
{
    struct acquaintance acquaintance = {0};
    int64_t revision = 0;

    acquaintance.held = app_index_list(index, &acquaintance.count);
    enum catalogue_status status =
        backend->operations->changes(backend, &revision, &acquaintance, on_app, error);
    *is_related = acquaintance.is_found || acquaintance.count == 0;
    for (size_t i = 0; i < acquaintance.count; i++)
        app_release(acquaintance.held[i]);
    free(acquaintance.held);
    return status;
}

static void on_app(void *context, struct app *app)
{
    struct acquaintance *acquaintance = context;

    for (size_t i = 0; i < acquaintance->count && !acquaintance->is_found; i++)
        acquaintance->is_found = strcmp(acquaintance->held[i]->id, app->id) == 0;
    app_release(app);
}
