/* SPDX-License-Identifier: MIT
 *
 * Answers each line of standard input, {"at": SECONDS, "period": ..., "zone": ..., "anchor": ...},
 * with the starts of the periods around that time, in seconds; or with what is wrong. */
#include "base/arena.h"
#include "base/document.h"
#include "base/duration.h"
#include "catalogue/calendars.h"
#include "limit/limit.h"

#include <inttypes.h>

#define LINE_BYTES_MAX 512

static void answer(struct text line, struct arena *arena);
static void starts_print(const struct calendar *calendar);

int main(void)
{
    char line[LINE_BYTES_MAX];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct arena arena = {0};

        answer(text_of(line), &arena);
        arena_close(&arena);
    }
    return 0;
}

static void answer(struct text line, struct arena *arena)
{
    struct error error = {0};
    struct faults faults = {0};
    struct calendar calendar = {0};
    struct period *period = NULL;
    struct form form;
    int64_t at_s = 0;
    json_t *document = document_parse(line, &error);

    if (form_open(&form, document, "", &faults)) {
        form_integer(&form, "at", FORM_REQUIRED, 0, LIMIT_TIME_US_MAX / SECOND_US, &at_s);
        period = period_read(&form, arena);
    }
    if (faults.count > 0)
        printf("%s %s\n", faults.at[0].pointer, faults.at[0].detail);
    else if (!calendars_at(period, at_s * SECOND_US, &calendar))
        printf("unknown\n");
    else
        starts_print(&calendar);
    json_decref(document);
}

static void starts_print(const struct calendar *calendar)
{
    for (size_t i = 0; i < CALENDAR_STARTS; i++)
        printf("%" PRId64 "%c", calendar->starts_us[i] / SECOND_US,
               i + 1 < CALENDAR_STARTS ? ' ' : '\n');
}
