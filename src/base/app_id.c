/* SPDX-License-Identifier: MIT */
#include "base/app_id.h"

#include "base/base62.h"

#define PREFIX_BYTES (sizeof(APP_ID_PREFIX) - 1)

void app_id_generate(char app_id[static APP_ID_BYTES + 1])
{
    memcpy(app_id, APP_ID_PREFIX, PREFIX_BYTES);
    base62_random(app_id + PREFIX_BYTES, APP_ID_BYTES - PREFIX_BYTES);
}

bool app_id_read(struct text text, char app_id[static APP_ID_BYTES + 1])
{
    if (text.length != APP_ID_BYTES || !text_starts_with(text, TEXT(APP_ID_PREFIX)))
        return false;
    for (size_t i = PREFIX_BYTES; i < APP_ID_BYTES; i++) {
        if (!base62_is(text.at[i]))
            return false;
    }
    memcpy(app_id, text.at, APP_ID_BYTES);
    app_id[APP_ID_BYTES] = '\0';
    return true;
}
