/* SPDX-License-Identifier: MIT
 *
 * Makes JSON values from libyaml's events. It reads one value at a time, and never deeper than the
 * bound. So a hostile file costs no more than its size. */
#include "settings_parts.h"

#include "base/decimal.h"
#include "base/document.h"
#include "base/memory.h"
#include "settings_yaml.h"

#include <errno.h>
#include <math.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the present event; the next releases it */
    size_t depth;
    struct text text;   /* the whole text */
    json_t *lines;      /* NULL: not needed */
    struct fault place; /* its pointer is the place of the present value */
    struct error *error;
};

static json_t *document_read(struct reader *reader);
static json_t *value_read(struct reader *reader);
static json_t *collection_read(struct reader *reader, json_t *collection,
                               bool (*member_read)(struct reader *reader, json_t *collection),
                               yaml_event_type_t end);
static bool item_read(struct reader *reader, json_t *array);
static bool pair_read(struct reader *reader, json_t *object);
static bool pair_is_repeated(struct reader *reader, const json_t *object, const char *key);
static struct fault place_enter(struct reader *reader, const char *member);
static json_t *scalar_read(struct reader *reader);
static json_t *plain_typed(const char *plain);
static json_t *plain_number(const char *plain);
static bool event_is_plain_data(const yaml_event_t *event);
static bool event_next(struct reader *reader);
static bool fail_parser(struct reader *reader);
static bool fail_reader(struct reader *reader);
static bool fail(struct reader *reader, const char *problem);

json_t *settings_yaml_parse(struct text text, json_t *lines, struct error *error)
{
    struct reader reader = {.text = text, .lines = lines, .error = error};
    const unsigned char *input = (const unsigned char *)(text.length == 0 ? "" : text.at);

    if (yaml_parser_initialize(&reader.parser) == 0) {
        error_set(error, "out of memory");
        return NULL;
    }
    yaml_parser_set_input_string(&reader.parser, input, text.length);

    json_t *value = document_read(&reader);

    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return value;
}

static json_t *document_read(struct reader *reader)
{
    if (!event_next(reader)) /* the stream's start */
        return NULL;
    if (!event_next(reader)) /* the document's start */
        return NULL;
    if (reader->event.type == YAML_STREAM_END_EVENT)
        return json_object();

    json_t *value = event_next(reader) ? value_read(reader) : NULL;

    if (value == NULL)
        return NULL;
    if (json_is_string(value) && settings_yaml_lacks_space(text_of(json_string_value(value)))) {
        json_decref(value);
        fail(reader, SETTINGS_YAML_NO_SPACE);
        return NULL;
    }

    bool ended = event_next(reader); /* the document's end */

    if (ended && event_next(reader)) {
        if (reader->event.type == YAML_STREAM_END_EVENT)
            return value;
        fail(reader, "a second document begins; only one is allowed");
    }
    json_decref(value);
    return NULL;
}

/* The value that begins with the present event. */
static json_t *value_read(struct reader *reader)
{
    if (!event_is_plain_data(&reader->event)) {
        fail(reader, reader->event.type == YAML_ALIAS_EVENT
                         ? SETTINGS_YAML_ALIAS
                         : "anchors (&) and tags (!) are not supported; a value that begins with "
                           "such a character must be in quotes");
        return NULL;
    }
    if (reader->event.type == YAML_SCALAR_EVENT)
        return scalar_read(reader);
    if (reader->depth == DOCUMENT_DEPTH_MAX) {
        fail(reader, "nested too deep");
        return NULL;
    }
    if (reader->event.type == YAML_SEQUENCE_START_EVENT)
        return collection_read(reader, json_array(), item_read, YAML_SEQUENCE_END_EVENT);
    return collection_read(reader, json_object(), pair_read, YAML_MAPPING_END_EVENT);
}

static json_t *collection_read(struct reader *reader, json_t *collection,
                               bool (*member_read)(struct reader *reader, json_t *collection),
                               yaml_event_type_t end)
{
    reader->depth++;
    while (event_next(reader)) {
        if (reader->event.type == end) {
            reader->depth--;
            return collection;
        }
        if (!member_read(reader, collection))
            break;
    }
    json_decref(collection);
    return NULL;
}

static bool item_read(struct reader *reader, json_t *array)
{
    char number[TEXT_INTEGER_BYTES_MAX + 1];

    (void)snprintf(number, sizeof(number), "%zu", json_array_size(array));

    const struct fault outside = place_enter(reader, number);
    json_t *item = value_read(reader);

    reader->place = outside;
    return item != NULL && json_array_append_new(array, item) == 0;
}

static bool pair_read(struct reader *reader, json_t *object)
{
    if (reader->event.type != YAML_SCALAR_EVENT || !event_is_plain_data(&reader->event))
        return fail(reader, "a key must be a plain word");

    json_t *key = json_stringn((const char *)reader->event.data.scalar.value,
                               reader->event.data.scalar.length);

    if (key == NULL || strlen(json_string_value(key)) != json_string_length(key)) {
        json_decref(key);
        return fail(reader, "a key must be UTF-8 without NUL");
    }
    if (pair_is_repeated(reader, object, json_string_value(key))) {
        json_decref(key);
        return false;
    }

    const struct fault outside = place_enter(reader, json_string_value(key));
    json_t *value = event_next(reader) ? value_read(reader) : NULL;
    bool done = value != NULL && json_object_set_new(object, json_string_value(key), value) == 0;

    reader->place = outside;
    json_decref(key);
    return done;
}

/* Whether the key is there already; then reports it. */
static bool pair_is_repeated(struct reader *reader, const json_t *object, const char *key)
{
    char problem[sizeof(reader->error->message)];

    if (json_object_get(object, key) == NULL)
        return false;

    const struct fault outside = place_enter(reader, key);
    const json_t *line = json_object_get(reader->lines, reader->place.pointer);

    reader->place = outside;
    (void)snprintf(problem, sizeof(problem), "%.64s is there twice; line %lld has it, too", key,
                   (long long)json_integer_value(line));
    fail(reader, problem);
    return true;
}

/* Goes to the place of a member or value, and remembers its line if it is the first there. Returns
 * the place around it. */
static struct fault place_enter(struct reader *reader, const char *member)
{
    const struct fault outside = reader->place;
    struct faults inside;

    faults_begin(&inside, 1);
    faults_add(&inside, outside.pointer, member, "%s", "");
    reader->place = inside.at[0];
    if (json_object_get(reader->lines, reader->place.pointer) == NULL)
        json_object_set_new(reader->lines, reader->place.pointer,
                            json_integer((json_int_t)reader->event.start_mark.line + 1));
    return outside;
}

static json_t *scalar_read(struct reader *reader)
{
    const char *text = (const char *)reader->event.data.scalar.value;
    size_t length = reader->event.data.scalar.length;
    bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    json_t *value = plain ? plain_typed(text) : NULL;

    if (value == NULL && memchr(text, '\0', length) == NULL)
        value = json_stringn(text, length);
    if (value == NULL)
        fail(reader, "a text must be UTF-8 without NUL");
    return value;
}

/* YAML 1.2.2 §10.3.2; NULL for a text. The other booleans of YAML 1.1 (yes, on, off) are text. */
static json_t *plain_typed(const char *plain)
{
    static const struct {
        const char *word;
        json_type type;
    } words[] = {
        {"", JSON_NULL},       {"~", JSON_NULL},      {"null", JSON_NULL},   {"Null", JSON_NULL},
        {"NULL", JSON_NULL},   {"true", JSON_TRUE},   {"True", JSON_TRUE},   {"TRUE", JSON_TRUE},
        {"false", JSON_FALSE}, {"False", JSON_FALSE}, {"FALSE", JSON_FALSE},
    };

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (strcmp(plain, words[i].word) == 0) {
            return words[i].type == JSON_NULL ? json_null()
                                              : json_boolean(words[i].type == JSON_TRUE);
        }
    }
    return plain_number(plain);
}

static json_t *plain_number(const char *plain)
{
    static const struct {
        const char *prefix;
        const char *digits;
        int base;
    } forms[] = {
        {"0o", "01234567", 8}, {"0x", "0123456789abcdefABCDEF", 16}, {"", "+-0123456789", 10}};
    char *end;

    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        size_t skip = strlen(forms[i].prefix);
        if (strncmp(plain, forms[i].prefix, skip) != 0)
            continue;
        const char *digits = plain + skip;
        errno = 0;
        long long integer = strtoll(digits, &end, forms[i].base);
        if (end != digits && *end == '\0' && errno == 0 &&
            digits[strspn(digits, forms[i].digits)] == '\0')
            return json_integer(integer);
    }

    int64_t integer;
    if (decimal_parse_integer(text_of(plain), &integer))
        return json_integer(integer);

    /* An integer past 64 bits also becomes a real, so that the form can say which setting is out of
     * range. */
    double real = strtod(plain, &end);
    if (end == plain || *end != '\0' || plain[strspn(plain, "+-.eE0123456789")] != '\0')
        return NULL;
    return isfinite(real) ? json_real(real) : NULL;
}

static bool event_is_plain_data(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor == NULL && event->data.scalar.tag == NULL;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.anchor == NULL && event->data.sequence_start.tag == NULL;
    if (event->type == YAML_MAPPING_START_EVENT)
        return event->data.mapping_start.anchor == NULL && event->data.mapping_start.tag == NULL;
    return false;
}

static bool event_next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    return yaml_parser_parse(&reader->parser, &reader->event) != 0 || fail_parser(reader);
}

static bool fail_parser(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;

    if (parser->error == YAML_READER_ERROR)
        return fail_reader(reader);

    const yaml_mark_t *place = &parser->problem_mark;
    const char *hint = settings_yaml_hint(parser, reader->text, &place);

    if (hint == NULL)
        hint = parser->problem == NULL ? "out of memory" : parser->problem;
    return error_set(reader->error, "line %zu, column %zu: %s", place->line + 1, place->column + 1,
                     hint);
}

/* Here the parser knows only an offset. */
static bool fail_reader(struct reader *reader)
{
    size_t line = 1;

    for (size_t i = 0; i < reader->parser.problem_offset && i < reader->text.length; i++)
        line += reader->text.at[i] == '\n';
    return error_set(reader->error, "line %zu: must be UTF-8 without control characters", line);
}

/* Reports a problem at the present event. */
static bool fail(struct reader *reader, const char *problem)
{
    const yaml_mark_t *mark = &reader->event.start_mark;

    return error_set(reader->error, "line %zu, column %zu: %s", mark->line + 1, mark->column + 1,
                     problem);
}
