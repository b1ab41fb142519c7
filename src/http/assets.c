/* SPDX-License-Identifier: MIT
 *
 * Embedded files over HTTP: content negotiation, revalidation, and the fields that let a browser do
 * no more with a page than it needs. */
#include "http/assets.h"

#include "http/accept.h"
#include "http/problem.h"

/* Only what the pages need. Icons are in data: URLs. */
#define POLICY(styles)                                                                             \
    "default-src 'none'; script-src 'self'; style-src 'self'" styles "; "                          \
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "          \
    "form-action 'none'"

#define WEIGHT_UNSAID (-1) /* the field does not name the coding */

static int member_weight(struct text parameter);
static bool cut_tag(struct text *rest, struct text *tag);
static void add_fields(struct request *request, const struct asset *asset, const char *etag);
static bool is_html(const struct asset *asset);

const struct asset *assets_find(const struct asset table[], const char *path)
{
    for (const struct asset *asset = table; asset->path; asset++)
        if (strcmp(asset->path, path) == 0)
            return asset;
    return NULL;
}

void assets_answer(struct request *request, const struct asset *asset)
{
    const struct asset_body *body =
        assets_choose(asset, request_header(request, "Accept-Encoding"));

    request_add_field(request, "Vary", "Accept-Encoding");
    if (!body) {
        problem_answer(request, PROBLEM_NOT_ACCEPTABLE, "This file comes compressed by gzip only.");
        return;
    }
    add_fields(request, asset, body->etag);
    if (assets_match(request_header(request, "If-None-Match"), body->etag)) {
        /* Only the length is sent, as a 200 would have it (RFC 9110 §8.6). */
        request_answer(request, 304, NULL, body->content);
        return;
    }
    if (body == &asset->bodies[ASSET_GZIP])
        request_add_field(request, "Content-Encoding", "gzip");
    request_answer(request, 200, asset->content_type, body->content);
}

const struct asset_body *assets_choose(const struct asset *asset, struct text accept_encoding)
{
    const struct asset_body *compressed = &asset->bodies[ASSET_GZIP];
    const struct asset_body *plain = &asset->bodies[ASSET_IDENTITY];
    struct text rest = accept_encoding;
    int gzip = WEIGHT_UNSAID;
    int identity = WEIGHT_UNSAID;
    int others = WEIGHT_UNSAID;

    while (!text_is_absent(rest)) {
        struct text parameter = text_cut(&rest, ',');
        struct text coding = text_trim(text_cut(&parameter, ';'));
        int weight = member_weight(parameter);

        if (text_equal_ignoring_case(coding, TEXT("gzip")))
            gzip = weight;
        else if (text_equal_ignoring_case(coding, TEXT("identity")))
            identity = weight;
        else if (text_equal(coding, TEXT("*")))
            others = weight;
    }
    if (gzip == WEIGHT_UNSAID)
        gzip = others;
    if (text_is_absent(plain->content))
        return gzip > 0 || text_is_absent(accept_encoding) ? compressed : NULL;
    return gzip > 0 && gzip >= identity ? compressed : plain;
}

bool assets_match(struct text if_none_match, const char *etag)
{
    struct text rest = text_trim(if_none_match);
    struct text tag;

    if (text_is_absent(rest))
        return false;
    if (text_equal(rest, TEXT("*")))
        return true;
    while (cut_tag(&rest, &tag))
        if (text_equal(tag, text_of(etag)))
            return true;
    return false;
}

/* The weight after a coding's ";". An invalid weight counts as 0, so the coding is not used. */
static int member_weight(struct text parameter)
{
    struct text value = text_trim(parameter);
    struct text name;

    if (text_is_absent(parameter))
        return ACCEPT_WEIGHT_MAX;
    name = text_cut(&value, '=');
    return text_equal_ignoring_case(name, TEXT("q")) ? accept_parse_weight(value) : 0;
}

/* Takes the next entity tag from a list, with its quotes and without "W/". The list cannot be cut
 * at commas, because a tag may contain one. */
static bool cut_tag(struct text *rest, struct text *tag)
{
    const char *at = rest->at;
    const char *end = at + rest->length;
    const char *quote;

    while (at < end && (*at == ',' || *at == ' ' || *at == '\t'))
        at++;
    if (end - at > 2 && at[0] == 'W' && at[1] == '/')
        at += 2;
    if (at == end || *at != '"')
        return false;
    quote = memchr(at + 1, '"', (size_t)(end - at - 1));
    if (!quote)
        return false;
    *tag = (struct text){at, (size_t)(quote + 1 - at)};
    *rest = (struct text){quote + 1, (size_t)(end - quote - 1)};
    return true;
}

static void add_fields(struct request *request, const struct asset *asset, const char *etag)
{
    /* Modules of a page fit only each other, so all but the large ones are asked for each time. */
    bool is_large = text_is_absent(asset->bodies[ASSET_IDENTITY].content);

    request_add_field(request, "ETag", etag);
    request_add_field(request, "Cache-Control", is_large ? "public, max-age=3600" : "no-cache");
    request_add_field(request, "X-Content-Type-Options", "nosniff");
    request_add_field(request, "Cross-Origin-Resource-Policy", "same-origin");
    if (!is_html(asset))
        return;
    request_add_field(request, "Content-Security-Policy",
                      asset->styles_inline ? POLICY(" 'unsafe-inline'") : POLICY(""));
    request_add_field(request, "Cross-Origin-Opener-Policy", "same-origin");
    request_add_field(request, "Referrer-Policy", "no-referrer");
}

/* Ignores parameters after the type. */
static bool is_html(const struct asset *asset)
{
    return text_starts_with(text_of(asset->content_type), TEXT("text/html"));
}
