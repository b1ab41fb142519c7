/* SPDX-License-Identifier: MIT
 *
 * Random bodies are read twice: as plain members and as a document. What the first reader takes,
 * the second takes too. A form gets the same answers and the same faults from both.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "base/members.h"

#include "base/document.h"
#include "base/form.h"
#include "odd_values.h"
#include "support/cmocka.h"
#include "support/random.h"

#define ROUNDS         30000
#define BODY_BYTES     4096
#define QUESTIONS_MAX  12
#define MUTATIONS_MAX  3
#define INTEGER_LIMITS 5

struct body {
    size_t length;
    char at[BODY_BYTES];
};

enum what { TEXT_OF, INTEGER_OF, BOOL_OF, CHOICE_OF, ARRAY_OF, OBJECT_OF, HAS, IGNORE, WHATS };

struct question {
    enum what what;
    const char *name;
    enum form_presence presence;
    int64_t min;
    int64_t max;
};

struct answer {
    bool given;
    struct text text;
    int64_t integer;
    bool truth;
    int choice;
};

struct script {
    enum form_kind kind;
    size_t count;
    struct question questions[QUESTIONS_MAX];
};

static const char long_name[] =
    "a name that is longer than any pointer of a fault can be, and a "
    "pointer has room for more than a hundred bytes, so there is some more of it";
static const char *const names[] = {"user_id", "ip",       "route_key", "role", "cost",
                                    "explain", "wait",     long_name,   "",     "a/b~c",
                                    "User_id", "user_id ", "x"};
static const char *const plain_values[] = {
    "\"alice\"",
    "\"\"",
    "\"/search?q={1,2}:[3]\"",
    "\"true\"",
    "\"12\"",
    "\"red\"",
    "\" \"",
    "0",
    "-0",
    "7",
    "-12",
    "999999999999999",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "true",
    "false",
    "null",
};
static const char *const blanks[] = {"", "", "", " ", "  ", "\t", "\r\n"};
static const char odd_bytes[] = "\"\"\\{}[]:,-+.eE019tfna/ \t\r\n\v\x1f\x7f\x80\xff\xc3";
static const char *const colours[] = {"red", "green", "12", NULL};

#define ONE_OF(array) ((array)[random_below(ARRAY_COUNT(array))])

static void body_add(struct body *body, const char *text)
{
    size_t length = strlen(text);

    assert_true(body->length + length <= sizeof body->at);
    memcpy(body->at + body->length, text, length);
    body->length += length;
}

/* Each name once. */
static void body_write_plain(struct body *body, size_t count)
{
    size_t first = (size_t)random_below(ARRAY_COUNT(names));

    body->length = 0;
    body_add(body, ONE_OF(blanks));
    body_add(body, "{");
    for (size_t i = 0; i < count; i++) {
        char unlike_the_others[32];

        snprintf(unlike_the_others, sizeof unlike_the_others, "other%zu", i);
        body_add(body, ONE_OF(blanks));
        body_add(body, "\"");
        body_add(body, i < ARRAY_COUNT(names) ? names[(first + i) % ARRAY_COUNT(names)]
                                              : unlike_the_others);
        body_add(body, "\"");
        body_add(body, ONE_OF(blanks));
        body_add(body, ":");
        body_add(body, ONE_OF(blanks));
        body_add(body, ONE_OF(plain_values));
        body_add(body, ONE_OF(blanks));
        body_add(body, i + 1 < count ? "," : "");
    }
    body_add(body, ONE_OF(blanks));
    body_add(body, "}");
    body_add(body, ONE_OF(blanks));
}

static void body_splice(struct body *body, size_t at, size_t without, const char *with,
                        size_t with_bytes)
{
    size_t behind = at + without;

    assert_true(behind <= body->length && body->length + with_bytes <= sizeof body->at);
    memmove(body->at + at + with_bytes, body->at + behind, body->length - behind);
    memcpy(body->at + at, with, with_bytes);
    body->length = body->length - without + with_bytes;
}

/* The odd bytes include the NUL at their end. */
static void body_mutate(struct body *body)
{
    size_t at = (size_t)random_below((int64_t)body->length + 1);
    size_t behind = body->length - at;
    size_t without = behind > 0 ? (size_t)random_below(2) : 0;
    const char *value = random_one_in(2) ? ONE_OF(odd_values) : ONE_OF(plain_values);

    switch (random_below(5)) {
    case 0: /* a value replaced by another one */
        if (behind > 0 && memchr(body->at + at, ':', behind) != NULL) {
            const char *colon = memchr(body->at + at, ':', behind);
            at = (size_t)(colon - body->at) + 1;
            size_t length = strcspn(body->at + at, ",}");
            if (at + length <= body->length)
                body_splice(body, at, length, value, strlen(value));
        }
        break;
    case 1: /* a stretch of the body repeated */
        behind = (size_t)random_below((int64_t)behind + 1);
        if (behind < 200) {
            char stretch[200];
            memcpy(stretch, body->at + at, behind);
            body_splice(body, at, 0, stretch, behind);
        }
        break;
    case 2:
        body->length = random_one_in(4) ? at : body->length;
        break;
    default:
        body_splice(body, at, without, &odd_bytes[random_below(sizeof odd_bytes)],
                    (size_t)random_below(2));
    }
}

static void script_write(struct script *script)
{
    static const int64_t limits[INTEGER_LIMITS] = {INT64_MIN, 0, 1, 12, INT64_MAX};

    script->kind = random_one_in(4) ? FORM_TEXTUAL : FORM_JSON;
    script->count = (size_t)random_below(QUESTIONS_MAX + 1);
    for (size_t i = 0; i < script->count; i++) {
        script->questions[i] = (struct question){
            .what = (enum what)random_below(WHATS),
            .name = ONE_OF(names),
            .presence = random_one_in(2) ? FORM_REQUIRED : FORM_OPTIONAL,
            .min = ONE_OF(limits),
            .max = ONE_OF(limits),
        };
    }
}

static struct answer ask(struct form *form, const struct question *question)
{
    struct answer answer = {.text = TEXT("kept"), .integer = -1, .choice = -1};
    const char *name = question->name;
    enum form_presence presence = question->presence;
    const json_t *json;

    switch (question->what) {
    case TEXT_OF:
        answer.given = form_text(form, name, presence, 1, 5, &answer.text);
        break;
    case INTEGER_OF:
        answer.given =
            form_integer(form, name, presence, question->min, question->max, &answer.integer);
        break;
    case BOOL_OF:
        answer.given = form_bool(form, name, presence, &answer.truth);
        break;
    case CHOICE_OF:
        answer.given = form_choice(form, name, presence, colours, &answer.choice);
        break;
    case ARRAY_OF:
        answer.given = form_array(form, name, presence, 0, 9, &json);
        break;
    case OBJECT_OF:
        answer.given = form_object(form, name, presence, &json);
        break;
    case HAS:
        answer.given = form_has(form, name);
        break;
    case IGNORE:
        form_ignore(form, name);
        break;
    case WHATS:
        break;
    }
    return answer;
}

static void assert_same_faults(const struct faults *plain, const struct faults *tree)
{
    assert_int_equal(plain->count, tree->count);
    for (size_t i = 0; i < plain->count && i < FAULTS_MAX; i++) {
        assert_string_equal(plain->at[i].pointer, tree->at[i].pointer);
        assert_string_equal(plain->at[i].detail, tree->at[i].detail);
    }
}

static void assert_same_answers(struct members *members, const json_t *tree)
{
    struct faults plain_faults = {0};
    struct faults tree_faults = {0};
    struct form of_members;
    struct form of_tree;
    struct script script;

    script_write(&script);
    form_open_members(&of_members, members, "/in", &plain_faults);
    assert_true(form_open(&of_tree, tree, "/in", &tree_faults));
    of_members.kind = script.kind;
    of_tree.kind = script.kind;
    for (size_t i = 0; i < script.count; i++) {
        struct answer one = ask(&of_members, &script.questions[i]);
        struct answer other = ask(&of_tree, &script.questions[i]);

        assert_int_equal(one.given, other.given);
        assert_true(text_equal(one.text, other.text));
        assert_true(one.integer == other.integer);
        assert_int_equal(one.truth, other.truth);
        assert_int_equal(one.choice, other.choice);
    }
    form_close(&of_members);
    form_close(&of_tree);
    assert_same_faults(&plain_faults, &tree_faults);
}

/* Reads a copy of exactly the body's size, so that the sanitizer sees a read past its end. Returns
 * whether the body is plain. */
static bool read_both_ways(const struct body *body)
{
    char *copy = malloc(body->length);
    struct text text = {copy, body->length};
    struct members members;
    struct error error = {0};

    assert_true(copy != NULL || body->length == 0);
    memcpy(copy, body->at, body->length);
    bool plain = members_parse(&members, text);
    if (plain) {
        json_t *tree = document_parse(text, &error);
        if (tree == NULL)
            fail_msg("plain, but %s: %.*s", error.message, TEXT_PRINTF(text));
        assert_int_equal(members.count, json_object_size(tree));
        assert_same_answers(&members, tree);
        json_decref(tree);
    }
    free(copy);
    return plain;
}

static void every_plain_body_is_read_as_the_document_is(void **state)
{
    struct body body;

    (void)state;
    random_begin(random_seed());

    for (int i = 0; i < ROUNDS; i++) {
        body_write_plain(&body, (size_t)random_below(MEMBERS_MAX + 1));
        if (!read_both_ways(&body))
            fail_msg("not plain: %.*s", (int)body.length, body.at);
    }
}

static void a_body_gone_wrong_is_read_as_the_document_is_or_left_to_it(void **state)
{
    struct body body;
    int plain = 0;

    (void)state;
    random_begin(random_seed());

    for (int i = 0; i < ROUNDS; i++) {
        body_write_plain(&body, (size_t)random_below(5));
        for (int64_t mutations = random_below(MUTATIONS_MAX) + 1; mutations > 0; mutations--)
            body_mutate(&body);
        plain += read_both_ways(&body);
    }

    assert_in_range(plain, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plain_body_is_read_as_the_document_is),
        cmocka_unit_test(a_body_gone_wrong_is_read_as_the_document_is_or_left_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
