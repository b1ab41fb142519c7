/* SPDX-License-Identifier: MIT
 *
 * The id of a node of a cluster. It stays when the node's address or role changes, and no other
 * node has it. */
#ifndef REDIS_REDIS_NODE_ID_H
#define REDIS_REDIS_NODE_ID_H

#include "base/text.h"

#define REDIS_NODE_ID_BYTES 41 /* 40 hexadecimal digits; "": not known */

/* "" if the text is no id. */
void redis_node_id_read(struct text text, char id[static REDIS_NODE_ID_BYTES]);

#endif
