/* SPDX-License-Identifier: MIT */
#include "journal/entry_id.h"

#include <inttypes.h>
#include <sodium.h>

#define INSTANCE_DIGITS 16

static const char digits[16] = "0123456789abcdef";

uint64_t entry_id_new_instance(void)
{
    uint64_t instance;

    randombytes_buf(&instance, sizeof instance);
    return instance;
}

struct text entry_id_write(const struct entry_id *id, char space[static ENTRY_ID_BYTES])
{
    (void)snprintf(space, ENTRY_ID_BYTES, "%016" PRIx64 "-%" PRIu64, id->instance, id->sequence);
    return text_of(space);
}

/* What it means is written again, so that each id has one form only. */
bool entry_id_read(struct text text, struct entry_id *id)
{
    char space[ENTRY_ID_BYTES];
    struct text rest = text;
    const struct text instance = text_cut(&rest, '-');
    struct entry_id read = {0};
    int64_t sequence = 0;

    if (instance.length != INSTANCE_DIGITS || !text_parse_integer(rest, &sequence) || sequence < 1)
        return false;
    for (size_t i = 0; i < instance.length; i++) {
        const char *digit = memchr(digits, instance.at[i], sizeof digits);

        if (digit == NULL)
            return false;
        read.instance = read.instance << 4 | (uint64_t)(digit - digits);
    }
    read.sequence = (uint64_t)sequence;
    if (!text_equal(entry_id_write(&read, space), text))
        return false;
    *id = read;
    return true;
}

bool entry_id_equal(const struct entry_id *a, const struct entry_id *b)
{
    return a->instance == b->instance && a->sequence == b->sequence;
}
