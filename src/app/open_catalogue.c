/* SPDX-License-Identifier: MIT */
#include "app/open_catalogue.h"

#include "catalogue/catalogue_backend.h"

struct catalogue_backend *open_catalogue(const struct settings *settings, struct error *error)
{
    switch (settings->catalogue) {
    case CATALOGUE_KIND_SQLITE:
        return catalogue_sqlite_new(settings->catalogue_path, error);
    case CATALOGUE_KIND_REDIS:
        return catalogue_redis_new(&settings->redis);
    }
    ASSERT(!"a catalogue of the table");
    return NULL;
}
