/* SPDX-License-Identifier: MIT
 *
 * For tests that decide the same in two ways. */
#ifndef SUPPORT_SAME_OUTCOME_H
#define SUPPORT_SAME_OUTCOME_H

#include "limit/limit.h"
#include "support/cmocka.h"

/* Fails the test unless both say the same of each limit. */
static inline void outcomes_equal(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->allowed, b->allowed);
    assert_int_equal(a->refused, b->refused);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->at[i].allowed, b->at[i].allowed);
        assert_int_equal(a->at[i].never, b->at[i].never);
        assert_int_equal(a->at[i].remaining, b->at[i].remaining);
        assert_int_equal(a->at[i].reset_us, b->at[i].reset_us);
        assert_int_equal(a->at[i].retry_us, b->at[i].retry_us);
        assert_int_equal(a->at[i].delay_us, b->at[i].delay_us);
    }
}

#endif
