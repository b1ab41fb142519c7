/* SPDX-License-Identifier: MIT
 *
 * In which slot of a cluster a key is: CRC16 of the key modulo 16384, or of what is between its
 * first brace and the next closing one, unless that is empty (Redis cluster specification, "Hash
 * tags"). */
#ifndef REDIS_REDIS_SLOT_H
#define REDIS_REDIS_SLOT_H

#include "base/text.h"

#define REDIS_SLOTS 16384

uint16_t redis_slot(struct text key);

#endif
