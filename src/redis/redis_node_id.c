/* SPDX-License-Identifier: MIT */
#include "redis/redis_node_id.h"

#define DIGITS "0123456789abcdef"

void redis_node_id_read(struct text text, char id[static REDIS_NODE_ID_BYTES])
{
    id[0] = '\0';
    if (text.length != REDIS_NODE_ID_BYTES - 1)
        return;
    memcpy(id, text.at, text.length);
    id[text.length] = '\0';
    if (strspn(id, DIGITS) != text.length)
        id[0] = '\0';
}
