/* SPDX-License-Identifier: MIT
 *
 * The kernel's fence around files, TCP ports and neighbours, landlock(7): what is not allowed here
 * is refused (EACCES) when it is opened. What was open before stays so. A kernel that has less of
 * it fences less, one without it nothing. Main thread. */
#ifndef APP_LANDLOCK_H
#define APP_LANDLOCK_H

#include "base/error.h"

#include <netinet/in.h>

struct landlock {
    int abi;   /* 0: the kernel has none */
    int rules; /* a descriptor, -1 without */
};

enum landlock_access {
    LANDLOCK_READ,  /* files */
    LANDLOCK_LIST,  /* and directories */
    LANDLOCK_WRITE, /* and make, change and remove files */
};

/* Other processes' sockets in the abstract namespace are out of reach unless `abstract_sockets`.
 * False when the kernel has Landlock and refuses it. */
MUST_USE bool landlock_begin(struct landlock *landlock, bool abstract_sockets, struct error *error);

/* The file, or what is beneath the directory; symbolic links are followed. Nothing when there is
 * nothing. By what it is, not by its name: what replaces it later is not allowed. */
void landlock_allow(struct landlock *landlock, const char *path, enum landlock_access access);

/* To connect to. Nobody may bind any. */
void landlock_allow_port(struct landlock *landlock, in_port_t port);

/* Binds the calling thread and those it starts from now on, for good. */
MUST_USE bool landlock_finish(struct landlock *landlock, struct error *error);

#define LANDLOCK_MISSING_BYTES 96

/* What this kernel does not fence, "TCP ports, abstract sockets"; "" when it is all there. */
void landlock_write_missing(const struct landlock *landlock,
                            char out[static LANDLOCK_MISSING_BYTES]);

#endif
