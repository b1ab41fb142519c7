/* SPDX-License-Identifier: MIT */
#include "http/head.h"

#include "base/host.h"

/* The bytes that a field or an argument takes besides its text. */
#define FIELD_BYTES 64

static bool is_token(const char *method);
static void count_cookies(struct head *head, struct text value);

void head_init(struct head *head, const char *method, const char *version,
               const struct target *target)
{
    *head = (struct head){
        .fault = target->fault,
        .is_first_version = strcmp(version, "HTTP/1.0") == 0,
        .bytes = target->bytes,
    };
    if (!is_token(method))
        head->fault = "The method is not a token.";
}

void head_add_field(struct head *head, struct text name, struct text value)
{
    struct host host;

    head->bytes += name.length + value.length + FIELD_BYTES;
    if (text_equal_ignoring_case(name, TEXT("Host"))) {
        if (!host_parse(value, &host))
            head->fault = "The Host field is no host.";
    } else if (text_equal_ignoring_case(name, TEXT("Content-Length"))) {
        if (!text_parse_integer(value, &head->content_length))
            head->content_length = INT64_MAX;
    } else if (text_equal_ignoring_case(name, TEXT("Expect"))) {
        head->expects_unknown |=
            !head->is_first_version && !text_equal_ignoring_case(value, TEXT("100-continue"));
    } else if (text_equal_ignoring_case(name, TEXT("Cookie"))) {
        count_cookies(head, value);
    }
}

void head_on_argument(void *context, struct text name, struct text value)
{
    struct head *head = context;

    (void)name;
    (void)value;
    head->bytes += FIELD_BYTES;
}

bool head_is_large(const struct head *head)
{
    return head->bytes > HEAD_BYTES_MAX;
}

/* RFC 9110 §5.6.2. */
static bool is_token(const char *method)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (const char *at = method; *at != '\0'; at++) {
        char c = *at;

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !strchr(others, c))
            return false;
    }
    return *method != '\0';
}

/* libmicrohttpd parses cookies in a second copy, unless it is built without them. */
static void count_cookies(struct head *head, struct text value)
{
    head->bytes += value.length + FIELD_BYTES;
    for (size_t i = 0; i < value.length; i++)
        head->bytes += value.at[i] == ';' ? FIELD_BYTES : 0;
}
