/* SPDX-License-Identifier: MIT */
#ifndef UNIT_EPOCHS_H
#define UNIT_EPOCHS_H

#include "support/redis_cluster.h"

/* Waits until all nodes know the newest epoch. If a slot moves again before that, two nodes may
 * claim it with the same epoch, and then perhaps none has it. All nodes must run. */
void epochs_await(struct redis_cluster *cluster);

#endif
