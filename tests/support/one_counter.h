/* SPDX-License-Identifier: MIT
 *
 * Whether what many callers were told at the same time can have come from one counter that was
 * asked by one after the other, each at some moment between sending and being answered: whether
 * the history is linearizable. */
#ifndef SUPPORT_ONE_COUNTER_H
#define SUPPORT_ONE_COUNTER_H

struct one_counter_check {
    int64_t sent_us;
    int64_t answered_us;
    int64_t cost; /* 0 looks */
    bool allowed;
    int64_t remaining;
};

/* `limit` is what there was at first, and nothing comes back. Sorts the checks into the order in
 * which the counter was asked, if there is one. Any thread. */
bool one_counter_explains(struct one_counter_check checks[], size_t count, int64_t limit);

#endif
