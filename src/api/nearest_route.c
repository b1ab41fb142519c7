/* SPDX-License-Identifier: MIT */
#include "api/nearest_route.h"

#include "base/nearest.h"

/* What other services call it. */
static const struct {
    const char *theirs;
    const char *ours;
} names[] = {
    {"/policies", "/policy"},     {"/rules", "/policy"},         {"/limits", "/policy"},
    {"/apps", "/register"},       {"/signup", "/register"},      {"/checks", "/check/batch"},
    {"/batch", "/check/batch"},   {"/throttle", "/check"},       {"/ratelimit", "/check"},
    {"/logs", "/logs/latest"},    {"/log", "/logs/latest"},      {"/decisions", "/logs/latest"},
    {"/stats", "/usage"},         {"/health", "/readyz"},        {"/healthz", "/readyz"},
    {"/ready", "/readyz"},        {"/status", "/readyz"},        {"/live", "/livez"},
    {"/ping", "/livez"},          {"/prometheus", "/metrics"},   {"/swagger", "/docs"},
    {"/swagger.json", "/openapi.json"},
};

static struct text without_last_slash(const char *path);
static bool ends_with(struct text path, const char *end);

const char *nearest_route(const struct route_table *table, const char *path)
{
    const struct text asked = without_last_slash(path);
    const char *longest = NULL; /* that the path ends with: it has something before it */
    struct nearest nearest;

    nearest_init(&nearest, asked);
    for (size_t i = 0; i < table->count; i++) {
        const char *known = table->rows[i].path;

        nearest_try(&nearest, known);
        if (ends_with(asked, known) && (longest == NULL || strlen(known) > strlen(longest)))
            longest = known;
    }
    for (size_t i = 0; i < ARRAY_COUNT(names) && longest == NULL; i++) {
        if (ends_with(asked, names[i].theirs))
            longest = names[i].ours;
    }
    return longest != NULL ? longest : nearest.found;
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
