/* SPDX-License-Identifier: MIT
 *
 * A TCP proxy that treats the server's answers badly, in a way that can be changed while it runs.
 * It has its own thread. Main thread only. */
#ifndef SUPPORT_FAULT_PROXY_H
#define SUPPORT_FAULT_PROXY_H

enum fault_proxy_mode {
    FAULT_PROXY_PASS,
    FAULT_PROXY_DELAY,    /* each answer comes delay_ms late */
    FAULT_PROXY_HANG,     /* accepts, but forwards nothing until the mode changes */
    FAULT_PROXY_RESET,    /* resets all connections, old and new */
    FAULT_PROXY_MUTE,     /* ends the old connections; never answers new ones, not even later */
    FAULT_PROXY_ONE_BYTE, /* answers come byte by byte, delay_ms apart */
    FAULT_PROXY_SLOW,     /* long answers come 4 KiB by 4 KiB, delay_ms apart */
    FAULT_PROXY_COALESCE, /* answers come together, every delay_ms */
    FAULT_PROXY_CORRUPT   /* damages one piece of the answers in four */
};

struct fault_proxy_options {
    int port;      /* the server's, on 127.0.0.1 */
    uint64_t seed; /* for the damage */
};

struct fault_proxy;

/* When this returns, it listens and forwards. */
struct fault_proxy *fault_proxy_start(const struct fault_proxy_options *options);
/* Also ends its connections. NULL is allowed. */
void fault_proxy_stop(struct fault_proxy *proxy);

/* Its own port on 127.0.0.1. */
int fault_proxy_port(const struct fault_proxy *proxy);

/* When this returns, the mode applies to everything that comes from now on. What was delayed before
 * still comes in its time and order. */
void fault_proxy_set(struct fault_proxy *proxy, enum fault_proxy_mode mode, int delay_ms);

#endif
