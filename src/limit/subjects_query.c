/* SPDX-License-Identifier: MIT */
#include "limit/subjects_query.h"

#include "base/arena.h"
#include "base/ip_address.h"
#include "limit/word.h"

#define PREFIX "subject."

struct asked {
    struct form *form;
    struct arena *arena;
    size_t count;
    struct subject *at;
};

static bool name_read(struct form *form, const char *parameter, struct text *name);
static void value_read(struct asked *asked, struct text name, const char *parameter);
static bool address_read(struct asked *asked, struct text *value);
static void add(struct asked *asked, struct subject subject);

bool subjects_read_query(struct form *form, struct arena *arena, struct subjects *subjects)
{
    struct asked asked = {
        .form = form, .arena = arena, .at = ARENA_ARRAY(arena, struct subject, SUBJECTS_MAX)};
    const size_t faults_before = form->faults->count;
    size_t parameters = 0;
    const char *parameter;
    json_t *value;

    value_read(&asked, TEXT("user"), "user_id");
    /* jansson iterates over const objects only through a cast. */
    json_object_foreach ((json_t *)(uintptr_t)form->object, parameter, value) {
        struct text name;

        if (!text_starts_with(text_of(parameter), TEXT(PREFIX)))
            continue;
        if (++parameters > SUBJECTS_MAX + 1) /* a form remembers few names */
            break;
        if (name_read(form, parameter, &name))
            value_read(&asked, name, parameter);
    }
    *subjects = (struct subjects){.count = asked.count, .at = asked.at};
    return form->faults->count == faults_before;
}

static bool name_read(struct form *form, const char *parameter, struct text *name)
{
    *name = text_of(parameter + strlen(PREFIX));
    form_ignore(form, parameter);
    if (word_is(*name))
        return true;
    form_fault(form, parameter, "must name a subject behind the point: it " WORD_FAULT);
    return false;
}

static void value_read(struct asked *asked, struct text name, const char *parameter)
{
    struct form *form = asked->form;
    struct subject subject = {.name = name};
    const struct subjects before = {.count = asked->count, .at = asked->at};

    if (!form_text(form, parameter, FORM_OPTIONAL, 1, SUBJECT_VALUE_BYTES_MAX, &subject.value))
        return;
    if (subjects_find(&before, name) != NULL)
        form_fault(form, parameter, "must not be given twice: `user_id` is short for it");
    else if (asked->count == SUBJECTS_MAX)
        form_fault(form, parameter, "must be one of at most %d subjects", SUBJECTS_MAX);
    else if (text_equal(name, TEXT("ip")) && !address_read(asked, &subject.value))
        form_fault(form, parameter, "must be one IPv4 or IPv6 address, without a port");
    else
        add(asked, subject);
}

static bool address_read(struct asked *asked, struct text *value)
{
    struct text rest = *value;
    const struct text host = text_cut(&rest, '/');
    char site[IP_ADDRESS_SITE_BYTES];
    struct ip_address address;

    if (!ip_address_parse(host, &address))
        return false;
    ip_address_write_site(&address, site);
    if (host.length < value->length && !text_equal(*value, text_of(site)))
        return false;
    *value = text_copy(asked->arena, text_of(site));
    return true;
}

/* In the order of the names. */
static void add(struct asked *asked, struct subject subject)
{
    size_t place = asked->count++;

    for (; place > 0 && text_compare(asked->at[place - 1].name, subject.name) > 0; place--)
        asked->at[place] = asked->at[place - 1];
    asked->at[place] = subject;
}
