/* SPDX-License-Identifier: MIT
 *
 * A state may own a log of charges: for tests that try something on a copy, and let states go. */
#ifndef UNIT_STATE_COPY_H
#define UNIT_STATE_COPY_H

#include "limit/limit.h"

/* To be closed like any other state. */
struct limit_state state_copy(const struct limit *limit, const struct limit_state *state);

/* Back to all zero. */
void state_close(const struct limit *limit, struct limit_state *state);

/* Whether both say the same. */
bool state_equal(const struct limit *limit, const struct limit_state *a,
                 const struct limit_state *b);

#endif
