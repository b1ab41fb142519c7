/* SPDX-License-Identifier: MIT
 *
 * What has been said of entries that cannot be read, so that each is logged once. Of some thousands
 * two may share a place, and then only one of them is. All zero at the start; one thread's. Private
 * to the backends. */
#ifndef CATALOGUE_DAMAGES_H
#define CATALOGUE_DAMAGES_H

#include "base/text.h"

#define DAMAGES_PLACES    8192
#define DAMAGES_NAMED_MAX 100

struct damages {
    size_t count;
    uint8_t told[DAMAGES_PLACES / 8];
};

/* Logs that the app of this name, which may be any bytes, is skipped. Past DAMAGES_NAMED_MAX there
 * is one more line, with the count, whenever that has doubled. */
void damages_tell(struct damages *damages, struct text name, const char *reason);

#endif
