/* SPDX-License-Identifier: MIT
 *
 * Redis checks the keys of a call before the call begins, so its own code comes first, also for a
 * script. */
#include "redis/redis_redirect.h"

#include "base/clock.h"
#include "base/log.h"
#include "redis/redis_complaints.h"
#include "redis/redis_error.h"
#include "redis/redis_slot.h"

static const struct {
    const char *code;
    enum redis_redirect_kind kind;
} codes[] = {
    {"ASK", REDIS_ASK},
    {"CLUSTERDOWN", REDIS_NOT_SERVED},
    {"MOVED", REDIS_MOVED},
    {"TRYAGAIN", REDIS_TRY_AGAIN},
};

static enum redis_redirect_kind kind_of(struct text code);
static bool read_where(struct text rest, const struct redis_endpoint *asked,
                       struct redis_endpoint *endpoint);

struct redis_redirect redis_redirect_read(struct text reply, const struct redis_endpoint *asked)
{
    struct text rest = reply;
    struct redis_redirect redirect = {.kind = kind_of(text_cut(&rest, ' '))};

    if ((redirect.kind == REDIS_MOVED || redirect.kind == REDIS_ASK) &&
        !read_where(rest, asked, &redirect.endpoint))
        redirect.kind = REDIS_NOT_SERVED;
    return redirect;
}

const char *redis_redirect_word(enum redis_redirect_kind kind)
{
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        if (codes[i].kind == kind)
            return codes[i].code;
    }
    return "none";
}

/* An error of the place is one of a few codes. */
void redis_redirect_tell_cluster(struct text reply, const struct redis_endpoint *asked,
                                 struct redis_complaints *complaints)
{
    char where[REDIS_ENDPOINT_BYTES];

    if (redis_error_scope(reply) != REDIS_ERROR_OF_PLACE ||
        !redis_complaints_allow(complaints, "cluster", clock_monotonic_us()))
        return;
    redis_endpoint_write(asked, where);
    log_write(LOG_WARN, "redis is a cluster", LOG_STRING("redis", where),
              LOG_TEXT("answer", redis_error_code(reply)),
              LOG_STRING("cure", "redis-cluster:// at the start of its URL"));
}

static enum redis_redirect_kind kind_of(struct text code)
{
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        if (text_equal(code, text_of(codes[i].code)))
            return codes[i].kind;
    }
    return REDIS_NO_REDIRECT;
}

/* "3999 127.0.0.1:6381". An IPv6 address has no brackets: "3999 ::1:6381". */
static bool read_where(struct text rest, const struct redis_endpoint *asked,
                       struct redis_endpoint *endpoint)
{
    int64_t slot;
    int64_t port;

    if (!text_parse_integer(text_cut(&rest, ' '), &slot) || slot < 0 || slot >= REDIS_SLOTS ||
        text_is_absent(rest))
        return false;
    const char *colon = memrchr(rest.at, ':', rest.length);
    if (colon == NULL)
        return false;
    const struct text host = {rest.at, (size_t)(colon - rest.at)};

    return text_parse_integer(text_from(rest, host.length + 1), &port) &&
           redis_endpoint_learn(host, port, asked, endpoint);
}
