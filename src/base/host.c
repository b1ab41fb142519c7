/* SPDX-License-Identifier: MIT */
#include "base/host.h"

#include <arpa/inet.h>

static struct text cut_name(struct text *rest);
static bool name_is_valid(struct text name);
static bool address_is_valid(struct text address);
static bool port_parse(struct text text, int *port);
static bool port_equal(int a, int b);

bool host_parse(struct text text, struct host *host)
{
    struct text rest = text;

    *host = (struct host){.name = cut_name(&rest)};
    if (name_is_valid(host->name) && (text_is_absent(rest) || port_parse(rest, &host->port)))
        return true;
    *host = (struct host){0};
    return false;
}

bool host_equal(const struct host *a, const struct host *b)
{
    return a->name.length > 0 && text_equal_ignoring_case(a->name, b->name) &&
           port_equal(a->port, b->port);
}

bool host_list_parse(struct text text, struct host_list *list, struct error *error)
{
    struct text rest = text_trim(text);
    struct host host;

    *list = (struct host_list){0};
    if (rest.length == 0)
        return true;
    if (rest.length > HOST_LIST_BYTES_MAX)
        return error_set(error, "more than %d bytes", HOST_LIST_BYTES_MAX);
    memcpy(list->text, rest.at, rest.length);
    while (!text_is_absent(rest)) {
        struct text word = text_trim(text_cut(&rest, ','));

        if (!host_parse(word, &host)) {
            return error_set(error, "\"%.*s\" is no host such as limits.example.org or [::1]:8080",
                             TEXT_PRINTF(word));
        }
    }
    return true;
}

bool host_list_is_empty(const struct host_list *list)
{
    return list->text[0] == '\0';
}

bool host_list_has(const struct host_list *list, const struct host *host)
{
    struct text rest = text_of(list->text);
    struct host member;

    while (!text_is_absent(rest)) {
        if (host_parse(text_trim(text_cut(&rest, ',')), &member) && host_equal(&member, host))
            return true;
    }
    return false;
}

/* Leaves the port, which is absent if there is no colon. */
static struct text cut_name(struct text *rest)
{
    struct text name;

    if (!text_starts_with(*rest, TEXT("[")))
        return text_cut(rest, ':');
    name = text_cut(rest, ']');
    if (text_is_absent(*rest) || text_cut(rest, ':').length > 0)
        return (struct text){0};
    name.length++;
    return name;
}

static bool name_is_valid(struct text name)
{
    if (name.length > 2 && name.at[0] == '[')
        return name.at[name.length - 1] == ']' &&
               address_is_valid((struct text){name.at + 1, name.length - 2});
    for (size_t i = 0; i < name.length; i++) {
        char c = name.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '-' || c == '_'))
            return false;
    }
    return name.length > 0;
}

static bool address_is_valid(struct text address)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr bytes;

    if (address.length >= sizeof text)
        return false;
    memcpy(text, address.at, address.length);
    text[address.length] = '\0';
    return strlen(text) == address.length && inet_pton(AF_INET6, text, &bytes) == 1;
}

static bool port_parse(struct text text, int *port)
{
    int64_t number;

    if (!text_parse_integer(text, &number) || number < 1 || number > UINT16_MAX)
        return false;
    *port = (int)number;
    return true;
}

static bool port_equal(int a, int b)
{
    if (a == 0 || b == 0)
        return a + b == 0 || a + b == HOST_PORT_HTTP || a + b == HOST_PORT_HTTPS;
    return a == b;
}
