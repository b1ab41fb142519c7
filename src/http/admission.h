/* SPDX-License-Identifier: MIT
 *
 * Which connections are accepted. A site may have so many connections to all workers together, a
 * trusted address any number. Private to http_server.c. Worker's thread. */
#ifndef HTTP_ADMISSION_H
#define HTTP_ADMISSION_H

#include "http/site_counts.h"

#include <sys/socket.h>

struct admission {
    struct site_counts *counts; /* NULL: all are accepted */
    void *context;
    bool (*is_trusted)(const struct ip_address *address, void *context);
    size_t refused; /* so far */
};

/* Kept by an accepted connection, and given back when it ends. */
struct ticket {
    bool is_counted;
    struct ip_address site;
};

MUST_USE bool admission_enter(struct admission *admission, const struct sockaddr *peer,
                              struct ticket *ticket);
/* Uses the ticket up. A second call does nothing. */
void admission_leave(struct admission *admission, struct ticket *ticket);

#endif
