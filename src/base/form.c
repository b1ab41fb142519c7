/* SPDX-License-Identifier: MIT */
#include "base/form.h"

#include <inttypes.h>
#include <stdarg.h>

static const json_t *form_ask(struct form *form, const char *name);
static const json_t *form_expect(struct form *form, const char *name, enum form_presence presence);
static bool form_was_asked(const struct form *form, const char *name);
static struct text string_text(const json_t *string);
static bool read_integer(const struct form *form, const json_t *value, int64_t *out);
static bool read_bool(const struct form *form, const json_t *value, bool *out);
static void words_write(char out[], size_t size, const char *const words[]);

bool form_open(struct form *form, const json_t *value, const char *pointer, struct faults *faults)
{
    *form = (struct form){.object = value, .pointer = pointer, .faults = faults};

    if (json_is_object(value))
        return true;
    faults_add(faults, pointer, NULL, "must be an object");
    return false;
}

bool form_text(struct form *form, const char *name, enum form_presence presence, size_t bytes_min,
               size_t bytes_max, struct text *out)
{
    const json_t *value = form_expect(form, name, presence);

    if (value == NULL)
        return false;

    struct text text = string_text(value);

    if (text_is_absent(text) || text.length < bytes_min || text.length > bytes_max) {
        form_fault(form, name, "must be a text of %zu to %zu bytes", bytes_min, bytes_max);
        return false;
    }
    *out = text;
    return true;
}

bool form_integer(struct form *form, const char *name, enum form_presence presence, int64_t min,
                  int64_t max, int64_t *out)
{
    const json_t *value = form_expect(form, name, presence);
    int64_t integer;

    if (value == NULL)
        return false;
    if (!read_integer(form, value, &integer) || integer < min || integer > max) {
        form_fault(form, name, "must be an integer from %" PRId64 " to %" PRId64, min, max);
        return false;
    }
    *out = integer;
    return true;
}

bool form_bool(struct form *form, const char *name, enum form_presence presence, bool *out)
{
    const json_t *value = form_expect(form, name, presence);

    if (value == NULL)
        return false;
    if (read_bool(form, value, out))
        return true;
    form_fault(form, name, "must be true or false");
    return false;
}

bool form_choice(struct form *form, const char *name, enum form_presence presence,
                 const char *const words[], int *out)
{
    const json_t *value = form_expect(form, name, presence);

    if (value == NULL)
        return false;

    struct text given = string_text(value);

    for (int i = 0; words[i] != NULL; i++) {
        if (text_equal(given, text_of(words[i]))) {
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
    const json_t *value = form_expect(form, name, presence);

    if (value == NULL)
        return false;

    size_t count = json_array_size(value);

    if (!json_is_array(value) || count < count_min || count > count_max) {
        form_fault(form, name, "must be an array of %zu to %zu values", count_min, count_max);
        return false;
    }
    *out = value;
    return true;
}

bool form_object(struct form *form, const char *name, enum form_presence presence,
                 const json_t **out)
{
    const json_t *value = form_expect(form, name, presence);

    if (value == NULL)
        return false;
    if (!json_is_object(value)) {
        form_fault(form, name, "must be an object");
        return false;
    }
    *out = value;
    return true;
}

bool form_has(struct form *form, const char *name)
{
    return form_ask(form, name) != NULL;
}

void form_ignore(struct form *form, const char *name)
{
    form_ask(form, name);
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
    const char *name;
    json_t *value;

    /* jansson iterates over const objects only through a cast. */
    json_object_foreach ((json_t *)(uintptr_t)form->object, name, value) {
        if (!form_was_asked(form, name))
            form_fault(form, name, "is not a known member");
    }
}

/* Also notes the name, for form_close(). */
static const json_t *form_ask(struct form *form, const char *name)
{
    if (!form_was_asked(form, name)) {
        ASSERT(form->asked_count < FORM_MEMBERS_MAX);
        form->asked[form->asked_count++] = name;
    }

    const json_t *value = json_object_get(form->object, name);

    return json_is_null(value) ? NULL : value;
}

static const json_t *form_expect(struct form *form, const char *name, enum form_presence presence)
{
    const json_t *value = form_ask(form, name);

    if (value == NULL && presence == FORM_REQUIRED)
        form_fault(form, name, "is required");
    return value;
}

static bool form_was_asked(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->asked_count; i++) {
        if (strcmp(form->asked[i], name) == 0)
            return true;
    }
    return false;
}

/* The absent text when `string` is something else. */
static struct text string_text(const json_t *string)
{
    return (struct text){json_string_value(string), json_string_length(string)};
}

static bool read_integer(const struct form *form, const json_t *value, int64_t *out)
{
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    return form->kind == FORM_TEXTUAL && text_parse_integer(string_text(value), out);
}

static bool read_bool(const struct form *form, const json_t *value, bool *out)
{
    struct text word = form->kind == FORM_TEXTUAL ? string_text(value) : (struct text){0};
    bool truth = json_is_true(value) || text_equal(word, TEXT("true"));

    if (!truth && !json_is_false(value) && !text_equal(word, TEXT("false")))
        return false;
    *out = truth;
    return true;
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
