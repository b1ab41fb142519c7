/* SPDX-License-Identifier: MIT */
#include "app/open_catalogue.h"

#include "catalogue/catalogue_backend.h"

static struct catalogue_backend *open_file(const struct settings *settings, struct error *error);

struct catalogue_backend *open_catalogue(const struct settings *settings,
                                         struct redis_topology *topology, struct error *error)
{
    switch (settings->catalogue) {
    case CATALOGUE_KIND_SQLITE:
        return open_file(settings, error);
    case CATALOGUE_KIND_REDIS:
        return catalogue_redis_new(topology);
    }
    ASSERT(!"a catalogue of the table");
    return NULL;
}

/* The error begins with the setting that names the file. */
static struct catalogue_backend *open_file(const struct settings *settings, struct error *error)
{
    struct catalogue_backend *backend = catalogue_sqlite_new(settings->catalogue_path, error);
    const bool is_set = settings_value_of(settings, "catalogue")->text != NULL;

    if (backend == NULL)
        (void)error_set(error, "%s: %s", is_set ? "catalogue" : "data_dir", error->message);
    return backend;
}
