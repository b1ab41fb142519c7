/* SPDX-License-Identifier: MIT
 *
 * A lookup of libevent cannot be ended safely: cancelled, it still calls back later, by way of the
 * evdns_base it came from. So a cancelled lookup goes on, and the next question takes it over; only
 * redis_resolver_free() cuts it off, and then its callback frees it in a later turn of the loop. */
#include "redis/redis_resolver.h"

#include "base/memory.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <netdb.h>
#include <sys/un.h>

/* Before a query is sent again; libevent's own 5 s outlast any attempt to connect. */
#define QUERY_TIMEOUT_S "1"

struct lookup {
    struct redis_resolver *resolver; /* NULL: it is gone */
};

struct redis_resolver {
    struct event_base *base;
    const struct redis_url *url;
    void *context;
    redis_resolver_done_fn *done;
    struct event *answer;          /* active when `addresses` and `reason` are to be handed on */
    struct evdns_base *nameserver; /* NULL until a name was asked for */
    struct lookup *lookup;         /* NULL: none is out */
    bool is_wanted;                /* a question waits for the lookup */
    struct redis_addresses addresses;
    const char *reason; /* a string that lives for ever */
};

static bool resolve_path(struct redis_resolver *resolver);
static bool resolve_numeric(struct redis_resolver *resolver, const char *port);
static void resolve_name(struct redis_resolver *resolver, const char *port);
static void on_resolved(int result, struct evutil_addrinfo *found, void *context);
static void keep_addresses(struct redis_resolver *resolver, const struct addrinfo *found);
static void keep_family(struct redis_resolver *resolver, const struct addrinfo *found, int family);
static void on_answer(evutil_socket_t fd, short what, void *context);

struct redis_resolver *redis_resolver_new(struct event_base *base, const struct redis_url *url,
                                          void *context, redis_resolver_done_fn *done)
{
    struct redis_resolver *resolver = MEMORY_NEW(struct redis_resolver);

    resolver->base = base;
    resolver->url = url;
    resolver->context = context;
    resolver->done = done;
    resolver->answer = event_new(base, -1, 0, on_answer, resolver);
    ASSERT(resolver->answer != NULL);
    return resolver;
}

void redis_resolver_free(struct redis_resolver *resolver)
{
    if (resolver == NULL)
        return;
    if (resolver->lookup != NULL)
        resolver->lookup->resolver = NULL;
    if (resolver->nameserver != NULL)
        evdns_base_free(resolver->nameserver, 1);
    event_free(resolver->answer);
    free(resolver);
}

void redis_resolver_begin(struct redis_resolver *resolver)
{
    char port[8];

    ASSERT(!resolver->is_wanted);
    resolver->is_wanted = true;
    if (resolver->lookup != NULL)
        return;
    resolver->addresses.count = 0;
    resolver->reason = NULL;
    (void)snprintf(port, sizeof(port), "%d", resolver->url->port);
    if (resolver->url->is_unix ? resolve_path(resolver) : resolve_numeric(resolver, port))
        event_active(resolver->answer, EV_READ, 0);
    else
        resolve_name(resolver, port);
}

void redis_resolver_cancel(struct redis_resolver *resolver)
{
    resolver->is_wanted = false;
    event_del(resolver->answer);
}

static bool resolve_path(struct redis_resolver *resolver)
{
    struct redis_address *address = &resolver->addresses.list[0];
    struct sockaddr_un path = {.sun_family = AF_UNIX};

    /* redis_url_parse() has seen to it that the path fits. */
    ASSERT(strlen(resolver->url->host) < sizeof(path.sun_path));
    memcpy(path.sun_path, resolver->url->host, strlen(resolver->url->host) + 1);
    memcpy(&address->at, &path, sizeof(path));
    address->length = sizeof(path);
    resolver->addresses.count = 1;
    return true;
}

static bool resolve_numeric(struct redis_resolver *resolver, const char *port)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    /* With these flags it reads no file and asks nobody. */
    if (getaddrinfo(resolver->url->host, port, &hints, &found) != 0)
        return false;
    keep_addresses(resolver, found);
    freeaddrinfo(found);
    return true;
}

static void resolve_name(struct redis_resolver *resolver, const char *port)
{
    const struct evutil_addrinfo hints = {.ai_flags = EVUTIL_AI_ADDRCONFIG,
                                          .ai_socktype = SOCK_STREAM};
    struct lookup *lookup = NULL;

    /* A new one each time: the machine's name servers may have changed since. */
    if (resolver->nameserver != NULL)
        evdns_base_free(resolver->nameserver, 1);
    resolver->nameserver = evdns_base_new(resolver->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                                              EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (resolver->nameserver == NULL) {
        resolver->reason = "the list of name servers cannot be read";
        event_active(resolver->answer, EV_READ, 0);
        return;
    }
    (void)evdns_base_set_option(resolver->nameserver, "timeout", QUERY_TIMEOUT_S);
    lookup = MEMORY_NEW(struct lookup);
    lookup->resolver = resolver;
    resolver->lookup = lookup;
    /* May run on_resolved() at once. */
    (void)evdns_getaddrinfo(resolver->nameserver, resolver->url->host, port, &hints, on_resolved,
                            lookup);
}

static void on_resolved(int result, struct evutil_addrinfo *found, void *context)
{
    struct lookup *lookup = context;
    struct redis_resolver *resolver = lookup->resolver;

    free(lookup);
    if (resolver != NULL) {
        resolver->lookup = NULL;
        if (result == 0)
            keep_addresses(resolver, found);
        else
            resolver->reason = evutil_gai_strerror(result);
        if (resolver->is_wanted)
            event_active(resolver->answer, EV_READ, 0);
    }
    if (found != NULL)
        evutil_freeaddrinfo(found);
}

/* IPv4 first: "localhost" names both, and Redis listens on 127.0.0.1 more often than on ::1. */
static void keep_addresses(struct redis_resolver *resolver, const struct addrinfo *found)
{
    keep_family(resolver, found, AF_INET);
    keep_family(resolver, found, AF_INET6);
    if (resolver->addresses.count == 0)
        resolver->reason = "the name has no address";
}

static void keep_family(struct redis_resolver *resolver, const struct addrinfo *found, int family)
{
    struct redis_addresses *addresses = &resolver->addresses;

    for (; found != NULL && addresses->count < REDIS_ADDRESSES_MAX; found = found->ai_next) {
        if (found->ai_family != family)
            continue;
        struct redis_address *address = &addresses->list[addresses->count++];
        memcpy(&address->at, found->ai_addr, found->ai_addrlen);
        address->length = found->ai_addrlen;
    }
}

static void on_answer(evutil_socket_t fd, short what, void *context)
{
    struct redis_resolver *resolver = context;

    (void)fd;
    (void)what;
    resolver->is_wanted = false;
    resolver->done(resolver->context, &resolver->addresses, resolver->reason);
}
