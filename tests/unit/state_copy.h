/* SPDX-License-Identifier: MIT
 *
 * A state may own a log of charges, so a copy needs a log of its own. For tests that try something
 * on a copy, and for closing states. */
#ifndef UNIT_STATE_COPY_H
#define UNIT_STATE_COPY_H

#include "limit/limit.h"

/* The copy is closed like any other state. */
struct limit_state state_copy(const struct limit *limit, const struct limit_state *state);

/* Frees its log and sets it to zero. */
void state_close(const struct limit *limit, struct limit_state *state);

/* Whether both states are the same. */
bool state_equal(const struct limit *limit, const struct limit_state *a,
                 const struct limit_state *b);

#endif
