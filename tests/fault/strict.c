/* SPDX-License-Identifier: MIT */
#include "strict.h"

#include "support/cmocka.h"
#include "support/world.h"

bool strict_read_arguments(int argc, char *argv[])
{
    static char pattern[128];
    const bool is_strict = argc > 2 && strcmp(argv[2], "--strict") == 0;

    if (is_strict && argc == 4) {
        (void)snprintf(pattern, sizeof(pattern), "*%s*", argv[3]);
        cmocka_set_test_filter(pattern);
    }
    world_choose_engine(is_strict && argc <= 4 ? 2 : argc, argv);
    return is_strict;
}
