/* SPDX-License-Identifier: MIT
 *
 * The take that finds out whether a store decides. It is charged to a counter that no policy has,
 * so it writes: a look is answered by a Redis that takes no writes, and a denial, too. */
#ifndef STORE_PROBE_H
#define STORE_PROBE_H

#include "store/store.h"

/* Always allowed. The counter is gone a second later. */
struct take probe_take(int64_t now_us);

#endif
