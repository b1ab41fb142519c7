/* SPDX-License-Identifier: MIT
 *
 * The id of a decision, the same wherever it is read: "<instance>-<sequence>". Each journal has a
 * random number, and counts the decisions of each app from 1 on. So no two decisions of an app have
 * the same id, and those of one instance are in its order. Any thread. */
#ifndef JOURNAL_ENTRY_ID_H
#define JOURNAL_ENTRY_ID_H

#include "base/text.h"

struct entry_id {
    uint64_t instance; /* written as 16 hexadecimal digits */
    uint64_t sequence; /* 1..INT64_MAX */
};

/* With the NUL. */
#define ENTRY_ID_BYTES 40

/* A random one, for a new journal. */
uint64_t entry_id_new_instance(void);

/* Returns the text in `space`, which is NUL-terminated. */
struct text entry_id_write(const struct entry_id *id, char space[static ENTRY_ID_BYTES]);

/* False when the text is not what entry_id_write() writes. */
MUST_USE bool entry_id_read(struct text text, struct entry_id *id);

bool entry_id_equal(const struct entry_id *a, const struct entry_id *b);

#endif
