/* SPDX-License-Identifier: MIT
 *
 * Many callers ask at the same time. Can their answers come from one counter that was asked by one
 * after the other, each at some moment between sending and answer? In other words: is the history
 * linearizable? */
#ifndef SUPPORT_ONE_COUNTER_H
#define SUPPORT_ONE_COUNTER_H

struct one_counter_check {
    int64_t sent_us;
    int64_t answered_us;
    int64_t cost; /* 0 is a look */
    bool allowed;
    int64_t remaining;
};

/* `limit` is what the counter held at first, and nothing comes back. If there is an order in which
 * the counter can have been asked, the checks are sorted into it. Any thread. */
bool one_counter_explains(struct one_counter_check checks[], size_t count, int64_t limit);

#endif
