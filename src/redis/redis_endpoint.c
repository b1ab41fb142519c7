/* SPDX-License-Identifier: MIT */
#include "redis/redis_endpoint.h"

#include "base/ip_address.h"

#define PORT_MAX 65535

static bool parse_host(struct text *text, struct redis_endpoint *endpoint, struct error *error);
static bool is_unknown(struct text host, const struct redis_endpoint *asked);
static bool is_own(struct text host);
static bool is_host(struct text host);

bool redis_endpoint_parse(struct text text, int default_port, struct redis_endpoint *endpoint,
                          struct error *error)
{
    int64_t port = default_port;

    *endpoint = (struct redis_endpoint){0};
    if (!parse_host(&text, endpoint, error))
        return false;
    if (text.length > 0 && (text.at[0] != ':' || !text_parse_integer(text_from(text, 1), &port) ||
                            port < 1 || port > PORT_MAX))
        return error_set(error, "the port in a Redis URL must be 1..%d", PORT_MAX);
    endpoint->port = (int)port;
    return true;
}

bool redis_endpoint_learn(struct text host, int64_t port, const struct redis_endpoint *asked,
                          struct redis_endpoint *endpoint)
{
    const bool is_there = is_unknown(host, asked);
    struct redis_endpoint learnt = {.port = (int)port};

    if (is_there)
        host = text_of(asked->host);
    if (port < 1 || port > PORT_MAX || (is_there && asked->is_unix) || !is_host(host))
        return false;
    memcpy(learnt.host, host.at, host.length);
    *endpoint = learnt;
    return true;
}

void redis_endpoint_write(const struct redis_endpoint *endpoint,
                          char out[static REDIS_ENDPOINT_BYTES])
{
    const bool is_ipv6 = strchr(endpoint->host, ':') != NULL;

    if (endpoint->is_unix)
        (void)snprintf(out, REDIS_ENDPOINT_BYTES, "unix://%s", endpoint->host);
    else
        (void)snprintf(out, REDIS_ENDPOINT_BYTES, is_ipv6 ? "[%s]:%d" : "%s:%d", endpoint->host,
                       endpoint->port);
}

bool redis_endpoint_equal(const struct redis_endpoint *a, const struct redis_endpoint *b)
{
    return a->is_unix == b->is_unix && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* Leaves the text after the host: nothing, or ":port". */
static bool parse_host(struct text *text, struct redis_endpoint *endpoint, struct error *error)
{
    const bool is_bracketed = text->length > 0 && text->at[0] == '[';
    const char *end = NULL;

    if (text->length > 0)
        end = memchr(text->at, is_bracketed ? ']' : ':', text->length);
    if (is_bracketed && end == NULL)
        return error_set(error, "the host in a Redis URL lacks its closing bracket");
    struct text host = *text;
    if (end != NULL)
        host.length = (size_t)(end - host.at);
    *text = text_from(*text, host.length + (is_bracketed ? 1 : 0));
    if (is_bracketed)
        host = text_from(host, 1);
    if (host.length == 0 || host.length >= sizeof(endpoint->host) ||
        memchr(host.at, '\0', host.length) != NULL)
        return error_set(error, "the host in a Redis URL must have 1..%zu bytes",
                         sizeof(endpoint->host) - 1);
    memcpy(endpoint->host, host.at, host.length);
    if (strpbrk(endpoint->host, "[?#@,") != NULL)
        return error_set(error, "the host in a Redis URL is no name and no address");
    return true;
}

/* A node elsewhere that names its own machine by a loopback address would send us to this one, and
 * there may be another Redis. */
static bool is_unknown(struct text host, const struct redis_endpoint *asked)
{
    const bool is_elsewhere =
        !asked->is_unix && asked->host[0] != '\0' && !is_own(text_of(asked->host));

    return host.length == 0 || text_equal(host, TEXT("?")) || (is_elsewhere && is_own(host));
}

static bool is_own(struct text host)
{
    struct ip_address address;

    return text_equal(host, TEXT("localhost")) ||
           (ip_address_parse(host, &address) && ip_address_is_loopback(&address));
}

/* It is printed, and compared as a string. */
static bool is_host(struct text host)
{
    static const char forbidden[] = "[]/?#@,";

    if (host.length == 0 || host.length >= sizeof(((struct redis_endpoint *)NULL)->host))
        return false;
    for (size_t i = 0; i < host.length; i++) {
        if (host.at[i] <= ' ' || host.at[i] > '~' || strchr(forbidden, host.at[i]) != NULL)
            return false;
    }
    return true;
}
