/* SPDX-License-Identifier: MIT */
#include "support/https_files.h"

#include "support/cmocka.h"

void https_files_write(struct https_files *files, const struct certificate_options *options)
{
    struct certificate made = certificate_make(options);

    scratch_file("tls.crt", made.pem, files->certificate);
    scratch_file("tls.key", made.key, files->key);
    certificate_free(&made);
    const char *const flags[] = {"--tls-certificate", files->certificate, "--tls-key", files->key};
    memcpy(files->flags, flags, sizeof(flags));
}

void https_files_add_flag(struct https_files *files, const char *name, const char *value)
{
    size_t i = 0;

    while (files->flags[i] != NULL)
        i++;
    assert_true(i + 2 < ARRAY_COUNT(files->flags));
    files->flags[i] = name;
    files->flags[i + 1] = value;
}

struct service *https_files_serve(const struct world *world, const struct https_files *files)
{
    struct service_options options = world_options(world);

    options.flags = files->flags;
    options.https = true;
    return service_start(&options);
}
