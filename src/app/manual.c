/* SPDX-License-Identifier: MIT
 *
 * A program: writes the page of the given name to standard output. */
#include "manual.h"

static const struct {
    const char *name;
    void (*write)(FILE *out);
} pages[] = {{"sluice.8", manual_write_commands}, {"sluice.yaml.5", manual_write_settings}};

int main(int argc, char *argv[])
{
    for (size_t i = 0; argc == 2 && i < ARRAY_COUNT(pages); i++) {
        if (strcmp(pages[i].name, argv[1]) != 0)
            continue;
        pages[i].write(stdout);
        return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    fputs("usage: sluice_manual sluice.8|sluice.yaml.5\n", stderr);
    return EXIT_FAILURE;
}
