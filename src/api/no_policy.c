/* SPDX-License-Identifier: MIT */
#include "api/no_policy.h"

#include "base/buffer.h"

static void add_subject(struct buffer *detail, const struct subject *subject, const char *before);

const char *no_policy_detail(const char *start, struct text route_key, struct text role,
                             const struct subjects *subjects, struct arena *arena)
{
    struct buffer detail;

    buffer_init(&detail, arena, 256);
    buffer_printf(&detail, "%s route_key \"%.*s\", role \"%.*s\"", start, TEXT_PRINTF(route_key),
                  TEXT_PRINTF(role));
    for (size_t i = 0; i < subjects->count; i++)
        add_subject(&detail, subjects_in_order(subjects, i),
                    i + 1 < subjects->count ? ", " : " and ");
    buffer_add_char(&detail, '.');
    return buffer_string(&detail);
}

static void add_subject(struct buffer *detail, const struct subject *subject, const char *before)
{
    const bool is_user = !subject_is_other(subject);
    const struct text name = is_user ? TEXT("user_id") : subject->name;

    buffer_printf(detail, "%s%.*s \"%.*s\"", before, TEXT_PRINTF(name),
                  TEXT_PRINTF(subject->value));
}
