/* SPDX-License-Identifier: MIT */
#include "base/slices.h"

static bool run(struct slices *slices, struct sliced *work);

void slices_init(struct slices *slices, slices_clock_fn *clock_us)
{
    *slices = (struct slices){.clock_us = clock_us, .left_us = SLICE_US};
    fair_queue_init(&slices->queue, SLICE_QUANTUM);
}

void slices_close(struct slices *slices)
{
    ASSERT(slices_waiting(slices) == 0);
    fair_queue_close(&slices->queue);
}

void slices_turn(struct slices *slices)
{
    slices->left_us = SLICE_US;
    while (slices->left_us > 0 && slices_waiting(slices) > 0) {
        struct fair_item *item = fair_queue_take(&slices->queue);
        struct sliced *work = CONTAINER_OF(item, struct sliced, turn);

        work->is_in = false;
        if (run(slices, work)) {
            work->is_in = true;
            fair_queue_put_back(&slices->queue, item, work->cost);
        }
    }
}

void slices_put(struct slices *slices, struct sliced *work)
{
    if (work->is_in)
        return;
    work->is_in = true;
    fair_queue_put(&slices->queue, &work->turn, work->tenant, work->cost);
}

void slices_go_on(struct slices *slices, struct sliced *work)
{
    if (work->is_in)
        return;
    work->is_in = true;
    work->turn.tenant = work->tenant;
    fair_queue_put_back(&slices->queue, &work->turn, work->cost);
}

void slices_begin(struct slices *slices, struct sliced *work)
{
    bool has_more = true;

    while (has_more && slices->left_us > 0 && slices_waiting(slices) == 0)
        has_more = run(slices, work);
    if (has_more)
        slices_put(slices, work);
}

size_t slices_waiting(const struct slices *slices)
{
    return slices->queue.count;
}

/* A step is charged by its time on the clock, and not by its estimate. */
static bool run(struct slices *slices, struct sliced *work)
{
    const int64_t begun_us = slices->clock_us();
    const bool has_more = work->step(work);

    slices->left_us -= slices->clock_us() - begun_us;
    return has_more;
}
