/* SPDX-License-Identifier: MIT
 *
 * The ids of apps: "app_" and 12 characters of base62. */
#ifndef BASE_APP_ID_H
#define BASE_APP_ID_H

#include "base/text.h"

#define APP_ID_PREFIX "app_"
#define APP_ID_BYTES  16

/* A new id, NUL-terminated. */
void app_id_generate(char app_id[static APP_ID_BYTES + 1]);

/* Copies the text, with a NUL. False when it is not the id of an app: then something else than
 * Sluice has written it. */
MUST_USE bool app_id_read(struct text text, char app_id[static APP_ID_BYTES + 1]);

#endif
