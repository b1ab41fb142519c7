/* SPDX-License-Identifier: MIT */
#include "limit/subjects.h"

#include "base/arena.h"
#include "base/ip_address.h"
#include "limit/by.h"
#include "limit/word.h"

#define USER "user"
#define IP   "ip"

#define SUBJECT   "subject"
#define PARAMETER SUBJECT "."

/* What is read: the list so far, and the form that faults are recorded in. */
struct reading {
    struct form *form;
    struct arena *arena;
    size_t count_max; /* 1: as a policy and a filter name it */
    size_t count;
    struct subject at[SUBJECTS_MAX];
};

static void reading_begin(struct reading *reading, struct form *form, struct arena *arena,
                          size_t count_max);
static void object_read(struct reading *reading, const char *member);
static void parameter_read(struct reading *reading);
static void value_read(struct reading *reading, struct form *form, struct text name,
                       const char *member);
static void add(struct reading *reading, struct form *form, const char *member,
                struct subject subject);
static bool address_read(const struct reading *reading, struct text text, struct text *value);
static struct text value_of(const struct subjects *subjects, const char *name);
static bool is_called(const struct subject *subject, const char *name);

bool subjects_read(struct form *form, struct arena *arena, struct subjects *subjects)
{
    WRITTEN_FIRST struct reading reading;
    const size_t faults_before = form->faults->count;

    reading_begin(&reading, form, arena, SUBJECTS_MAX);
    value_read(&reading, form, TEXT(USER), "user_id");
    value_read(&reading, form, TEXT(IP), "ip");
    object_read(&reading, "subjects");
    if (reading.count == 0 && form->faults->count == faults_before)
        form_fault(form, NULL, "must have `user_id`, `ip` or `subjects`");
    if (form->faults->count > faults_before)
        return false;

    struct subject *at = ARENA_ARRAY(arena, struct subject, reading.count);

    memcpy(at, reading.at, reading.count * sizeof(at[0]));
    *subjects = (struct subjects){.count = reading.count, .at = at};
    return true;
}

bool subject_read_one(struct form *form, struct arena *arena, struct subject *subject)
{
    WRITTEN_FIRST struct reading reading;
    const size_t faults_before = form->faults->count;

    reading_begin(&reading, form, arena, 1);
    value_read(&reading, form, TEXT(USER), "user_id");
    if (form->kind == FORM_TEXTUAL)
        parameter_read(&reading);
    else
        object_read(&reading, SUBJECT);
    if (form->faults->count > faults_before)
        return false;
    if (reading.count == 1)
        *subject = reading.at[0];
    return true;
}

void subject_write(const struct subject *subject, struct writer *writer, const char *key)
{
    char name[WORD_BYTES_MAX + 1];

    (void)snprintf(name, sizeof(name), "%.*s", TEXT_PRINTF(subject->name));
    writer_begin_object(writer, key);
    writer_text(writer, name, subject->value);
    writer_end_object(writer);
}

bool subject_is_absent(const struct subject *subject)
{
    return text_is_absent(subject->name);
}

struct text subject_user(const struct subject *subject)
{
    return is_called(subject, USER) ? subject->value : (struct text){0};
}

bool subject_is_other(const struct subject *subject)
{
    return !subject_is_absent(subject) && !is_called(subject, USER);
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
    return value_of(subjects, USER);
}

struct text subjects_ip(const struct subjects *subjects)
{
    return value_of(subjects, IP);
}

const struct subject *subjects_first(const struct subjects *subjects)
{
    return subjects_in_order(subjects, 0);
}

const struct subject *subjects_in_order(const struct subjects *subjects, size_t place)
{
    const struct subject *user = subjects_find(subjects, TEXT(USER));

    if (user != NULL && place-- == 0)
        return user;
    for (size_t i = 0; i < subjects->count; i++) {
        const struct subject *subject = &subjects->at[i];

        if (!is_called(subject, USER) && !is_called(subject, IP) && place-- == 0)
            return subject;
    }
    return place == 0 ? subjects_find(subjects, TEXT(IP)) : NULL;
}

struct digest subjects_digest(const struct digest_key *key, struct text app_id,
                              const struct subjects *subjects, struct text use)
{
    struct text parts[2 + 2 * BY_MAX] = {app_id};
    size_t count = 1;

    ASSERT(subjects->count <= BY_MAX);
    for (size_t i = 0; i < subjects->count; i++) {
        parts[count++] = subjects->at[i].name;
        parts[count++] = subjects->at[i].value;
    }
    if (!text_is_absent(use))
        parts[count++] = use;
    return digest_of(key, parts, count);
}

static void reading_begin(struct reading *reading, struct form *form, struct arena *arena,
                          size_t count_max)
{
    reading->form = form;
    reading->arena = arena;
    reading->count_max = count_max;
    reading->count = 0;
}

static void object_read(struct reading *reading, const char *member)
{
    char pointer[sizeof(((struct fault *)NULL)->pointer)];
    const json_t *object;
    struct form form;
    const char *name;
    json_t *value;

    if (!form_object(reading->form, member, FORM_OPTIONAL, &object))
        return;
    if (json_object_size(object) < 1 || json_object_size(object) > reading->count_max) {
        form_fault(reading->form, member,
                   reading->count_max == 1 ? "must have one subject" : "must have 1 to %d subjects",
                   SUBJECTS_MAX);
        return;
    }
    (void)snprintf(pointer, sizeof(pointer), "%s/%s", reading->form->pointer, member);
    if (!form_open(&form, object, pointer, reading->form->faults))
        return;
    /* jansson iterates over const objects only through a cast. */
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        if (word_is(text_of(name)))
            value_read(reading, &form, text_of(name), name);
        else
            form_fault(&form, name, "must have another name: it " WORD_FAULT);
    }
}

/* The first one ends it, because a form can be asked for few members. Any other is unknown to the
 * form. */
static void parameter_read(struct reading *reading)
{
    const struct text prefix = TEXT(PARAMETER);
    const char *member;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)reading->form->object, member, value) {
        if (!text_starts_with(text_of(member), prefix))
            continue;

        const struct text name = text_of(member + prefix.length);

        form_ignore(reading->form, member);
        if (word_is(name))
            value_read(reading, reading->form, name, member);
        else
            form_fault(reading->form, member,
                       "must name a subject behind the point: it " WORD_FAULT);
        return;
    }
}

/* An absent shorthand is none; a null in the object is a fault, as any other value. */
static void value_read(struct reading *reading, struct form *form, struct text name,
                       const char *member)
{
    const enum form_presence presence = form == reading->form ? FORM_OPTIONAL : FORM_REQUIRED;
    struct subject subject = {.name = name};

    if (!form_text(form, member, presence, 1, SUBJECT_VALUE_BYTES_MAX, &subject.value))
        return;
    if (is_called(&subject, IP) && !address_read(reading, subject.value, &subject.value)) {
        form_fault(form, member, "must be one IPv4 or IPv6 address, without a port or a prefix");
        return;
    }
    add(reading, form, member, subject);
}

/* In the order of the names. */
static void add(struct reading *reading, struct form *form, const char *member,
                struct subject subject)
{
    size_t place = reading->count;

    if (reading->count == reading->count_max) {
        form_fault(form, member,
                   reading->count_max == 1 ? "must be the only subject"
                                           : "must be one of at most %d subjects",
                   SUBJECTS_MAX);
        return;
    }
    while (place > 0 && text_compare(reading->at[place - 1].name, subject.name) > 0)
        place--;
    if (place > 0 && text_equal(reading->at[place - 1].name, subject.name)) {
        form_fault(form, member, "must not be given twice, as `%s` and in `subjects`",
                   is_called(&subject, USER) ? "user_id" : IP);
        return;
    }
    memmove(&reading->at[place + 1], &reading->at[place],
            (reading->count - place) * sizeof(reading->at[0]));
    reading->at[place] = subject;
    reading->count++;
}

static bool address_read(const struct reading *reading, struct text text, struct text *value)
{
    char site[IP_ADDRESS_SITE_BYTES];
    struct ip_address address;
    struct text rest = text;
    const struct text host = reading->count_max == 1 ? text_cut(&rest, '/') : text;

    if (!ip_address_parse(host, &address))
        return false;
    ip_address_write_site(&address, site);
    *value = text_copy(reading->arena, text_of(site));
    return host.length == text.length || text_equal(text, *value);
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
