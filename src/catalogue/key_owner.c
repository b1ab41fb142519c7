/* SPDX-License-Identifier: MIT */
#include "key_owner.h"

enum catalogue_status key_owner_load(struct catalogue_backend *backend,
                                     const struct key_digest *key, struct app **app,
                                     struct error *error)
{
    char app_id[APP_ID_BYTES + 1];
    struct app *loaded = NULL;
    enum catalogue_status status = backend->operations->app_find(backend, key, app_id, error);

    if (status == CATALOGUE_OK)
        status = backend->operations->app_load(backend, app_id, &loaded, error);
    if (status != CATALOGUE_OK)
        return status;
    if (!app_has_key(loaded, key)) {
        app_release(loaded);
        return CATALOGUE_ABSENT;
    }
    *app = loaded;
    return CATALOGUE_OK;
}
