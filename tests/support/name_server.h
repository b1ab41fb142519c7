/* SPDX-License-Identifier: MIT
 *
 * A DNS server on a free UDP port of 127.0.0.1. It knows a few names, and answers on a thread of
 * its own. The test may change what it knows while it answers. */
#ifndef SUPPORT_NAME_SERVER_H
#define SUPPORT_NAME_SERVER_H

#include "support/scratch.h"

#define NAME_SERVER_RECORDS_MAX 16

struct name_server;

/* It knows no name yet: each name that is asked for does not exist. */
struct name_server *name_server_start(void);
void name_server_stop(struct name_server *server);

/* Adds an IPv4 or IPv6 address to the name. A name with addresses of one family also exists for the
 * other family, without an address. `name` is borrowed while the server lives. */
void name_server_add(struct name_server *server, const char *name, const char *address);
/* From now on no name exists. */
void name_server_forget(struct name_server *server);

/* It still receives questions, but answers none. */
void name_server_silence(struct name_server *server);
/* It answers no questions for this family, AF_INET or AF_INET6. */
void name_server_ignore(struct name_server *server, int family);
/* From now on it gives no address, and answers with these flags: see RFC 1035, section 4.1.1. */
void name_server_fail(struct name_server *server, unsigned flags);
/* It knows a name only in the case in which it was added. */
void name_server_mind_case(struct name_server *server);

/* How many questions it has received. */
size_t name_server_questions(struct name_server *server);

/* Writes a resolv.conf that lists `count` servers in this order, followed by the lines in
 * `more`. */
void name_server_conf(struct name_server *const servers[], size_t count, const char *more,
                      char path[static SCRATCH_PATH_BYTES]);
/* The same for an existing file. */
void name_server_conf_rewrite(struct name_server *const servers[], size_t count, const char *more,
                              const char *path);

#endif
