/* SPDX-License-Identifier: MIT
 *
 * Who is let in: a site may have so many connections to all workers, and who is trusted any number.
 * Private to http_server.c. Worker's thread. */
#ifndef HTTP_ADMISSION_H
#define HTTP_ADMISSION_H

#include "http/site_counts.h"

#include <sys/socket.h>

struct admission {
    struct site_counts *counts; /* NULL: everybody is let in */
    void *context;
    bool (*is_trusted)(const struct ip_address *address, void *context);
    size_t refused; /* so far */
};

/* What a connection that was let in brings back when it ends. */
struct ticket {
    bool is_counted;
    struct ip_address site;
};

MUST_USE bool admission_enter(struct admission *admission, const struct sockaddr *peer,
                              struct ticket *ticket);
/* Uses the ticket up; a second time does nothing. */
void admission_leave(struct admission *admission, struct ticket *ticket);

#endif
