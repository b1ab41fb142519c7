/* SPDX-License-Identifier: MIT
 *
 * What checks of low priority must leave of a limit, for those of normal priority. It makes the
 * limit a smaller one, so that algorithms and scripts know nothing of it. */
#ifndef LIMIT_HEADROOM_H
#define LIMIT_HEADROOM_H

#include "base/form.h"
#include "base/writer.h"
#include "limit/limit.h"

/* Reads the member `headroom` of a limit, all else of which is known: units up to its capacity,
 * 20, or a part of the capacity, "20%". */
void headroom_read(struct form *form, struct limit *limit);

/* Writes the member as it was given, if it is not 0. */
void headroom_write(const struct limit *limit, struct writer *writer);

/* In units: 0..limit_capacity(). */
int64_t headroom_units(const struct limit *limit);

/* The limit as a check of low priority finds it: its capacity is smaller by the headroom. */
struct limit limit_for_low(const struct limit *limit);

#endif
