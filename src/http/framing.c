/* SPDX-License-Identifier: MIT */
#include "http/framing.h"

void framing_init(struct framing *framing, bool host_required)
{
    *framing = (struct framing){.host_required = host_required};
}

void framing_on_header(void *context, struct text name, struct text value)
{
    struct framing *framing = context;

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
    }
}

const char *framing_fault(const struct framing *framing)
{
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
