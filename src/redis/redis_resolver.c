/* SPDX-License-Identifier: MIT
 *
 * A look-up of libevent cannot be ended safely: after a cancel it still calls back later, through
 * its evdns_base. So a cancelled look-up goes on, and the next question takes it over, if it is the
 * same. Otherwise it is cut off, as by redis_resolver_free(); then its callback frees it in a later
 * turn of the loop. */
#include "redis/redis_resolver.h"

#include "base/error.h"
#include "base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <netdb.h>
#include <sys/un.h>

struct lookup {
    struct redis_resolver *resolver; /* NULL: it was freed */
};

struct redis_resolver {
    struct event_base *base;
    struct redis_endpoint endpoint; /* of the last question, its name in lower case */
    const char *resolv_conf;
    void *context;
    redis_resolver_done_fn *done;
    struct event *answer;          /* active when `addresses` and `reason` are to be passed on */
    struct evdns_base *nameserver; /* NULL: no name is looked up */
    struct lookup *lookup;         /* NULL: none is under way */
    bool is_wanted;                /* a question waits for the look-up */
    struct redis_addresses addresses;
    struct error reason; /* if there is no address */
};

/* How libevent asks. These values win over the `options` of resolv.conf, whose times are for
 * programs with more time. A connection has 1 s. Four questions, to one name server after the
 * other, take 0.5 s together, and an answer to any of them counts until then. If only one of three
 * servers answers, all four may be needed. */
static const struct {
    const char *name;
    const char *value;
} options[] = {
    {"timeout:", "0.12"}, /* per question, in seconds */
    {"attempts:", "4"},
    {"max-timeouts:", "1"}, /* then a server is asked only after the others */
    /* the wait for the other family after the first has answered */
    {"getaddrinfo-allow-skew:", "0.45"},
    {"randomize-case:", "0"}, /* some servers know only lower case */
};

static void ask_for(struct redis_resolver *resolver, const struct redis_endpoint *endpoint);
static void cut_off(struct redis_resolver *resolver);
static bool resolve_path(struct redis_resolver *resolver);
static bool resolve_numeric(struct redis_resolver *resolver, const char *port);
static void resolve_name(struct redis_resolver *resolver, const char *port);
static void give_up(struct redis_resolver *resolver, int failure);
static void nameserver_close(struct redis_resolver *resolver);
static struct evdns_base *nameserver_new(const struct redis_resolver *resolver);
static void on_resolved(int result, struct evutil_addrinfo *found, void *context);
static const char *explain(int result);
static void keep_addresses(struct redis_resolver *resolver, const struct addrinfo *found);
static const struct addrinfo *find_family(const struct addrinfo *found, int family);
static void keep_address(struct redis_addresses *addresses, const struct addrinfo *found);
static void on_answer(evutil_socket_t fd, short what, void *context);

struct redis_resolver *redis_resolver_new(struct event_base *base, const char *resolv_conf,
                                          void *context, redis_resolver_done_fn *done)
{
    struct redis_resolver *resolver = MEMORY_NEW(struct redis_resolver);

    resolver->base = base;
    resolver->resolv_conf = resolv_conf;
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
    cut_off(resolver);
    event_free(resolver->answer);
    free(resolver);
}

void redis_resolver_begin(struct redis_resolver *resolver, const struct redis_endpoint *endpoint)
{
    char port[8];

    ASSERT(!resolver->is_wanted);
    resolver->is_wanted = true;
    ask_for(resolver, endpoint);
    if (resolver->lookup != NULL)
        return;
    resolver->addresses.count = 0;
    resolver->reason = (struct error){0};
    (void)snprintf(port, sizeof(port), "%d", resolver->endpoint.port);
    if (resolver->endpoint.is_unix ? resolve_path(resolver) : resolve_numeric(resolver, port))
        event_active(resolver->answer, EV_READ, 0);
    else
        resolve_name(resolver, port);
}

void redis_resolver_cancel(struct redis_resolver *resolver)
{
    resolver->is_wanted = false;
}

static void ask_for(struct redis_resolver *resolver, const struct redis_endpoint *endpoint)
{
    struct redis_endpoint asked = *endpoint;

    for (char *letter = asked.host; *letter != '\0' && !asked.is_unix; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    if (!redis_endpoint_equal(&asked, &resolver->endpoint))
        cut_off(resolver);
    resolver->endpoint = asked;
}

/* The look-up no longer calls back to us. */
static void cut_off(struct redis_resolver *resolver)
{
    if (resolver->lookup != NULL)
        resolver->lookup->resolver = NULL;
    resolver->lookup = NULL;
    nameserver_close(resolver);
}

static bool resolve_path(struct redis_resolver *resolver)
{
    struct redis_address *address = &resolver->addresses.list[0];
    struct sockaddr_un path = {.sun_family = AF_UNIX};

    /* redis_url_parse() has checked that the path fits. */
    ASSERT(strlen(resolver->endpoint.host) < sizeof(path.sun_path));
    memcpy(path.sun_path, resolver->endpoint.host, strlen(resolver->endpoint.host) + 1);
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

    /* With these flags it reads no file and asks no server. */
    if (getaddrinfo(resolver->endpoint.host, port, &hints, &found) != 0)
        return false;
    keep_addresses(resolver, found);
    freeaddrinfo(found);
    return true;
}

/* Asks for both families, whatever addresses this machine has. EVUTIL_AI_ADDRCONFIG would treat a
 * machine with only local IPv6 addresses as one without IPv6. A family that cannot be reached fails
 * at once. */
static void resolve_name(struct redis_resolver *resolver, const char *port)
{
    const struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lookup *lookup = MEMORY_NEW(struct lookup);

    /* A new one each time, because the machine's name servers may have changed. */
    nameserver_close(resolver);
    errno = 0;
    resolver->nameserver = nameserver_new(resolver);
    const int failure = errno;
    lookup->resolver = resolver;
    resolver->lookup = lookup;
    /* May run on_resolved() at once. */
    (void)evdns_getaddrinfo(resolver->nameserver, resolver->endpoint.host, port, &hints,
                            on_resolved, lookup);
    /* Without a descriptor for a name server's socket it would wait for ever. */
    if (resolver->lookup != NULL && evdns_base_count_nameservers(resolver->nameserver) == 0)
        give_up(resolver, failure);
}

static void give_up(struct redis_resolver *resolver, int failure)
{
    cut_off(resolver);
    error_set(&resolver->reason, "no name server can be asked: %s", strerror(failure));
    event_active(resolver->answer, EV_READ, 0);
}

static void nameserver_close(struct redis_resolver *resolver)
{
    if (resolver->nameserver != NULL)
        evdns_base_free(resolver->nameserver, 1);
    resolver->nameserver = NULL;
}

/* Reads /etc/hosts, too. If the list is missing or empty, the name server is 127.0.0.1, as it is
 * for the C library. We close it when the look-up ends. With libevent's option to become inactive
 * by itself, it does not hear the second server that it asks. */
static struct evdns_base *nameserver_new(const struct redis_resolver *resolver)
{
    struct evdns_base *nameserver = evdns_base_new(resolver->base, 0);

    ASSERT(nameserver != NULL);
    (void)evdns_base_resolv_conf_parse(nameserver, DNS_OPTIONS_ALL, resolver->resolv_conf);
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        const int failure = evdns_base_set_option(nameserver, options[i].name, options[i].value);
        ASSERT(failure == 0);
    }
    return nameserver;
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
            error_set(&resolver->reason, "%s", explain(result));
        event_active(resolver->answer, EV_READ, 0);
    }
    if (found != NULL)
        evutil_freeaddrinfo(found);
}

/* libevent has one code, "a failure for ever", for different causes. It reads only datagrams, so a
 * longer answer is no answer. */
static const char *explain(int result)
{
    switch (result) {
    case EVUTIL_EAI_FAIL:
        return "no name server gave an address: no answer, an error, none of this name, or more "
               "than a datagram holds";
    case EVUTIL_EAI_NONAME:
        return "there is no such name";
    default:
        return evutil_gai_strerror(result);
    }
}

/* IPv4 first: "localhost" names both, and Redis listens on 127.0.0.1 more often than on ::1. */
static void keep_addresses(struct redis_resolver *resolver, const struct addrinfo *found)
{
    struct redis_addresses *addresses = &resolver->addresses;
    const struct addrinfo *ipv4 = find_family(found, AF_INET);
    const struct addrinfo *ipv6 = find_family(found, AF_INET6);

    while (ipv4 != NULL || ipv6 != NULL) {
        keep_address(addresses, ipv4);
        keep_address(addresses, ipv6);
        ipv4 = ipv4 == NULL ? NULL : find_family(ipv4->ai_next, AF_INET);
        ipv6 = ipv6 == NULL ? NULL : find_family(ipv6->ai_next, AF_INET6);
    }
    if (addresses->count == 0)
        error_set(&resolver->reason, "the name has no address");
}

/* The first address of the family; NULL when there is none. */
static const struct addrinfo *find_family(const struct addrinfo *found, int family)
{
    while (found != NULL && found->ai_family != family)
        found = found->ai_next;
    return found;
}

static void keep_address(struct redis_addresses *addresses, const struct addrinfo *found)
{
    if (found == NULL || addresses->count == REDIS_ADDRESSES_MAX)
        return;
    struct redis_address *address = &addresses->list[addresses->count++];
    memcpy(&address->at, found->ai_addr, found->ai_addrlen);
    address->length = found->ai_addrlen;
}

static void on_answer(evutil_socket_t fd, short what, void *context)
{
    struct redis_resolver *resolver = context;

    (void)fd;
    (void)what;
    if (resolver->lookup != NULL) /* the answer is to a cancelled question */
        return;
    nameserver_close(resolver);
    if (!resolver->is_wanted)
        return;
    resolver->is_wanted = false;
    resolver->done(resolver->context, &resolver->addresses, resolver->reason.message);
}
