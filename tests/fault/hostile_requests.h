/* SPDX-License-Identifier: MIT
 *
 * What hostile apps ask, as flooder.c reads it. */
#ifndef FAULT_HOSTILE_REQUESTS_H
#define FAULT_HOSTILE_REQUESTS_H

#include "support/client.h"

/* Writes a request, and the NUL that ends it. `body` may be NULL; in it ' stands for ". */
void hostile_request(FILE *requests, const char *api_key, const char *method, const char *path,
                     const char *body);

/* Writes a batch of as many checks, each like this one, in which $ stands for the check's
 * number. */
void hostile_batch(FILE *requests, const char *api_key, int count, const char *check);

/* Routes that lie in one another's way in a hash table of 2,048 places whose hash is FNV-1a without
 * a key, as policies were found by. They are prefixes, of as many lengths as there can be, and end
 * with "*". */
#define CRAFTED_ROUTE_BYTES 201

void craft_route(int index, char route[static CRAFTED_ROUTE_BYTES]);

#endif
