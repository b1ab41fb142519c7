/* SPDX-License-Identifier: MIT */
#include "metrics/metrics.h"

#include "base/memory.h"

#define STATUS(status) status,

static const int statuses[] = {METRICS_STATUSES(STATUS)};

struct metrics *metrics_new(size_t worker_count, size_t app_slots)
{
    struct metrics *blocks = memory_new(worker_count, sizeof(*blocks));

    for (size_t i = 0; i < worker_count; i++)
        blocks[i].decisions = memory_new(app_slots, sizeof(*blocks[i].decisions));
    return blocks;
}

void metrics_free(struct metrics *blocks, size_t worker_count)
{
    for (size_t i = 0; blocks != NULL && i < worker_count; i++)
        free(blocks[i].decisions);
    free(blocks);
}

void metrics_count_request(struct metrics *metrics, size_t route, int status)
{
    size_t row = route < METRICS_ROUTES_MAX ? route : METRICS_ROUTES_MAX;
    size_t column = 0;

    while (column < ARRAY_COUNT(statuses) && statuses[column] != status)
        column++;
    figure_add(&metrics->requests[row][column], 1);
}
