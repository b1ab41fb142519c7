/* SPDX-License-Identifier: MIT */
#include "http/framing.h"

/* What a field takes beside its text. */
#define FIELD_BYTES 80

static void count_cookies(struct framing *framing, struct text value);
static bool is_token(struct text name);
static bool pretends(struct text name);

void framing_init(struct framing *framing, bool host_required, size_t target_bytes)
{
    *framing = (struct framing){.host_required = host_required, .bytes = target_bytes};
}

void framing_add_header(struct framing *framing, struct text name, struct text value)
{
    framing->bytes += name.length + value.length + FIELD_BYTES;
    framing->name_malformed |= !is_token(name) || pretends(name);
    if (text_equal_ignoring_case(name, TEXT("Host"))) {
        framing->host_count++;
    } else if (text_equal_ignoring_case(name, TEXT("Content-Length"))) {
        framing->content_length_count++;
        if (value.length == 0 || value.at[0] == '-' ||
            !text_parse_integer(value, &framing->content_length))
            framing->content_length_malformed = true;
    } else if (text_equal_ignoring_case(name, TEXT("Transfer-Encoding"))) {
        framing->transfer_encoding_count++;
        framing->is_chunked = text_equal_ignoring_case(value, TEXT("chunked"));
        framing->transfer_encoding_unknown |= !framing->is_chunked;
    } else if (text_equal_ignoring_case(name, TEXT("Cookie"))) {
        count_cookies(framing, value);
    }
}

void framing_on_argument(void *context, struct text name, struct text value)
{
    struct framing *framing = context;

    (void)name;
    (void)value;
    framing->bytes += FIELD_BYTES;
}

bool framing_is_large(const struct framing *framing)
{
    return framing->bytes > FRAMING_BYTES_MAX;
}

const char *framing_fault(const struct framing *framing)
{
    if (framing->name_malformed)
        return "A field has a malformed name.";
    if (framing->host_required && framing->host_count == 0)
        return "The Host field is missing.";
    if (framing->host_count > 1)
        return "The Host field is repeated.";
    if (framing->content_length_count > 1)
        return "The Content-Length field is repeated.";
    if (framing->content_length_malformed)
        return "The Content-Length field is malformed.";
    if (framing->transfer_encoding_count > 1)
        return "The Transfer-Encoding field is repeated.";
    if (framing->transfer_encoding_unknown)
        return "The only Transfer-Encoding taken is chunked.";
    if (framing->transfer_encoding_count > 0 && framing->content_length_count > 0)
        return "Content-Length and Transfer-Encoding exclude each other.";
    return NULL;
}

/* libmicrohttpd takes them apart in a second copy. */
static void count_cookies(struct framing *framing, struct text value)
{
    framing->bytes += value.length + FIELD_BYTES;
    for (size_t i = 0; i < value.length; i++)
        framing->bytes += value.at[i] == ';' ? FIELD_BYTES : 0;
}

/* RFC 9110 §5.6.2. "Content-Length : 5" reaches us with the space in the name. */
static bool is_token(struct text name)
{
    static const char others[] = "!#$%&'*+.^_`|~";

    for (size_t i = 0; i < name.length; i++) {
        char c = name.at[i];
        bool is_common =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';

        if (!is_common && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return name.length > 0;
}

/* libmicrohttpd glues a folded line to the name: "Content-Length33". */
static bool pretends(struct text name)
{
    static const struct text framers[] = {{"Content-Length", 14}, {"Transfer-Encoding", 17}};

    for (size_t i = 0; i < ARRAY_COUNT(framers); i++) {
        struct text start = {name.at, framers[i].length};

        if (name.length > framers[i].length && text_equal_ignoring_case(start, framers[i]))
            return true;
    }
    return false;
}
