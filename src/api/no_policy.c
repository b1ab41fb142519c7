/* SPDX-License-Identifier: MIT */
#include "api/no_policy.h"

#include "base/buffer.h"

const char *no_policy_detail(const char *start, const struct policy_identity *identity,
                             struct arena *arena)
{
    struct buffer detail;

    buffer_init(&detail, arena, 256);
    buffer_printf(&detail, "%s route_key \"%.*s\", role \"%.*s\"", start,
                  TEXT_PRINTF(identity->route_key), TEXT_PRINTF(identity->role));
    if (!text_is_absent(identity->user_id))
        buffer_printf(&detail, " and user_id \"%.*s\"", TEXT_PRINTF(identity->user_id));
    buffer_add_char(&detail, '.');
    return buffer_string(&detail);
}
