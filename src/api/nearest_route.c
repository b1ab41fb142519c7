/* SPDX-License-Identifier: MIT */
#include "api/nearest_route.h"

#include "api/routes.h"
#include "base/nearest.h"

static const char *route_above(const struct route_table *table, struct text path);
static struct text without_last_slash(const char *path);
static bool ends_with(struct text path, const char *end);

const char *nearest_route(const struct route_table *table, const char *path)
{
    const struct text asked = without_last_slash(path);
    const char *longest = NULL; /* the longest known path that `path` ends with */
    struct nearest nearest;

    nearest_init(&nearest, asked);
    for (size_t i = 0; i < table->count; i++) {
        const char *known = table->rows[i].path;

        nearest_try(&nearest, known);
        if (ends_with(asked, known) && (longest == NULL || strlen(known) > strlen(longest)))
            longest = known;
    }
    for (const struct route_alias *alias = route_aliases; alias->theirs && !longest; alias++) {
        if (ends_with(asked, alias->theirs))
            longest = alias->ours;
    }
    if (longest == NULL && nearest.found == NULL)
        longest = route_above(table, asked);
    return longest != NULL ? longest : nearest.found;
}

/* For /policy/42 and /policy.json, because no path of ours has a variable part. */
static const char *route_above(const struct route_table *table, struct text path)
{
    const char *longest = NULL;

    for (size_t i = 0; i < table->count; i++) {
        const char *known = table->rows[i].path;
        const size_t length = strlen(known);

        if (path.length <= length || (path.at[length] != '/' && path.at[length] != '.'))
            continue;
        if (text_equal_ignoring_case((struct text){path.at, length}, text_of(known)) &&
            (longest == NULL || length > strlen(longest)))
            longest = known;
    }
    return longest;
}

static struct text without_last_slash(const char *path)
{
    struct text text = text_of(path);

    if (text.length > 1 && text.at[text.length - 1] == '/')
        text.length--;
    return text;
}

static bool ends_with(struct text path, const char *end)
{
    const size_t length = strlen(end);

    return path.length >= length &&
           text_equal_ignoring_case((struct text){path.at + path.length - length, length},
                                    (struct text){end, length});
}
