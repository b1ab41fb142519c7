/* SPDX-License-Identifier: MIT */
#include "elsewhere.h"

#include "base/clock.h"
#include "journal/feed.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#define WAIT_SECONDS 60

void elsewhere_send(const char *app_id, int first, int last)
{
    const struct subject user = {TEXT("user"), TEXT("bob")};
    const struct record record = {.time_us = clock_wall_us(),
                                  .subjects = {1, &user},
                                  .route = TEXT("/there"),
                                  .role = TEXT("default"),
                                  .costs = {.requests = 1},
                                  .allowed = true,
                                  .mode = "enforce"};
    struct feed *feed = feed_new(topology_at(redis_server_unix_url(server)), ELSEWHERE);
    uint64_t sent = (uint64_t)first - 1;
    struct ring ring;

    ring_init(&ring);
    for (int number = 1; number <= last; number++)
        (void)ring_add(&ring, &record);
    WAIT_FOR (WAIT_SECONDS, feed_send(feed, app_id, &ring, &sent) == FEED_SENT_ALL)
        ;
    ring_close(&ring);
    feed_free(feed);
}
