/* SPDX-License-Identifier: MIT
 *
 * What the service really answered, one JSON object per line in the file that SLUICE_TRANSCRIPT
 * names: tests/openapi holds it against the OpenAPI document. Nothing without that variable. */
#ifndef SUPPORT_TRANSCRIPT_H
#define SUPPORT_TRANSCRIPT_H

#include <curl/curl.h>
#include <jansson.h>

/* `body` is NULL when it is not JSON. Any thread. */
void transcript_add(CURL *curl, const char *method, const char *path, long status, json_t *body);

#endif
