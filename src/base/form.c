/* SPDX-License-Identifier: MIT */
#include "base/form.h"

#include "base/nearest.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>

#define JOINTS      "_-"
#define RANGE_BYTES 64 /* " from -9223372036854775808 to 9223372036854775807" */

static void form_begin(struct form *form, const char *pointer, struct faults *faults);
static bool is_document(const char *text);
static struct value form_expect(struct form *form, const char *name, enum form_presence presence);
static struct value form_ask(struct form *form, const char *name);
static struct value members_ask(struct form *form, const char *name);
static struct value tree_ask(struct form *form, const char *name);
static struct value value_of(const json_t *json);
static bool read_integer(const struct form *form, const struct value *value, int64_t *out);
static bool read_bool(const struct form *form, const struct value *value, bool *out);
static void members_close(struct form *form, const struct form_alias aliases[]);
static void tree_close(struct form *form, const struct form_alias aliases[]);
static void fault_unknown(struct form *form, const struct form_alias aliases[], const char *name);
static const char *aliased_as(const struct form *form, const struct form_alias aliases[],
                              const char *name);
static bool is_same_name(const char *a, const char *b);
static const char *nearest_asked(const struct form *form, const char *name);
static bool was_asked(const struct form *form, const char *name);
static void words_write(char out[], size_t size, const char *const words[]);
static void counts_write(char out[static RANGE_BYTES], size_t min, size_t max);

bool form_open(struct form *form, const json_t *value, const char *pointer, struct faults *faults)
{
    form_begin(form, pointer, faults);
    form->object = value;
    if (json_is_object(value))
        return true;
    faults_add_type(faults, pointer, NULL, FAULT_OBJECT,
                    is_document(json_string_value(value)) ? ", and is one as a text: encode it once"
                                                          : "");
    return false;
}

void form_open_members(struct form *form, struct members *members, const char *pointer,
                       struct faults *faults)
{
    form_begin(form, pointer, faults);
    form->members = members;
}

bool form_text(struct form *form, const char *name, enum form_presence presence, size_t bytes_min,
               size_t bytes_max, struct text *out)
{
    struct value value = form_expect(form, name, presence);

    if (value.kind == VALUE_NULL)
        return false;
    if (value.kind != VALUE_TEXT || value.text.length < bytes_min ||
        value.text.length > bytes_max) {
        char range[RANGE_BYTES];
        counts_write(range, bytes_min, bytes_max);
        form_fault(form, name, "must be a text of %s bytes", range);
        return false;
    }
    *out = value.text;
    return true;
}

bool form_integer(struct form *form, const char *name, enum form_presence presence, int64_t min,
                  int64_t max, int64_t *out)
{
    struct value value = form_expect(form, name, presence);
    int64_t integer;

    if (value.kind == VALUE_NULL)
        return false;
    if (!read_integer(form, &value, &integer) || integer < min || integer > max) {
        char range[RANGE_BYTES];
        (void)snprintf(range, sizeof(range), " from %" PRId64 " to %" PRId64, min, max);
        faults_add_type(form->faults, form->pointer, name, FAULT_INTEGER, range);
        return false;
    }
    *out = integer;
    return true;
}

bool form_bool(struct form *form, const char *name, enum form_presence presence, bool *out)
{
    struct value value = form_expect(form, name, presence);

    if (value.kind == VALUE_NULL)
        return false;
    if (read_bool(form, &value, out))
        return true;
    faults_add_type(form->faults, form->pointer, name, FAULT_BOOL, "");
    return false;
}

bool form_choice(struct form *form, const char *name, enum form_presence presence,
                 const char *const words[], int *out)
{
    struct value value = form_expect(form, name, presence);

    if (value.kind == VALUE_NULL)
        return false;
    for (int i = 0; words[i] != NULL; i++) {
        if (text_equal(value.text, text_of(words[i]))) {
            *out = i;
            return true;
        }
    }

    char list[sizeof(((struct fault *)NULL)->detail)];
    words_write(list, sizeof(list), words);
    form_fault(form, name, "must be one of %s", list);
    return false;
}

bool form_array(struct form *form, const char *name, enum form_presence presence, size_t count_min,
                size_t count_max, const json_t **out)
{
    struct value value = form_expect(form, name, presence);

    if (value.kind == VALUE_NULL)
        return false;

    /* No plain member is an array or an object. */
    const json_t *array = json_object_get(form->object, name);
    size_t count = json_array_size(array);

    if (!json_is_array(array) || count < count_min || count > count_max) {
        char counts[RANGE_BYTES];
        char range[RANGE_BYTES + sizeof(" of  values")];
        counts_write(counts, count_min, count_max);
        (void)snprintf(range, sizeof(range), " of %s values", counts);
        faults_add_type(form->faults, form->pointer, name, FAULT_ARRAY, range);
        return false;
    }
    *out = array;
    return true;
}

bool form_object(struct form *form, const char *name, enum form_presence presence,
                 const json_t **out)
{
    struct value value = form_expect(form, name, presence);

    if (value.kind == VALUE_NULL)
        return false;

    const json_t *object = json_object_get(form->object, name);

    if (!json_is_object(object)) {
        faults_add_type(form->faults, form->pointer, name, FAULT_OBJECT, "");
        return false;
    }
    *out = object;
    return true;
}

bool form_has(struct form *form, const char *name)
{
    return form_ask(form, name).kind != VALUE_NULL;
}

bool form_has_text(struct form *form, const char *name)
{
    return form_ask(form, name).kind == VALUE_TEXT;
}

bool form_has_integer(struct form *form, const char *name)
{
    return form_ask(form, name).kind == VALUE_INTEGER;
}

void form_ignore(struct form *form, const char *name)
{
    form_ask(form, name);
}

bool form_has_more(const struct form *form)
{
    const size_t count =
        form->members != NULL ? form->members->count : json_object_size(form->object);

    return form->found_count < count;
}

void form_fault(struct form *form, const char *name, const char *format, ...)
{
    char detail[sizeof(((struct fault *)NULL)->detail)];
    va_list values;

    va_start(values, format);
    vsnprintf(detail, sizeof(detail), format, values);
    va_end(values);
    faults_add(form->faults, form->pointer, name, "%s", detail);
}

void form_close(struct form *form)
{
    static const struct form_alias none[] = {{0}};

    form_close_with(form, none);
}

void form_close_with(struct form *form, const struct form_alias aliases[])
{
    if (form->members != NULL)
        members_close(form, aliases);
    else
        tree_close(form, aliases);
}

/* Does not clear `asked`, because only its first entries, up to its count, are used. */
static void form_begin(struct form *form, const char *pointer, struct faults *faults)
{
    form->object = NULL;
    form->members = NULL;
    form->pointer = pointer;
    form->faults = faults;
    form->kind = FORM_JSON;
    form->found_count = 0;
    form->asked_count = 0;
}

/* `text` may be NULL. */
static bool is_document(const char *text)
{
    return text != NULL && *text == '{';
}

static struct value form_expect(struct form *form, const char *name, enum form_presence presence)
{
    struct value value = form_ask(form, name);

    if (value.kind == VALUE_NULL && presence == FORM_REQUIRED)
        form_fault(form, name, "is required");
    return value;
}

/* Also remembers for form_close() that the member is known. */
static struct value form_ask(struct form *form, const char *name)
{
    return form->members != NULL ? members_ask(form, name) : tree_ask(form, name);
}

/* A name that is asked for twice is kept twice. */
static struct value members_ask(struct form *form, const char *name)
{
    struct member *member = members_find(form->members, text_of(name));

    ASSERT(form->asked_count < FORM_MEMBERS_MAX);
    form->asked[form->asked_count++] = name;
    if (member == NULL)
        return (struct value){.kind = VALUE_NULL};
    form->found_count += !member->was_asked;
    member->was_asked = true;
    return member->value;
}

static struct value tree_ask(struct form *form, const char *name)
{
    const json_t *json = json_object_get(form->object, name);

    if (!was_asked(form, name)) {
        ASSERT(form->asked_count < FORM_MEMBERS_MAX);
        form->asked[form->asked_count++] = name;
        form->found_count += json != NULL;
    }
    return value_of(json);
}

static struct value value_of(const json_t *json)
{
    if (json == NULL)
        return (struct value){.kind = VALUE_NULL};

    switch (json_typeof(json)) {
    case JSON_NULL:
        return (struct value){.kind = VALUE_NULL};
    case JSON_TRUE:
    case JSON_FALSE:
        return (struct value){.kind = VALUE_BOOL, .truth = json_is_true(json)};
    case JSON_INTEGER:
        return (struct value){.kind = VALUE_INTEGER, .integer = json_integer_value(json)};
    case JSON_STRING:
        return (struct value){.kind = VALUE_TEXT,
                              .text = {json_string_value(json), json_string_length(json)}};
    case JSON_REAL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return (struct value){.kind = VALUE_OTHER};
}

static bool read_integer(const struct form *form, const struct value *value, int64_t *out)
{
    if (value->kind == VALUE_INTEGER) {
        *out = value->integer;
        return true;
    }
    return form->kind == FORM_TEXTUAL && text_parse_integer(value->text, out);
}

static bool read_bool(const struct form *form, const struct value *value, bool *out)
{
    struct text word = form->kind == FORM_TEXTUAL ? value->text : (struct text){0};
    bool truth = value->truth || text_equal(word, TEXT("true"));

    if (value->kind != VALUE_BOOL && !truth && !text_equal(word, TEXT("false")))
        return false;
    *out = truth;
    return true;
}

static void members_close(struct form *form, const struct form_alias aliases[])
{
    for (size_t i = 0; i < form->members->count; i++) {
        const struct member *member = &form->members->at[i];
        char name[sizeof(((struct fault *)NULL)->pointer)]; /* as much as a fault keeps */

        if (member->was_asked)
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", TEXT_PRINTF(member->name));
        fault_unknown(form, aliases, name);
    }
}

static void tree_close(struct form *form, const struct form_alias aliases[])
{
    const char *name;
    json_t *value;

    /* jansson iterates over const objects only through a cast. */
    json_object_foreach ((json_t *)(uintptr_t)form->object, name, value) {
        if (!was_asked(form, name))
            fault_unknown(form, aliases, name);
    }
}

static void fault_unknown(struct form *form, const struct form_alias aliases[], const char *name)
{
    /* A body may have thousands of unknown members, and a search for each takes long. */
    if (faults_skip(form->faults))
        return;

    const char *aliased = aliased_as(form, aliases, name);

    faults_add_unknown(form->faults, form->pointer, name,
                       aliased != NULL ? aliased : nearest_asked(form, name));
}

static const char *aliased_as(const struct form *form, const struct form_alias aliases[],
                              const char *name)
{
    for (const struct form_alias *alias = aliases; alias->theirs != NULL; alias++) {
        if (is_same_name(alias->theirs, name) && was_asked(form, alias->ours))
            return alias->told != NULL ? alias->told : alias->ours;
    }
    return NULL;
}

/* True for maxRequests, Max-Requests and max_requests. */
static bool is_same_name(const char *a, const char *b)
{
    a += strspn(a, JOINTS);
    b += strspn(b, JOINTS);
    while (*a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a += 1 + strspn(a + 1, JOINTS);
        b += 1 + strspn(b + 1, JOINTS);
    }
    return *a == '\0' && *b == '\0';
}

static const char *nearest_asked(const struct form *form, const char *name)
{
    struct nearest nearest;

    nearest_init(&nearest, text_of(name));
    for (size_t i = 0; i < form->asked_count; i++)
        nearest_try(&nearest, form->asked[i]);
    return nearest.found;
}

/* The first letter spares most of the comparisons. */
static bool was_asked(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->asked_count; i++) {
        if (form->asked[i][0] == name[0] && strcmp(form->asked[i], name) == 0)
            return true;
    }
    return false;
}

static void words_write(char out[], size_t size, const char *const words[])
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL && length < size; i++) {
        const char *comma = i == 0 ? "" : ", ";
        length += (size_t)snprintf(out + length, size - length, "%s%s", comma, words[i]);
    }
}

static void counts_write(char out[static RANGE_BYTES], size_t min, size_t max)
{
    if (min == max)
        (void)snprintf(out, RANGE_BYTES, "%zu", max);
    else
        (void)snprintf(out, RANGE_BYTES, "%zu to %zu", min, max);
}
