/* SPDX-License-Identifier: MIT
 *
 * Replaces src/catalogue/catalogue.c. This catalogue exists, has been read, and was never lost.
 * Programs that link it define catalogue_submit() themselves. */
#include "support/whole_catalogue.h"

#include "catalogue/catalogue.h"

bool whole_catalogue_is_read_only;

const char *const catalogue_continuity_words[] = {"kept", "lost", "foreign", NULL};

bool catalogue_is_ready(const struct catalogue *catalogue)
{
    (void)catalogue;
    return true;
}

bool catalogue_is_writable(const struct catalogue *catalogue)
{
    (void)catalogue;
    return !whole_catalogue_is_read_only;
}

bool catalogue_serves(const struct catalogue *catalogue)
{
    (void)catalogue;
    return true;
}

enum catalogue_continuity catalogue_continuity(const struct catalogue *catalogue)
{
    (void)catalogue;
    return CATALOGUE_KEPT;
}

unsigned catalogue_removed(const struct catalogue *catalogue)
{
    (void)catalogue;
    return 0;
}

unsigned catalogue_losses(const struct catalogue *catalogue)
{
    (void)catalogue;
    return 0;
}
