/* SPDX-License-Identifier: MIT
 *
 * What stands between a client and a server of TCP and treats what the server answers badly, as it
 * is told, also while it runs. A thread of its own; all functions for the main thread only. */
#ifndef SUPPORT_FAULT_PROXY_H
#define SUPPORT_FAULT_PROXY_H

enum fault_proxy_mode {
    FAULT_PROXY_PASS,
    FAULT_PROXY_DELAY, /* each answer comes delay_ms later */
    FAULT_PROXY_HANG,  /* takes connections and forwards nothing, until the mode changes */
    FAULT_PROXY_RESET, /* ends the connections there are, and each new one, with a reset */
    FAULT_PROXY_MUTE,  /* ends those there are; the new ones are never answered, not even later */
    FAULT_PROXY_ONE_BYTE, /* answers come one byte at a time */
    FAULT_PROXY_COALESCE, /* answers come together, every delay_ms */
    FAULT_PROXY_CORRUPT   /* one piece in four of what is answered is damaged */
};

struct fault_proxy_options {
    int port;      /* of the server, on 127.0.0.1 */
    uint64_t seed; /* of the damage */
};

struct fault_proxy;

/* Listens and passes on when this returns. */
struct fault_proxy *fault_proxy_start(const struct fault_proxy_options *options);
/* Ends its connections, too. NULL is allowed. */
void fault_proxy_stop(struct fault_proxy *proxy);

/* Where it listens, on 127.0.0.1. */
int fault_proxy_port(const struct fault_proxy *proxy);

/* In force when this returns, for what comes from now on: what has been delayed comes in its time
 * and order. */
void fault_proxy_set(struct fault_proxy *proxy, enum fault_proxy_mode mode, int delay_ms);

#endif
