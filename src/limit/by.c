/* SPDX-License-Identifier: MIT */
#include "limit/by.h"

#include "base/arena.h"
#include "limit/subjects.h"
#include "limit/word.h"

static const struct by by_user = {.count = 1, .names = {{SUBJECT_USER, sizeof(SUBJECT_USER) - 1}}};
static const struct by by_ip = {.count = 1, .names = {{SUBJECT_IP, sizeof(SUBJECT_IP) - 1}}};

static bool names_read(struct form *form, struct by *by);
static bool name_add(struct form *form, struct by *by, struct text name);

const struct by *by_read(struct form *form, struct arena *arena)
{
    struct by by = {0};

    if (!form_has(form, "by") || !names_read(form, &by))
        return NULL;

    struct by *kept = ARENA_NEW(arena, struct by);

    *kept = by;
    for (size_t i = 0; i < by.count; i++)
        kept->names[i] = text_copy(arena, by.names[i]);
    return kept;
}

void by_write(const struct by *by, struct writer *writer)
{
    if (by == NULL)
        return;
    if (by->count == 1) {
        writer_text(writer, "by", by->names[0]);
        return;
    }
    writer_begin_array(writer, "by");
    for (size_t i = 0; i < by->count; i++)
        writer_text(writer, NULL, by->names[i]);
    writer_end_array(writer);
}

const struct by *by_resolve(const struct by *by, bool has_user)
{
    if (by != NULL)
        return by;
    return has_user ? &by_user : &by_ip;
}

bool by_equal(const struct by *a, const struct by *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!text_equal(a->names[i], b->names[i]))
            return false;
    }
    return true;
}

bool by_has(const struct by *by, struct text name)
{
    for (size_t i = 0; by != NULL && i < by->count; i++) {
        if (text_equal(by->names[i], name))
            return true;
    }
    return false;
}

static bool names_read(struct form *form, struct by *by)
{
    const json_t *value = json_object_get(form->object, "by");

    if (json_is_string(value))
        return name_add(form, by,
                        (struct text){json_string_value(value), json_string_length(value)});
    if (!json_is_array(value) || json_array_size(value) > BY_MAX) {
        form_fault(form, "by", "must be the name of a subject, or a list of 0 to %d names", BY_MAX);
        return false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *name = json_array_get(value, i);

        if (!name_add(form, by, (struct text){json_string_value(name), json_string_length(name)}))
            return false;
    }
    return true;
}

static bool name_add(struct form *form, struct by *by, struct text name)
{
    size_t place = by->count;

    if (!word_is(name)) {
        form_fault(form, "by", "names a subject: each name " WORD_FAULT);
        return false;
    }
    if (text_equal(name, TEXT(SUBJECT_USER_SHORTHAND))) {
        form_fault(form, "by", "must name `" SUBJECT_USER "`: that is the subject of a user's id");
        return false;
    }
    while (place > 0 && text_compare(by->names[place - 1], name) > 0)
        place--;
    if (place > 0 && text_equal(by->names[place - 1], name)) {
        form_fault(form, "by", "must name `%.*s` once", TEXT_PRINTF(name));
        return false;
    }
    memmove(&by->names[place + 1], &by->names[place], (by->count - place) * sizeof(by->names[0]));
    by->names[place] = name;
    by->count++;
    return true;
}
