/* SPDX-License-Identifier: MIT
 *
 * The operation that finds out whether a store decides. It charges a counter that no policy has, so
 * it writes. A look or a denial would not do: a Redis that accepts no writes answers them, too. */
#ifndef STORE_PROBE_H
#define STORE_PROBE_H

#include "store/store.h"

/* Always allowed. The counter expires after a second. */
struct operation probe_operation(int64_t now_us);

#endif
