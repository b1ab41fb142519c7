/* SPDX-License-Identifier: MIT
 *
 * Standard error goes to a file in between, so that a test can tell what was logged. */
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
