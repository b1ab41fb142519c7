/* SPDX-License-Identifier: MIT
 *
 * The kernel's fence around files, TCP ports and other processes, landlock(7). Opening anything
 * that is not allowed here fails (EACCES). What is already open stays open. An older kernel fences
 * less, or nothing. Main thread. */
#ifndef APP_LANDLOCK_H
#define APP_LANDLOCK_H

#include "base/error.h"

#include <netinet/in.h>

struct landlock {
    int abi;   /* 0: the kernel has none */
    int rules; /* a descriptor, or -1 */
};

enum landlock_access {
    LANDLOCK_READ,  /* files */
    LANDLOCK_LIST,  /* also list directories */
    LANDLOCK_WRITE, /* also make, change and remove files */
    LANDLOCK_REMOVE /* only remove files */
};

/* What stays open, because nobody knows beforehand what is needed there. */
struct landlock_open {
    bool abstract_sockets; /* those of other processes can be reached */
    bool all_ports;        /* every TCP port can be connected to */
};

/* False if the kernel has Landlock and refuses it. */
MUST_USE bool landlock_begin(struct landlock *landlock, struct landlock_open open,
                             struct error *error);

/* Allows the file, or all beneath the directory. Follows symbolic links. Does nothing if there is
 * no such file. The rule is for this file, and not for its name: a file that replaces it later is
 * not allowed. */
void landlock_allow(struct landlock *landlock, const char *path, enum landlock_access access);

/* Allows connections to the port, for `landlock` without `all_ports`. No port may be bound. */
void landlock_allow_port(struct landlock *landlock, in_port_t port);

/* Puts the rules on the calling thread and on all that it starts later. They cannot be removed. */
MUST_USE bool landlock_finish(struct landlock *landlock, struct error *error);

#define LANDLOCK_MISSING_BYTES 96

/* Names what this kernel does not fence, "TCP ports, abstract sockets"; "" if it fences all. */
void landlock_write_missing(const struct landlock *landlock,
                            char out[static LANDLOCK_MISSING_BYTES]);

#endif
