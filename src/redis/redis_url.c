/* SPDX-License-Identifier: MIT */
#include "redis/redis_url.h"

#include <ctype.h>
#include <sys/un.h>

#define SENTINEL_PORT_DEFAULT 26379
#define DATABASE_MAX          1000000

static bool parse_network(struct text rest, struct redis_url *url, struct error *error);
static bool parse_credentials(struct text *authority, struct redis_login *login,
                              struct error *error);
static bool parse_hosts(struct text authority, struct redis_url *url, struct error *error);
static bool parse_master(struct text *rest, struct redis_url *url, struct error *error);
static bool parse_unix(struct text rest, struct redis_url *url, struct error *error);
static bool parse_database(struct text digits, struct redis_url *url, struct error *error);
static bool percent_decode(struct text text, char *out, size_t size);
static int hex_value(char digit);

static const struct scheme {
    const char *text;
    enum redis_kind kind;
    bool has_tls;
    bool (*parse)(struct text rest, struct redis_url *url, struct error *error);
} schemes[] = {
    {"redis://", REDIS_SERVER, false, parse_network},
    {"rediss://", REDIS_SERVER, true, parse_network},
    {"redis-sentinel://", REDIS_SENTINEL, false, parse_network},
    {"rediss-sentinel://", REDIS_SENTINEL, true, parse_network},
    {"redis-cluster://", REDIS_CLUSTER, false, parse_network},
    {"rediss-cluster://", REDIS_CLUSTER, true, parse_network},
    {"unix://", REDIS_SERVER, false, parse_unix},
};

bool redis_url_parse(struct text text, struct redis_url *url, struct error *error)
{
    *url = (struct redis_url){0};
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        const struct scheme *scheme = &schemes[i];

        if (!text_starts_with(text, text_of(scheme->text)))
            continue;
        url->kind = scheme->kind;
        url->has_tls = scheme->has_tls;
        return scheme->parse(text_from(text, strlen(scheme->text)), url, error);
    }
    return error_set(error, "a Redis URL starts with redis://, rediss://, unix://, "
                            "redis-sentinel:// or redis-cluster://");
}

void redis_url_write(const struct redis_url *url, char out[static REDIS_URL_BYTES])
{
    const struct scheme *scheme = schemes;
    char host[REDIS_ENDPOINT_BYTES];
    size_t length;

    if (url->hosts[0].is_unix) {
        redis_endpoint_write(&url->hosts[0], host);
        (void)snprintf(out, REDIS_URL_BYTES, "%s?db=%d", host, url->database);
        return;
    }
    while (scheme->kind != url->kind || scheme->has_tls != url->has_tls)
        scheme++;
    length = (size_t)snprintf(out, REDIS_URL_BYTES, "%s", scheme->text);
    for (size_t i = 0; i < url->host_count; i++) {
        redis_endpoint_write(&url->hosts[i], host);
        length += (size_t)snprintf(out + length, REDIS_URL_BYTES - length, "%s%s",
                                   i == 0 ? "" : ",", host);
    }
    if (url->kind == REDIS_SENTINEL)
        length += (size_t)snprintf(out + length, REDIS_URL_BYTES - length, "/%s", url->master);
    if (url->kind != REDIS_CLUSTER)
        (void)snprintf(out + length, REDIS_URL_BYTES - length, "/%d", url->database);
}

bool redis_url_equal(const struct redis_url *a, const struct redis_url *b)
{
    if (a->kind != b->kind || a->has_tls != b->has_tls || a->host_count != b->host_count ||
        a->database != b->database || strcmp(a->master, b->master) != 0 ||
        strcmp(a->login.user, b->login.user) != 0 ||
        strcmp(a->login.password, b->login.password) != 0)
        return false;
    for (size_t i = 0; i < a->host_count; i++) {
        if (!redis_endpoint_equal(&a->hosts[i], &b->hosts[i]))
            return false;
    }
    return true;
}

/* What follows the hosts is the master's name, if sentinels know it, and a database, if there is
 * more than one. */
static bool parse_network(struct text rest, struct redis_url *url, struct error *error)
{
    struct text authority = text_cut(&rest, '/');

    if (!parse_credentials(&authority, &url->login, error) || !parse_hosts(authority, url, error))
        return false;
    if (url->kind == REDIS_SENTINEL && !parse_master(&rest, url, error))
        return false;
    if (rest.length == 0)
        return true;
    if (url->kind == REDIS_CLUSTER)
        return error_set(error, "a cluster has no databases: its URL ends with its hosts");
    return parse_database(rest, url, error);
}

/* Cuts "[user]:password@" off. A password may hold a raw '@': the last one counts. */
static bool parse_credentials(struct text *authority, struct redis_login *login,
                              struct error *error)
{
    const char *at = authority->length > 0 ? memrchr(authority->at, '@', authority->length) : NULL;

    if (at == NULL)
        return true;
    struct text password = {authority->at, (size_t)(at - authority->at)};
    *authority = text_from(*authority, password.length + 1);
    const struct text user = text_cut(&password, ':');
    if (password.length == 0)
        return error_set(error, "a Redis URL has a user without a password; write "
                                "user:password@ or :password@");
    if (!percent_decode(user, login->user, sizeof(login->user)))
        return error_set(error, "the user in a Redis URL is too long or wrongly percent-encoded");
    if (!percent_decode(password, login->password, sizeof(login->password)))
        return error_set(error,
                         "the password in a Redis URL is too long or wrongly percent-encoded");
    return true;
}

static bool parse_hosts(struct text authority, struct redis_url *url, struct error *error)
{
    const int port = url->kind == REDIS_SENTINEL ? SENTINEL_PORT_DEFAULT : REDIS_PORT_DEFAULT;

    if (url->kind == REDIS_SERVER) {
        url->host_count = 1;
        return redis_endpoint_parse(authority, port, &url->hosts[0], error);
    }
    do {
        const struct text host = text_cut(&authority, ',');

        if (url->host_count == REDIS_URL_HOSTS_MAX)
            return error_set(error, "a Redis URL names at most %d hosts", REDIS_URL_HOSTS_MAX);
        if (!redis_endpoint_parse(host, port, &url->hosts[url->host_count++], error))
            return false;
    } while (!text_is_absent(authority));
    return true;
}

/* Leaves the text after "name/". */
static bool parse_master(struct text *rest, struct redis_url *url, struct error *error)
{
    const struct text name = text_cut(rest, '/');

    if (name.length == 0)
        return error_set(error, "a URL of sentinels ends with the master's name: "
                                "redis-sentinel://host,host,host/mymaster");
    if (name.length >= sizeof(url->master))
        return error_set(error, "the master's name in a Redis URL must have 1..%zu bytes",
                         sizeof(url->master) - 1);
    /* Only these can be in a sentinel's configuration. */
    for (size_t i = 0; i < name.length; i++) {
        if (!isalnum((unsigned char)name.at[i]) && memchr(".-_", name.at[i], 3) == NULL)
            return error_set(error, "the master's name in a Redis URL may have only A-z, 0-9, "
                                    "\".\", \"-\" and \"_\"");
    }
    memcpy(url->master, name.at, name.length);
    return true;
}

static bool parse_unix(struct text rest, struct redis_url *url, struct error *error)
{
    struct redis_endpoint *host = &url->hosts[0];
    struct text authority = rest;
    const char *slash = rest.length > 0 ? memchr(rest.at, '/', rest.length) : NULL;

    if (slash == NULL)
        return error_set(error, "a unix:// Redis URL needs an absolute path: unix:///path");
    authority.length = (size_t)(slash - rest.at);
    struct text query = text_from(rest, authority.length);
    if (!parse_credentials(&authority, &url->login, error))
        return false;
    if (authority.length > 0)
        return error_set(error, "a unix:// Redis URL names no host: unix:///path");
    const struct text path = text_cut(&query, '?');
    /* Credentials belong before the path. Here they would be shown as a part of it. */
    if (memchr(path.at, '@', path.length) != NULL)
        return error_set(error, "the path in a unix:// Redis URL has an @ in it; credentials go "
                                "before it: unix://:password@/path");
    if (path.length >= sizeof((struct sockaddr_un){0}.sun_path) ||
        memchr(path.at, '\0', path.length) != NULL)
        return error_set(error, "the path in a unix:// Redis URL must be shorter than %zu bytes",
                         sizeof((struct sockaddr_un){0}.sun_path));
    url->host_count = 1;
    host->is_unix = true;
    memcpy(host->host, path.at, path.length);
    if (query.length == 0)
        return true;
    if (!text_starts_with(query, TEXT("db=")))
        return error_set(error, "the only parameter of a unix:// Redis URL is db");
    return parse_database(text_from(query, strlen("db=")), url, error);
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
