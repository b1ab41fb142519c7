/* SPDX-License-Identifier: MIT */
#include "sample_policy.h"

#include "base/arena.h"
#include "base/document.h"
#include "support/cmocka.h"

static const char *canonical(const struct policy *policy, struct arena *arena);

struct policy *sample_policy(struct arena *arena, const char *quoted)
{
    struct faults faults = {0};
    struct error error = {0};
    struct text text = text_copy(arena, text_of(quoted));
    char *json = arena_allocate(arena, text.length + 1);

    for (size_t i = 0; i < text.length; i++)
        json[i] = (char)(text.at[i] == '\'' ? '"' : text.at[i]);
    json_t *value = document_parse(text_of(json), &error);
    if (value == NULL)
        fail_msg("%s: %s", json, error.message);
    struct policy *policy = policy_read(value, "", arena, &faults);
    json_decref(value);
    if (policy == NULL)
        fail_msg("%s: %s %s", json, faults.at[0].pointer, faults.at[0].detail);
    return policy;
}

void assert_same_policy(const struct policy *actual, const struct policy *expected)
{
    struct arena arena = {0};

    assert_non_null(actual);
    assert_string_equal(canonical(actual, &arena), canonical(expected, &arena));
    arena_close(&arena);
}

static const char *canonical(const struct policy *policy, struct arena *arena)
{
    struct policy content = *policy;
    struct buffer buffer;
    struct writer writer;

    content.id = 0;
    content.version = 0;
    buffer_init(&buffer, arena, 256);
    writer_init(&writer, &buffer);
    policy_write(&content, &writer, NULL);
    return buffer_string(&buffer);
}
