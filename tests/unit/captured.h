/* SPDX-License-Identifier: MIT
 *
 * Between begin and end, standard error goes to a file, so a test can see what was logged. */
#ifndef UNIT_CAPTURED_H
#define UNIT_CAPTURED_H

#include "support/scratch.h"

struct captured {
    char path[SCRATCH_PATH_BYTES];
    int standard_error;
};

void capture_begin(struct captured *captured);
/* How often the text was written. */
int capture_end(struct captured *captured, const char *needle);

#endif
