/* SPDX-License-Identifier: MIT
 *
 * Reads the head of a request from libmicrohttpd. Private to exchange.c. Worker's thread. */
#ifndef HTTP_HEAD_READER_H
#define HTTP_HEAD_READER_H

#include "http/head.h"
#include "http/request.h"

#include <microhttpd.h>

/* Sets the request's fields, and fills *head. A host in the target counts in place of the Host
 * field. False if the head is refused: then the request is answered, and its connection ends with
 * the answer. */
MUST_USE bool head_reader_read(struct request *request, struct MHD_Connection *connection,
                               const char *version, const struct target *target, struct head *head);

#endif
