/* SPDX-License-Identifier: MIT
 *
 * Which entries that cannot be read were logged, so that each is logged once. Among some thousands
 * two may share a place; then only one of them is logged. All zero at the start. One thread.
 * Private to the backends. */
#ifndef CATALOGUE_DAMAGES_H
#define CATALOGUE_DAMAGES_H

#include "base/text.h"

#define DAMAGES_PLACES    8192
#define DAMAGES_NAMED_MAX 100

struct damages {
    size_t count;
    uint8_t told[DAMAGES_PLACES / 8];
};

/* Logs that the app of this name, which may be any bytes, is skipped. After DAMAGES_NAMED_MAX such
 * lines there is one more, with the count, each time the count has doubled. */
void damages_tell(struct damages *damages, struct text name, const char *reason);

#endif
