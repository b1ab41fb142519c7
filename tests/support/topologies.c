/* SPDX-License-Identifier: MIT */
#include "support/topologies.h"

#include "base/memory.h"
#include "support/cmocka.h"

struct kept {
    char *url;
    struct redis_topology *topology;
    struct kept *next;
};

static struct kept *all;

static struct redis_url parsed(const char *text);

struct redis_topology *topology_at(const char *url)
{
    const struct redis_topology_options options = {.url = parsed(url)};
    struct kept *kept = all;

    while (kept != NULL && strcmp(kept->url, url) != 0)
        kept = kept->next;
    if (kept != NULL)
        return kept->topology;
    kept = MEMORY_NEW(struct kept);
    *kept = (struct kept){memory_string(url), redis_topology_new(&options), all};
    all = kept;
    return kept->topology;
}

struct redis_endpoint endpoint_at(const char *url)
{
    return parsed(url).hosts[0];
}

struct redis_access access_at(const char *url)
{
    const struct redis_url read = parsed(url);

    return (struct redis_access){.login = read.login, .database = read.database};
}

static struct redis_url parsed(const char *text)
{
    struct redis_url url;
    struct error error = {0};

    assert_true(redis_url_parse(text_of(text), &url, &error));
    return url;
}
