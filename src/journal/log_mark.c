/* SPDX-License-Identifier: MIT */
#include "journal/log_mark.h"

const struct log_mark log_mark_of_nothing = {.read = {.sequence = 1}};

void log_mark_note(struct log_mark *mark, const struct entry_id *id)
{
    mark->read = *id;
    if (id->instance == mark->ahead.instance && id->sequence >= mark->ahead.sequence)
        mark->ahead = (struct entry_id){0};
}

struct text log_mark_write(const struct log_mark *mark, char space[static LOG_MARK_BYTES])
{
    char read[ENTRY_ID_BYTES];
    char ahead[ENTRY_ID_BYTES];

    if (mark->ahead.sequence == 0)
        return entry_id_write(&mark->read, space);
    (void)snprintf(space, LOG_MARK_BYTES, "%s+%s", entry_id_write(&mark->read, read).at,
                   entry_id_write(&mark->ahead, ahead).at);
    return text_of(space);
}

bool log_mark_read(struct text text, struct log_mark *mark)
{
    struct text ahead = text;
    const struct text read = text_cut(&ahead, '+');

    *mark = (struct log_mark){0};
    if (!entry_id_read(read, &mark->read))
        return false;
    return read.length == text.length || entry_id_read(ahead, &mark->ahead);
}
