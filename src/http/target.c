/* SPDX-License-Identifier: MIT */
#include "http/target.h"

#include "base/host.h"

static bool has_control(struct text raw);
static bool cut_scheme(struct text *rest);
static struct text without_query(struct text text);

void target_parse(struct text raw, struct target *target)
{
    struct text rest = raw;
    struct text path;
    struct host host;

    *target = (struct target){.bytes = raw.length, .has_query = memchr(raw.at, '?', raw.length)};
    if (has_control(raw)) {
        target->fault = "The request target has a control byte.";
        return;
    }
    if (cut_scheme(&rest)) {
        path = without_query(rest);
        target->host = text_cut(&path, '/');
        target->path_at = (size_t)(target->host.at - raw.at) + target->host.length;
        if (!host_parse(target->host, &host))
            target->fault = "The request target names no host that is one.";
    }
    path = without_query((struct text){raw.at + target->path_at, raw.length - target->path_at});
    if (text_is_absent(target->host) && !text_starts_with(path, TEXT("/")) &&
        !text_equal(path, TEXT("*")))
        target->fault = "The request target is neither a path nor an http URL.";
}

static bool has_control(struct text raw)
{
    for (size_t i = 0; i < raw.length; i++) {
        unsigned char c = (unsigned char)raw.at[i];

        if (c <= ' ' || c == 0x7f)
            return true;
    }
    return false;
}

static bool cut_scheme(struct text *rest)
{
    static const struct text schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        struct text start = {rest->at, schemes[i].length};

        if (rest->length >= start.length && text_equal_ignoring_case(start, schemes[i])) {
            *rest = (struct text){rest->at + start.length, rest->length - start.length};
            return true;
        }
    }
    return false;
}

static struct text without_query(struct text text)
{
    return text_cut(&text, '?');
}
