/* SPDX-License-Identifier: MIT
 *
 * Two small notations of the configuration: each input is read as a Redis URL and as a rate. A
 * refusal has a sentence, and a refused rate leaves the old one as it was. What is accepted is in
 * its range, and is the same when it is written and read again. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "limit/limit.h"
#include "limit/rate.h"
#include "redis/redis_url.h"

static void try_redis_url(struct text text);
static struct text url_write(const struct redis_url *url, struct arena *arena);
static void encode(struct buffer *buffer, const char *bytes);
static void describes_no_credentials(const struct redis_url *url);
static void try_rate(struct text text);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_redis_url(fuzz_text(data, size));
    try_rate(fuzz_text(data, size));
    return 0;
}

static void try_redis_url(struct text text)
{
    struct arena arena = {0};
    struct error error = {0};
    struct redis_url url;
    struct redis_url again;

    if (!redis_url_parse(text, &url, &error)) {
        ASSERT(error.message[0] != '\0');
        return;
    }
    ASSERT(url.host_count >= 1 && url.host_count <= REDIS_URL_HOSTS_MAX && url.database >= 0);
    for (size_t i = 0; i < url.host_count; i++) {
        const struct redis_endpoint *host = &url.hosts[i];
        ASSERT(host->host[0] != '\0');
        ASSERT(host->is_unix || (host->port >= 1 && host->port <= UINT16_MAX));
    }
    ASSERT(url.login.user[0] == '\0' || url.login.password[0] != '\0');
    ASSERT(redis_url_parse(url_write(&url, &arena), &again, &error));
    ASSERT(redis_url_equal(&url, &again));
    describes_no_credentials(&url);
    arena_close(&arena);
}

/* The credentials go behind the scheme. */
static struct text url_write(const struct redis_url *url, struct arena *arena)
{
    char bare[REDIS_URL_BYTES];
    struct buffer buffer;

    redis_url_write(url, bare);
    const char *behind_scheme = strstr(bare, "://") + strlen("://");
    buffer_init(&buffer, arena, sizeof bare);
    buffer_add(&buffer, (struct text){bare, (size_t)(behind_scheme - bare)});
    if (url->login.password[0] != '\0') {
        encode(&buffer, url->login.user);
        buffer_add_char(&buffer, ':');
        encode(&buffer, url->login.password);
        buffer_add_char(&buffer, '@');
    }
    buffer_add(&buffer, text_of(behind_scheme));
    return buffer_text(&buffer);
}

static void encode(struct buffer *buffer, const char *bytes)
{
    for (const char *c = bytes; *c != '\0'; c++)
        buffer_printf(buffer, "%%%02X", (unsigned)(unsigned char)*c);
}

static void describes_no_credentials(const struct redis_url *url)
{
    struct redis_url bare = *url;
    char with[REDIS_URL_BYTES];
    char without[REDIS_URL_BYTES];

    bare.login = (struct redis_login){0};
    redis_url_write(url, with);
    redis_url_write(&bare, without);
    ASSERT(with[0] != '\0' && strcmp(with, without) == 0);
}

static void try_rate(struct text text)
{
    const struct rate before = {.quota = -1, .window_s = -1};
    struct rate rate = before;
    struct rate again;
    struct error error = {0};
    char written[64];

    if (!rate_parse(text, LIMIT_QUOTA_MAX, &rate, &error)) {
        ASSERT(error.message[0] != '\0');
        ASSERT(rate.quota == before.quota && rate.window_s == before.window_s);
        return;
    }
    ASSERT(rate.quota >= 0 && rate.quota <= LIMIT_QUOTA_MAX);
    ASSERT(rate.window_s >= 1 && rate.window_s <= LIMIT_WINDOW_S_MAX);
    (void)snprintf(written, sizeof written, "%lld/%llds", (long long)rate.quota,
                   (long long)rate.window_s);
    ASSERT(rate_parse(text_of(written), LIMIT_QUOTA_MAX, &again, &error));
    ASSERT(again.quota == rate.quota && again.window_s == rate.window_s);
}
