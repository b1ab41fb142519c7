/* SPDX-License-Identifier: MIT
 *
 * Writes all answers of the service to the file SLUICE_TRANSCRIPT, one JSON object per line.
 * tests/openapi compares them with the OpenAPI document. Without that variable nothing is
 * written. */
#ifndef SUPPORT_TRANSCRIPT_H
#define SUPPORT_TRANSCRIPT_H

#include <curl/curl.h>
#include <jansson.h>

/* `body` is NULL if it is not JSON. Any thread. */
void transcript_add(CURL *curl, const char *method, const char *path, long status, json_t *body);
/* The same of an answer that curl has not read. `headers` and `body` are given away. */
void transcript_write(const char *method, const char *path, long status, json_t *headers,
                      json_t *body);

#endif
