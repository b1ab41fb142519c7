/* SPDX-License-Identifier: MIT */
#include "limit/subjects.h"

#include "limit/by.h"
#include "limit/word.h"

static struct text value_of(const struct subjects *subjects, const char *name);
static bool is_called(const struct subject *subject, const char *name);

void subject_write(const struct subject *subject, struct writer *writer, const char *key)
{
    char name[WORD_BYTES_MAX + 1];

    writer_begin_object(writer, key);
    writer_text(writer, word_string(subject->name, name), subject->value);
    writer_end_object(writer);
}

bool subject_is_absent(const struct subject *subject)
{
    return text_is_absent(subject->name);
}

struct text subject_user(const struct subject *subject)
{
    return is_called(subject, SUBJECT_USER) ? subject->value : (struct text){0};
}

bool subject_is_other(const struct subject *subject)
{
    return !subject_is_absent(subject) && !is_called(subject, SUBJECT_USER);
}

bool subject_equal(const struct subject *a, const struct subject *b)
{
    return text_equal(a->name, b->name) && text_equal(a->value, b->value);
}

int subject_compare(const struct subject *a, const struct subject *b)
{
    int order = text_compare(a->name, b->name);

    return order != 0 ? order : text_compare(a->value, b->value);
}

const struct subject *subjects_find(const struct subjects *subjects, struct text name)
{
    for (size_t i = 0; i < subjects->count; i++) {
        if (text_equal(subjects->at[i].name, name))
            return &subjects->at[i];
    }
    return NULL;
}

struct text subjects_user(const struct subjects *subjects)
{
    return value_of(subjects, SUBJECT_USER);
}

struct text subjects_ip(const struct subjects *subjects)
{
    return value_of(subjects, SUBJECT_IP);
}

const struct subject *subjects_first(const struct subjects *subjects)
{
    return subjects_in_order(subjects, 0);
}

const struct subject *subjects_in_order(const struct subjects *subjects, size_t place)
{
    const struct subject *user = subjects_find(subjects, TEXT(SUBJECT_USER));

    if (user != NULL && place-- == 0)
        return user;
    for (size_t i = 0; i < subjects->count; i++) {
        const struct subject *subject = &subjects->at[i];

        if (!is_called(subject, SUBJECT_USER) && !is_called(subject, SUBJECT_IP) && place-- == 0)
            return subject;
    }
    return place == 0 ? subjects_find(subjects, TEXT(SUBJECT_IP)) : NULL;
}

void subjects_put(struct subject at[], size_t count, struct subject subject)
{
    size_t place = count;

    for (; place > 0 && text_compare(at[place - 1].name, subject.name) > 0; place--)
        at[place] = at[place - 1];
    at[place] = subject;
}

const struct by *subjects_resolve(const struct subjects *subjects, const struct by *by)
{
    if (by != NULL)
        return by;
    return by_resolve(NULL, subjects_find(subjects, TEXT(SUBJECT_USER)) != NULL);
}

bool subjects_choose(const struct subjects *subjects, const struct by *by,
                     struct subject space[static BY_MAX], struct subjects *chosen)
{
    if (by == NULL) {
        const struct subject *user = subjects_find(subjects, TEXT(SUBJECT_USER));

        chosen->count = 1;
        chosen->at = user != NULL ? user : subjects_find(subjects, TEXT(SUBJECT_IP));
        return chosen->at != NULL;
    }
    chosen->count = by->count;
    chosen->at = space;
    for (size_t i = 0; i < by->count; i++) {
        const struct subject *subject = subjects_find(subjects, by->names[i]);

        if (subject == NULL)
            return false;
        space[i] = *subject;
    }
    return true;
}

void subjects_write_by(const struct subjects *subjects, const struct by *by, struct writer *writer)
{
    const struct by *resolved = subjects_resolve(subjects, by);

    writer_begin_object(writer, "by");
    for (size_t i = 0; i < resolved->count; i++) {
        const struct subject *subject = subjects_find(subjects, resolved->names[i]);

        if (subject != NULL)
            writer_text(writer, resolved->names[i].at, subject->value);
    }
    writer_end_object(writer);
}

struct digest subjects_digest(const struct digest_key *key, struct text app_id,
                              const struct subjects *subjects, struct text use)
{
    WRITTEN_FIRST struct text parts[2 + 2 * BY_MAX];
    size_t count = 0;

    ASSERT(subjects->count <= BY_MAX);
    parts[count++] = app_id;
    for (size_t i = 0; i < subjects->count; i++) {
        parts[count++] = subjects->at[i].name;
        parts[count++] = subjects->at[i].value;
    }
    if (!text_is_absent(use))
        parts[count++] = use;
    return digest_of(key, parts, count);
}

static struct text value_of(const struct subjects *subjects, const char *name)
{
    const struct subject *subject = subjects_find(subjects, text_of(name));

    return subject == NULL ? (struct text){0} : subject->value;
}

static bool is_called(const struct subject *subject, const char *name)
{
    return text_equal(subject->name, text_of(name));
}
