/* SPDX-License-Identifier: MIT
 *
 * Where a Redis is, by one of
 *
 *     redis://[[user]:password@]host[:port][/db]
 *     unix://[[user]:password@]/path[?db=N]
 *     redis-sentinel://[[user]:password@]host[:port],host[:port],.../master[/db]
 *     redis-cluster://[[user]:password@]host[:port],host[:port],...
 *
 * With rediss://, rediss-sentinel:// and rediss-cluster:// all connections use TLS. User and
 * password are percent-encoded. They are for Redis; sentinels have their own. The hosts after the
 * scheme of sentinels are sentinels, with the port 26379 unless they say another. Those of a
 * cluster are some of its nodes, from which the others are learnt. */
#ifndef REDIS_REDIS_URL_H
#define REDIS_REDIS_URL_H

#include "redis/redis_access.h"
#include "redis/redis_endpoint.h"

#define REDIS_URL_HOSTS_MAX    16
#define REDIS_URL_MASTER_BYTES 128

enum redis_kind {
    REDIS_SERVER,   /* hosts[0] */
    REDIS_SENTINEL, /* the master that the sentinels at `hosts` name */
    REDIS_CLUSTER   /* the nodes that those at `hosts` name */
};

struct redis_url {
    enum redis_kind kind;
    bool has_tls;
    size_t host_count;
    struct redis_endpoint hosts[REDIS_URL_HOSTS_MAX];
    char master[REDIS_URL_MASTER_BYTES]; /* its name at the sentinels; "" for the other kinds */
    int database;
    struct redis_login login;
};

/* `error` contains no part of the URL, because that may hold a password. */
MUST_USE bool redis_url_parse(struct text text, struct redis_url *url, struct error *error);

/* The URL without the credentials: "redis://127.0.0.1:6379/0", "unix:///path?db=0". */
#define REDIS_URL_BYTES (REDIS_URL_HOSTS_MAX * REDIS_ENDPOINT_BYTES + REDIS_URL_MASTER_BYTES + 64)
void redis_url_write(const struct redis_url *url, char out[static REDIS_URL_BYTES]);

bool redis_url_equal(const struct redis_url *a, const struct redis_url *b);

#endif
