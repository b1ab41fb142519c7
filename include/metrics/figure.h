/* SPDX-License-Identifier: MIT
 *
 * A number that one thread writes while any thread may read it. No lock, and no locked
 * instruction. */
#ifndef METRICS_FIGURE_H
#define METRICS_FIGURE_H

#include <stdatomic.h>

struct figure {
    _Atomic uint64_t value;
};

static inline uint64_t figure_get(const struct figure *figure)
{
    return atomic_load_explicit(&figure->value, memory_order_relaxed);
}

/* Writer's thread, like figure_add(). */
static inline void figure_set(struct figure *figure, uint64_t value)
{
    atomic_store_explicit(&figure->value, value, memory_order_relaxed);
}

static inline void figure_add(struct figure *figure, uint64_t more)
{
    figure_set(figure, figure_get(figure) + more);
}

#endif
