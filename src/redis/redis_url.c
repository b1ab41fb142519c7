/* SPDX-License-Identifier: MIT */
#include "redis/redis_url.h"

#include <sys/un.h>

#define PORT_DEFAULT 6379
#define PORT_MAX     65535
#define DATABASE_MAX 1000000

static bool parse_credentials(struct text *authority, struct redis_url *url, struct error *error);
static bool parse_network(struct text rest, struct redis_url *url, struct error *error);
static bool parse_host(struct text *authority, struct redis_url *url, struct error *error);
static bool parse_unix(struct text rest, struct redis_url *url, struct error *error);
static bool parse_database(struct text digits, struct redis_url *url, struct error *error);
static bool copy(struct text text, char *out, size_t size);
static bool percent_decode(struct text text, char *out, size_t size);
static int hex_value(char digit);
static struct text text_after(struct text text, size_t count);

bool redis_url_parse(struct text text, struct redis_url *url, struct error *error)
{
    *url = (struct redis_url){.port = PORT_DEFAULT};

    if (text_starts_with(text, TEXT("redis://")))
        return parse_network(text_after(text, strlen("redis://")), url, error);
    if (text_starts_with(text, TEXT("unix://")))
        return parse_unix(text_after(text, strlen("unix://")), url, error);
    if (text_starts_with(text, TEXT("rediss://"))) {
        return error_set(error, "rediss:// (TLS) is not supported: run a TLS tunnel such as "
                                "stunnel or ghostunnel on this machine and give its redis:// or "
                                "unix:// address");
    }
    return error_set(error, "a Redis URL starts with redis:// or unix://");
}

void redis_url_describe(const struct redis_url *url, char *out, size_t size)
{
    const bool is_ipv6 = strchr(url->host, ':') != NULL;

    if (url->is_unix)
        (void)snprintf(out, size, "unix://%s?db=%d", url->host, url->database);
    else
        (void)snprintf(out, size, is_ipv6 ? "[%s]:%d/%d" : "%s:%d/%d", url->host, url->port,
                       url->database);
}

/* Cuts "[user]:password@" off. A password may hold a raw '@': the last one counts. */
static bool parse_credentials(struct text *authority, struct redis_url *url, struct error *error)
{
    const char *at = authority->length > 0 ? memrchr(authority->at, '@', authority->length) : NULL;

    if (at == NULL)
        return true;
    struct text password = {authority->at, (size_t)(at - authority->at)};
    *authority = text_after(*authority, password.length + 1);
    const struct text user = text_cut(&password, ':');
    if (password.length == 0)
        return error_set(error, "a Redis URL has a user without a password; write "
                                "user:password@ or :password@");
    if (!percent_decode(user, url->user, sizeof(url->user)))
        return error_set(error, "the user in a Redis URL is too long or wrongly percent-encoded");
    if (!percent_decode(password, url->password, sizeof(url->password)))
        return error_set(error,
                         "the password in a Redis URL is too long or wrongly percent-encoded");
    return true;
}

static bool parse_network(struct text rest, struct redis_url *url, struct error *error)
{
    struct text authority = text_cut(&rest, '/');
    int64_t port = PORT_DEFAULT;

    if (!parse_credentials(&authority, url, error) || !parse_host(&authority, url, error))
        return false;
    if (authority.length > 0 &&
        (authority.at[0] != ':' || !text_parse_integer(text_after(authority, 1), &port) ||
         port < 1 || port > PORT_MAX))
        return error_set(error, "the port in a Redis URL must be 1..%d", PORT_MAX);
    url->port = (int)port;
    return rest.length == 0 || parse_database(rest, url, error);
}

/* Leaves the text after the host: nothing, or ":port". */
static bool parse_host(struct text *authority, struct redis_url *url, struct error *error)
{
    const bool is_bracketed = authority->length > 0 && authority->at[0] == '[';
    const char *end = NULL;

    if (authority->length > 0)
        end = memchr(authority->at, is_bracketed ? ']' : ':', authority->length);
    if (is_bracketed && end == NULL)
        return error_set(error, "the host in a Redis URL lacks its closing bracket");
    struct text host = *authority;
    if (end != NULL)
        host.length = (size_t)(end - host.at);
    *authority = text_after(*authority, host.length + (is_bracketed ? 1 : 0));
    if (is_bracketed)
        host = text_after(host, 1);
    if (host.length == 0 || !copy(host, url->host, sizeof(url->host)))
        return error_set(error, "the host in a Redis URL must have 1..%zu bytes",
                         sizeof(url->host) - 1);
    if (strpbrk(url->host, "[?#@") != NULL)
        return error_set(error, "the host in a Redis URL is no name and no address");
    return true;
}

static bool parse_unix(struct text rest, struct redis_url *url, struct error *error)
{
    struct text authority = rest;
    const char *slash = rest.length > 0 ? memchr(rest.at, '/', rest.length) : NULL;

    if (slash == NULL)
        return error_set(error, "a unix:// Redis URL needs an absolute path: unix:///path");
    authority.length = (size_t)(slash - rest.at);
    struct text query = text_after(rest, authority.length);
    if (!parse_credentials(&authority, url, error))
        return false;
    if (authority.length > 0)
        return error_set(error, "a unix:// Redis URL names no host: unix:///path");
    const struct text path = text_cut(&query, '?');
    /* Credentials belong before the path. Here they would be shown as a part of it. */
    if (memchr(path.at, '@', path.length) != NULL)
        return error_set(error, "the path in a unix:// Redis URL has an @ in it; credentials go "
                                "before it: unix://:password@/path");
    if (path.length >= sizeof((struct sockaddr_un){0}.sun_path) ||
        !copy(path, url->host, sizeof(url->host)))
        return error_set(error, "the path in a unix:// Redis URL must be shorter than %zu bytes",
                         sizeof((struct sockaddr_un){0}.sun_path));
    url->is_unix = true;
    if (query.length == 0)
        return true;
    if (!text_starts_with(query, TEXT("db=")))
        return error_set(error, "the only parameter of a unix:// Redis URL is db");
    return parse_database(text_after(query, strlen("db=")), url, error);
}

static bool parse_database(struct text digits, struct redis_url *url, struct error *error)
{
    int64_t database = 0;

    if (!text_parse_integer(digits, &database) || database < 0 || database > DATABASE_MAX)
        return error_set(error, "the database in a Redis URL must be a number, 0..%d",
                         DATABASE_MAX);
    url->database = (int)database;
    return true;
}

static bool copy(struct text text, char *out, size_t size)
{
    if (text.length >= size || memchr(text.at, '\0', text.length) != NULL)
        return false;
    memcpy(out, text.at, text.length);
    out[text.length] = '\0';
    return true;
}

/* A NUL is refused in any form, because hiredis and AUTH would see only the text before it. */
static bool percent_decode(struct text text, char *out, size_t size)
{
    size_t written = 0;

    for (size_t i = 0; i < text.length; i++) {
        char byte = text.at[i];
        if (byte == '%') {
            if (i + 2 >= text.length)
                return false;
            const int high = hex_value(text.at[i + 1]);
            const int low = hex_value(text.at[i + 2]);
            if (high < 0 || low < 0)
                return false;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if (byte == '\0' || written + 1 >= size)
            return false;
        out[written++] = byte;
    }
    out[written] = '\0';
    return true;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

static struct text text_after(struct text text, size_t count)
{
    return (struct text){text.at + count, text.length - count};
}
