/* SPDX-License-Identifier: MIT
 *
 * The clients of one server, one per connection: which tenant each belongs to, which are idle and
 * can give way, and which take too long. Private to http_server.c and exchange.c. Worker's thread.
 *
 * A request only updates its client's state. Every few seconds all clients are looked at, because
 * libmicrohttpd only knows how long a connection is silent, and a client that sends or reads a byte
 * from time to time would keep its place for ever. To end a client its socket is shut down;
 * libmicrohttpd then sees that and closes the connection. */
#ifndef HTTP_CLIENTS_H
#define HTTP_CLIENTS_H

#include "admission.h"
#include "holders.h"

struct event;
struct event_base;

/* IDLE: until the request line has come in. SENDING: the rest of the request comes. ASKING: it is
 * complete and waits for its answer. READING: the answer leaves. FOLLOWING: what was written of a
 * stream leaves. QUIET: it has left. */
enum client_state {
    CLIENT_IDLE,
    CLIENT_SENDING,
    CLIENT_ASKING,
    CLIENT_READING,
    CLIENT_FOLLOWING,
    CLIENT_QUIET,
    CLIENT_STATE_COUNT
};

struct client {
    LIST_ENTRY(client) next;
    TAILQ_ENTRY(client) in_idle;        /* while it is idle or quiet, like the next */
    TAILQ_ENTRY(client) in_holder_idle; /* in its tenant's list */
    struct clients *clients;
    struct holder *holder;     /* its tenant */
    int fd;                    /* borrowed from libmicrohttpd */
    struct exchange *exchange; /* its present one or NULL; only exchange.c uses it */
    struct ticket ticket;
    enum client_state state;
    bool is_over;                /* shut down */
    bool is_cut_short;           /* answered before its request was complete */
    int64_t idle_since_us;       /* while it is idle or quiet */
    unsigned requests;           /* complete requests */
    unsigned requests_seen;      /* at the last look */
    bool is_known;               /* bytes_idle was taken after the last request */
    uint64_t bytes_idle;         /* bytes that had come in when no request had begun */
    int64_t begun_us;            /* when a request was first seen coming in; 0: none */
    bool has_left;               /* it sends nothing more */
    int64_t reading_since_us;    /* by the looks; 0: at the last look it was not */
    uint64_t bytes_read;         /* by that time */
    struct handshake *handshake; /* NULL: it speaks plain HTTP */
};

struct clients {
    LIST_HEAD(, client) all;
    size_t counts[CLIENT_STATE_COUNT]; /* how many are in each state */
    struct client_list idle;           /* longest first */
    struct holders holders;
    struct event *timer;
    int64_t sending_us;
    int64_t reading_us;
    int64_t now_us; /* see clients_turn() */
    int64_t spared_until_us;
    /* since when it waits for a client of a tenant over its share; 0: it does not */
    int64_t awaited_us;
    size_t ended_slow; /* counted so far */
    size_t ended_slow_readers;
    size_t ended_to_make_room;
};

/* Begins to look at the clients. A request may take `sending_us` from its first byte to its last. A
 * client must read 64 KiB of an answer in each `reading_us`. */
void clients_init(struct clients *clients, struct event_base *base, int64_t sending_us,
                  int64_t reading_us);
void clients_close(struct clients *clients);

/* To be called before the requests of a turn: reads the clock. */
void clients_turn(struct clients *clients);

/* The client belongs to tenant 0, like all that are not known yet. */
struct client *clients_add(struct clients *clients, int fd);
/* Frees it. */
void clients_remove(struct client *client);

/* The client has done what it had to do before its first request, for instance its handshake. Bytes
 * so far were no part of a request, and its time begins now. */
void client_begun(struct client *client);
void client_settled(struct client *client);

void client_set_state(struct client *client, enum client_state state);

/* To be called in the middle of a request: from now on its connection belongs to this tenant. */
void client_belong(struct client *client, uint32_t tenant);
uint32_t client_tenant(const struct client *client);

/* Shuts its connection down. False when it was shut down already. */
bool client_end(struct client *client);

/* libmicrohttpd ends it, because it sent and read nothing for too long. */
void client_was_silent(struct client *client);

/* A new client waits for a place: ends an idle client, if there is one, but never one in the middle
 * of a request. A quiet stream counts as idle. Streams may last for ever, so they would keep all
 * places if none gave way, and who follows one can ask again.
 *
 * A tenant gives way if it holds more than each would have if there were one tenant more. Of those
 * that hold most (within a factor of two), the client that has been idle for longest is ended. If
 * each of their clients was answered within the last 20 ms, the next one that is answered leaves
 * with its answer, so that no request comes to a connection that was just closed.
 *
 * If no tenant holds so many, or none of their clients has left for 100 ms, it is the client that
 * has been idle for longest of all. A client that was active within the last second is spared for a
 * moment: at most ten of these give way per second, so that a crowd of newcomers does not push out
 * all working clients. */
void clients_give_way(struct clients *clients);

/* To be called once for each answer: whether its connection ends with it, to make room. */
MUST_USE bool client_gives_way(struct client *client);

#endif
