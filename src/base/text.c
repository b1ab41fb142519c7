/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include "base/arena.h"

static bool is_blank(char c);
static int lower(char c);
static size_t utf8_bytes_announced(unsigned char lead);

struct text text_of(const char *string)
{
    if (string == NULL)
        return (struct text){0};
    return (struct text){string, strlen(string)};
}

bool text_is_absent(struct text text)
{
    return text.at == NULL;
}

bool text_equal(struct text a, struct text b)
{
    /* memcmp() must not get NULL, not even for no bytes. */
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

bool text_same_letters(const char *a, const char *b, size_t length)
{
    /* The usual case. memcmp() must not get NULL, not even for no bytes. */
    if (length == 0 || memcmp(a, b, length) == 0)
        return true;
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

bool text_starts_with(struct text text, struct text prefix)
{
    return text.length >= prefix.length &&
           text_equal((struct text){text.at, prefix.length}, prefix);
}

int text_compare(struct text a, struct text b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common == 0 ? 0 : memcmp(a.at, b.at, common);

    if (order != 0)
        return order;
    return (a.length > b.length) - (a.length < b.length);
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_blank(text.at[0])) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.at[text.length - 1]))
        text.length--;
    return text;
}

struct text text_cut(struct text *rest, char separator)
{
    struct text all = *rest;
    const char *found = all.length == 0 ? NULL : memchr(all.at, separator, all.length);

    if (found == NULL) {
        *rest = (struct text){0};
        return all;
    }
    size_t before = (size_t)(found - all.at);
    *rest = (struct text){found + 1, all.length - before - 1};
    return (struct text){all.at, before};
}

struct text text_from(struct text text, size_t count)
{
    ASSERT(count <= text.length);
    return (struct text){text.at + count, text.length - count};
}

struct text text_copy(struct arena *arena, struct text text)
{
    if (text_is_absent(text))
        return text;
    char *copy = arena_allocate_raw(arena, text.length + 1);
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    return (struct text){copy, text.length};
}

bool text_parse_integer(struct text text, int64_t *value)
{
    bool negative = text.length > 0 && text.at[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t sum = 0;

    if (i == text.length)
        return false;
    for (; i < text.length; i++) {
        char digit = text.at[i];
        if (digit < '0' || digit > '9')
            return false;
        /* Sums below zero, because there is one negative integer more. */
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit - '0', &sum))
            return false;
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return true;
}

/* Writes two digits per step, which halves the divisions. */
struct text text_write_integer(int64_t value, char space[TEXT_INTEGER_BYTES_MAX])
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    size_t first = TEXT_INTEGER_BYTES_MAX;
    /* Unsigned, because INT64_MIN has no positive twin. */
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    while (rest >= 10) {
        first -= 2;
        memcpy(space + first, pairs + 2 * (rest % 100), 2);
        rest /= 100;
    }
    if (rest > 0 || value == 0)
        space[--first] = (char)('0' + rest);
    if (value < 0)
        space[--first] = '-';
    return (struct text){space + first, TEXT_INTEGER_BYTES_MAX - first};
}

size_t text_utf8_bytes(struct text text)
{
    if (text.length == 0)
        return 0;

    unsigned char lead = (unsigned char)text.at[0];
    size_t bytes = utf8_bytes_announced(lead);

    if (bytes > text.length)
        return 0;
    for (size_t i = 1; i < bytes; i++) {
        if (((unsigned char)text.at[i] & 0xc0) != 0x80)
            return 0;
    }
    if (bytes < 3)
        return bytes;

    /* RFC 3629 §4: no longer form than needed, no surrogates, nothing past U+10FFFF. */
    unsigned char second = (unsigned char)text.at[1];
    bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    bool surrogate = lead == 0xed && second >= 0xa0;
    bool past_the_end = lead == 0xf4 && second >= 0x90;

    return overlong || surrogate || past_the_end ? 0 : bytes;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t utf8_bytes_announced(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2) /* a continuation, or an overlong form of ASCII */
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0)
        return 3;
    return lead < 0xf5 ? 4 : 0;
}
