/* SPDX-License-Identifier: MIT
 *
 * A reverse proxy from Debian before two instances, configured by proxies/. Each of its answers
 * names the instance in X-Instance. Main thread only. */
#ifndef SUPPORT_PROXY_H
#define SUPPORT_PROXY_H

struct proxy;

/* Whether there is such a proxy: nginx, haproxy, haproxy_unsafe, apache, apache_unsafe, caddy. The
 * unsafe ones pass on what they can of requests that are invalid. */
bool proxy_is_known(const char *name);

/* Answers at 127.0.0.1 when this returns, with what the instances at these ports say; else the test
 * fails. */
struct proxy *proxy_start(const char *name, int first, int second);
void proxy_stop(struct proxy *proxy);

int proxy_port(const struct proxy *proxy);

/* Whether it has ever held an instance to be out of order. */
bool proxy_has_given_up(const struct proxy *proxy);

/* What it has printed, the caller's to free. */
char *proxy_output(const struct proxy *proxy);

#endif
