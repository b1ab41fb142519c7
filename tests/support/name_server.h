/* SPDX-License-Identifier: MIT
 *
 * A DNS server on a free UDP port of 127.0.0.1, which knows a few names and answers by a thread of
 * its own. What it knows may be changed while it answers. */
#ifndef SUPPORT_NAME_SERVER_H
#define SUPPORT_NAME_SERVER_H

#include "support/scratch.h"

#define NAME_SERVER_RECORDS_MAX 16

struct name_server;

/* Knows no name: whatever is asked does not exist. */
struct name_server *name_server_start(void);
void name_server_stop(struct name_server *server);

/* From now on the name has this address, IPv4 or IPv6, too. A name with addresses of one family
 * exists without any of the other. `name` is borrowed as long as the server lives. */
void name_server_add(struct name_server *server, const char *name, const char *address);
/* From now on no name exists. */
void name_server_forget(struct name_server *server);

/* Takes questions, and answers none. */
void name_server_silence(struct name_server *server);
/* Answers no question for this family, AF_INET or AF_INET6. */
void name_server_ignore(struct name_server *server, int family);
/* Gives no address from now on, whatever it is asked, and answers with these flags: see RFC
 * 1035, section 4.1.1. */
void name_server_fail(struct name_server *server, unsigned flags);
/* Knows a name only in the case in which it was added. */
void name_server_mind_case(struct name_server *server);

/* Questions that it was asked so far. */
size_t name_server_questions(struct name_server *server);

/* Writes a resolv.conf that lists `count` of them in this order, followed by `more` lines. */
void name_server_conf(struct name_server *const servers[], size_t count, const char *more,
                      char path[static SCRATCH_PATH_BYTES]);
/* The same into a file that is there. */
void name_server_conf_rewrite(struct name_server *const servers[], size_t count, const char *more,
                              const char *path);

#endif
