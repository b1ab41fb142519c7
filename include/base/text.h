/* SPDX-License-Identifier: MIT
 *
 * A borrowed run of bytes: where it lies and how long it is. Not NUL-terminated unless a function
 * says so. `at` may be NULL only when `length` is 0, and that is how "absent" is told from "empty".
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

struct arena;

struct text {
    const char *at;
    size_t length;
};

/* For printf: printf("%.*s", TEXT_PRINTF(text)). */
#define TEXT_PRINTF(text) (int)(text).length, (text).at
/* A literal as text; not in a static table, where C17 needs a constant. */
#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})

/* `string` may be NULL, which is the absent text. */
struct text text_of(const char *string);

bool text_is_absent(struct text text);
bool text_equal(struct text a, struct text b);
/* Whether the first `length` bytes are equal but for the case of ASCII letters. */
bool text_same_letters(const char *a, const char *b, size_t length);

/* Inline, because most names that are compared differ in length already. */
static inline bool text_equal_ignoring_case(struct text a, struct text b)
{
    return a.length == b.length && text_same_letters(a.at, b.at, a.length);
}

bool text_starts_with(struct text text, struct text prefix);
/* Byte order, shorter first: for sorting. */
int text_compare(struct text a, struct text b);
/* Without spaces and tabs at either end. */
struct text text_trim(struct text text);
/* Cuts *rest at the first `separator`: returns what is before it, leaves what is after it. Without
 * a separator returns all and leaves the absent text. */
struct text text_cut(struct text *rest, char separator);
/* Without its first `count` bytes, which it must have. */
struct text text_from(struct text text, size_t count);

/* A copy in `arena` that is NUL-terminated (the NUL is not counted). An absent text stays absent.
 */
struct text text_copy(struct arena *arena, struct text text);

/* Decimal, an optional leading '-', nothing else; false when it is anything else or does not fit.
 */
MUST_USE bool text_parse_integer(struct text text, int64_t *value);

/* What text_parse_integer() reads back: the sign and digits of any int64_t, at the end of the
 * caller's `space`. */
#define TEXT_INTEGER_BYTES_MAX 20
struct text text_write_integer(int64_t value, char space[TEXT_INTEGER_BYTES_MAX]);

/* How many bytes the UTF-8 character at the start of `text` has; 0 when there is none. */
size_t text_utf8_bytes(struct text text);

#endif
