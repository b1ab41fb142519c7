/* SPDX-License-Identifier: MIT */
#include "limit/subjects_read.h"

#include "base/arena.h"
#include "base/ip_address.h"
#include "limit/word.h"

#define PREFIX "subject."

/* What is read: the list so far, and the form that faults are recorded in. */
struct reading {
    struct form *form;
    struct arena *arena;
    bool takes_site;  /* of an address, in place of it */
    size_t count_max; /* 1, or SUBJECTS_MAX */
    size_t count;
    struct subject at[SUBJECTS_MAX];
};

static void begin(struct reading *reading, struct form *form, struct arena *arena,
                  size_t count_max);
static void object_read(struct reading *reading, const char *member);
static void parameters_read(struct reading *reading);
static bool parameter_name_read(struct form *form, const char *parameter, struct text *name);
static void value_read(struct reading *reading, struct form *form, struct text name,
                       const char *member);
static bool address_read(const struct reading *reading, struct text *value);
static void add(struct reading *reading, struct form *form, const char *member,
                struct subject subject);
static void keep(const struct reading *reading, struct subjects *subjects);

bool subjects_read(struct form *form, struct arena *arena, struct subjects *subjects)
{
    WRITTEN_FIRST struct reading reading;
    const size_t faults_before = form->faults->count;

    begin(&reading, form, arena, SUBJECTS_MAX);
    value_read(&reading, form, TEXT(SUBJECT_USER), SUBJECT_USER_SHORTHAND);
    value_read(&reading, form, TEXT(SUBJECT_IP), "ip");
    object_read(&reading, "subjects");
    if (reading.count == 0 && form->faults->count == faults_before)
        form_fault(form, NULL, "must have `user_id`, `ip` or `subjects`");
    if (form->faults->count > faults_before)
        return false;
    keep(&reading, subjects);
    return true;
}

bool subjects_read_query(struct form *form, struct arena *arena, struct subjects *subjects)
{
    WRITTEN_FIRST struct reading reading;
    const size_t faults_before = form->faults->count;

    begin(&reading, form, arena, SUBJECTS_MAX);
    reading.takes_site = true;
    value_read(&reading, form, TEXT(SUBJECT_USER), SUBJECT_USER_SHORTHAND);
    parameters_read(&reading);
    if (form->faults->count > faults_before)
        return false;
    keep(&reading, subjects);
    return true;
}

bool subject_read_one(struct form *form, struct arena *arena, struct subject *subject)
{
    WRITTEN_FIRST struct reading reading;
    const size_t faults_before = form->faults->count;

    begin(&reading, form, arena, 1);
    reading.takes_site = true;
    value_read(&reading, form, TEXT(SUBJECT_USER), SUBJECT_USER_SHORTHAND);
    if (form->kind == FORM_TEXTUAL)
        parameters_read(&reading);
    else
        object_read(&reading, "subject");
    if (form->faults->count > faults_before)
        return false;
    if (reading.count == 1)
        *subject = reading.at[0];
    return true;
}

static void begin(struct reading *reading, struct form *form, struct arena *arena, size_t count_max)
{
    reading->form = form;
    reading->arena = arena;
    reading->takes_site = false;
    reading->count_max = count_max;
    reading->count = 0;
}

static void object_read(struct reading *reading, const char *member)
{
    WRITTEN_FIRST char pointer[sizeof(((struct fault *)NULL)->pointer)];
    WRITTEN_FIRST struct form form;
    const json_t *object;
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
        if (!word_is(text_of(name)))
            form_fault(&form, name, "must have another name: it " WORD_FAULT);
        else if (strcmp(name, SUBJECT_USER_SHORTHAND) == 0)
            form_fault(&form, name, "must be called `" SUBJECT_USER "` here");
        else
            value_read(reading, &form, text_of(name), name);
    }
}

/* Ends one behind the last that may be there, because a form remembers few names. Any other is
 * unknown to it. */
static void parameters_read(struct reading *reading)
{
    size_t parameters = 0;
    const char *parameter;
    json_t *value;

    form_ignore(reading->form, SUBJECTS_PARAMETER);
    json_object_foreach ((json_t *)(uintptr_t)reading->form->object, parameter, value) {
        struct text name;

        if (!text_starts_with(text_of(parameter), TEXT(PREFIX)))
            continue;
        if (++parameters > reading->count_max + 1)
            return;
        if (parameter_name_read(reading->form, parameter, &name))
            value_read(reading, reading->form, name, parameter);
    }
}

static bool parameter_name_read(struct form *form, const char *parameter, struct text *name)
{
    *name = text_of(parameter + strlen(PREFIX));
    form_ignore(form, parameter);
    if (word_is(*name))
        return true;
    form_fault(form, parameter, "must name a subject behind the point: it " WORD_FAULT);
    return false;
}

/* An absent shorthand is none; a null in the object is a fault, as any other value. */
static void value_read(struct reading *reading, struct form *form, struct text name,
                       const char *member)
{
    const enum form_presence presence = form == reading->form ? FORM_OPTIONAL : FORM_REQUIRED;
    struct subject subject = {.name = name};

    if (!form_text(form, member, presence, 1, SUBJECT_VALUE_BYTES_MAX, &subject.value))
        return;
    if (text_equal(name, TEXT(SUBJECT_IP)) && !address_read(reading, &subject.value)) {
        form_fault(form, member,
                   reading->takes_site
                       ? "must be one IPv4 or IPv6 address, without a port"
                       : "must be one IPv4 or IPv6 address, without a port or a prefix");
        return;
    }
    add(reading, form, member, subject);
}

/* Makes it canonical. */
static bool address_read(const struct reading *reading, struct text *value)
{
    char site[IP_ADDRESS_SITE_BYTES];
    struct ip_address address;
    struct text rest = *value;
    const struct text host = reading->takes_site ? text_cut(&rest, '/') : *value;

    if (!ip_address_parse(host, &address))
        return false;
    ip_address_write_site(&address, site);
    if (host.length < value->length && !text_equal(*value, text_of(site)))
        return false;
    *value = text_copy(reading->arena, text_of(site));
    return true;
}

static void add(struct reading *reading, struct form *form, const char *member,
                struct subject subject)
{
    const struct subjects before = {.count = reading->count, .at = reading->at};

    if (reading->count == reading->count_max) {
        form_fault(form, member,
                   reading->count_max == 1 ? "must be the only subject"
                                           : "must be one of at most %d subjects",
                   SUBJECTS_MAX);
    } else if (subjects_find(&before, subject.name) != NULL) {
        form_fault(form, member, "must not be given twice: `%s` is short for it",
                   text_equal(subject.name, TEXT(SUBJECT_USER)) ? SUBJECT_USER_SHORTHAND
                                                                : SUBJECT_IP);
    } else {
        subjects_put(reading->at, reading->count++, subject);
    }
}

static void keep(const struct reading *reading, struct subjects *subjects)
{
    struct subject *at = ARENA_ARRAY(reading->arena, struct subject, reading->count);

    memcpy(at, reading->at, reading->count * sizeof(at[0]));
    *subjects = (struct subjects){.count = reading->count, .at = at};
}
