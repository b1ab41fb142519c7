/* SPDX-License-Identifier: MIT
 *
 * The clients of one server, one per connection: whose they are, who is idle and can give way, and
 * who takes too long. Private to http_server.c and exchange.c. Worker's thread.
 *
 * Nothing is done per request but to note where it is. Every few seconds all are looked at, since
 * libmicrohttpd only knows how long a connection is silent: a client that sends or reads a byte now
 * and then would keep its place for ever. Whoever is ended is shut down, and libmicrohttpd closes
 * the connection when it sees that. */
#ifndef HTTP_CLIENTS_H
#define HTTP_CLIENTS_H

#include "admission.h"
#include "holders.h"

struct event;
struct event_base;

/* IDLE until a request's line has come in. SENDING: the rest of it comes. ASKING: it is complete
 * and waits for its answer. READING: the answer is there, and leaves. */
enum client_state { CLIENT_IDLE, CLIENT_SENDING, CLIENT_ASKING, CLIENT_READING };

struct client {
    LIST_ENTRY(client) next;
    TAILQ_ENTRY(client) in_idle;        /* when it is idle, like the next one */
    TAILQ_ENTRY(client) in_holder_idle; /* of its tenant */
    struct clients *clients;
    struct holder *holder;     /* its tenant */
    int fd;                    /* borrowed from libmicrohttpd */
    struct exchange *exchange; /* its present one, if any; exchange.c's own */
    struct ticket ticket;
    enum client_state state;
    bool is_over;                /* shut down */
    bool is_cut_short;           /* answered before its request had come */
    int64_t idle_since_us;       /* when it is idle */
    unsigned requests;           /* complete ones */
    unsigned requests_seen;      /* at the last look */
    bool is_known;               /* bytes_idle is of the time since the last request */
    uint64_t bytes_idle;         /* what had come in when nothing of a request had */
    int64_t begun_us;            /* when a request was first seen on its way; 0: none is */
    bool has_left;               /* nothing more comes from it */
    int64_t reading_since_us;    /* looked at; 0: at the last look it was not */
    uint64_t bytes_read;         /* then */
    struct handshake *handshake; /* NULL: it speaks plain HTTP */
};

struct clients {
    LIST_HEAD(, client) all;
    struct client_list idle; /* for longest first */
    struct holders holders;
    struct event *timer;
    int64_t sending_us;
    int64_t reading_us;
    int64_t now_us; /* see clients_turn() */
    int64_t spared_until_us;
    int64_t awaited_us; /* since when one of a tenant that is over its share; 0: is not */
    size_t ended_slow;  /* so far */
    size_t ended_slow_readers;
    size_t ended_to_make_room;
};

/* Looks at the clients from now on. A request may take `sending_us` from its first byte to its
 * last, and of an answer 64 KiB must be read in each `reading_us`. */
void clients_init(struct clients *clients, struct event_base *base, int64_t sending_us,
                  int64_t reading_us);
void clients_close(struct clients *clients);

/* Before requests are looked at: reads the clock. */
void clients_turn(struct clients *clients);

/* It belongs to tenant 0, like all that are not known yet. */
struct client *clients_add(struct clients *clients, int fd);
/* Frees it. */
void clients_remove(struct client *client);

/* A client that has something to do before its first request has as long for that, from now; it has
 * done it, and what has come in so far was no part of a request. */
void client_begun(struct client *client);
void client_settled(struct client *client);

void client_set_state(struct client *client, enum client_state state);

/* In the middle of a request: its connection belongs to this tenant from now on. */
void client_belong(struct client *client, uint32_t tenant);
uint32_t client_tenant(const struct client *client);

/* Shuts its connection down. False when it was already. */
bool client_end(struct client *client);

/* Somebody waits for a place: ends an idle client, if there is one; never one in the middle of a
 * request.
 *
 * Where a tenant holds more than would be left for each if there was one more of them, it gives
 * way: of those that hold most (within a factor of two), the client that has been idle for longest.
 * When each of them was answered within the last 20 ms, the next that is answered leaves with its
 * answer, so that no request meets a connection that has just been closed.
 *
 * Where nobody holds so many, and where nobody of them has left for 100 ms, it is the client that
 * has been idle for longest of all. Who was active within the last second is spared for a moment:
 * ten such a second at most give way, so that a crowd of newcomers does not turn out everybody who
 * works. */
void clients_give_way(struct clients *clients);

/* Asked once for each answer: whether its connection ends with it, to make room. */
MUST_USE bool client_gives_way(struct client *client);

#endif
