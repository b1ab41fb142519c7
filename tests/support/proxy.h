/* SPDX-License-Identifier: MIT
 *
 * A reverse proxy from Debian in front of two instances, configured by proxies/. Each answer names
 * the instance in X-Instance. Main thread only. */
#ifndef SUPPORT_PROXY_H
#define SUPPORT_PROXY_H

struct proxy;

/* Whether the name is one of nginx, haproxy, haproxy_unsafe, apache, apache_unsafe, caddy. The
 * unsafe ones pass on as much as they can of invalid requests. */
bool proxy_is_known(const char *name);

/* When this returns, it answers at 127.0.0.1 with the answers of the instances at these ports.
 * Otherwise the test fails. */
struct proxy *proxy_start(const char *name, int first, int second);
void proxy_stop(struct proxy *proxy);

int proxy_port(const struct proxy *proxy);

/* Whether it has ever taken an instance out. */
bool proxy_has_given_up(const struct proxy *proxy);

/* What it has printed. The caller frees it. */
char *proxy_output(const struct proxy *proxy);

#endif
