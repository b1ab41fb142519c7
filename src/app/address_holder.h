/* SPDX-License-Identifier: MIT
 *
 * Who has an address that cannot be bound, for people: as much of it as this user may see. Private
 * to this layer. Main thread. */
#ifndef APP_ADDRESS_HOLDER_H
#define APP_ADDRESS_HOLDER_H

#include "base/prelude.h"

#include <sys/socket.h>
#include <sys/types.h>

#define ADDRESS_HOLDER_BYTES 96

/* " by nginx (process 4711)" of a process that listens at the TCP address. " by a process of user
 * 33" if only that can be seen; "" if nothing can. */
void address_holder_write(const struct sockaddr_storage *address,
                          char out[static ADDRESS_HOLDER_BYTES]);

/* The same of a process that is known; "" for 0. */
void address_holder_write_process(pid_t process, char out[static ADDRESS_HOLDER_BYTES]);

#endif
