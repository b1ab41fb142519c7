/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include "base/buffer.h"

const struct route *router_find(const struct route_table *table, const char *method,
                                const char *path)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = &table->rows[i];

        if (strcmp(route->path, path) == 0 && router_serves(route, method))
            return route;
    }
    return NULL;
}

bool router_serves(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && router_reads(method));
}

bool router_reads(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

const char *router_allow(const struct route_table *table, const char *path, struct arena *arena)
{
    struct buffer allow;

    buffer_init(&allow, arena, 32);
    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = &table->rows[i];

        if (strcmp(route->path, path) != 0)
            continue;
        if (allow.length > 0)
            buffer_add(&allow, TEXT(", "));
        buffer_add(&allow, text_of(route->method));
        if (strcmp(route->method, "GET") == 0)
            buffer_add(&allow, TEXT(", HEAD"));
    }
    return allow.length > 0 ? buffer_string(&allow) : NULL;
}
