/* SPDX-License-Identifier: MIT
 *
 * What was charged to one counter and when, in the order of time: what sliding_window_log keeps in
 * place of numbers. In Redis a sorted set does the same, see lua/sliding_window_log.lua.
 *
 * Plain memory of one owner, who sees to it that one thread at a time is in it. NULL stands for a
 * log to which nothing was ever added, wherever a log is only read. */
#ifndef LIMIT_CHARGE_LOG_H
#define LIMIT_CHARGE_LOG_H

struct charge {
    int64_t at_us;
    int64_t before; /* the sum of all charges before this one, those that are dropped included */
};

struct charge_log;

/* No more charges leave a log in Redis one by one in one call, so that none takes long. What has
 * left lingers there until then, and does not count. */
#define CHARGE_LOG_LEAVE_MAX 128

void charge_log_free(struct charge_log *log);

size_t charge_log_count(const struct charge_log *log);
/* `rank` < charge_log_count(), from the oldest on. */
struct charge charge_log_at(const struct charge_log *log, size_t rank);
/* The sum of all charges. */
int64_t charge_log_total(const struct charge_log *log);

/* The rank of the first charge later than `at_us`; the count when there is none. */
size_t charge_log_rank_after(const struct charge_log *log, int64_t at_us);
/* The rank of the first charge before which at least `total` was charged; the count when there is
 * none. */
size_t charge_log_rank_from(const struct charge_log *log, int64_t total);

/* Adds a charge of `cost` > 0, no earlier than the last one, and drops those at or before
 * `over_us`. *log is made when it is NULL. */
void charge_log_add(struct charge_log **log, int64_t at_us, int64_t cost, int64_t over_us);

/* Moves to `at_us`, as one charge, what was charged later; all charges when those are more than
 * CHARGE_LOG_LEAVE_MAX. Whether anything was later. */
bool charge_log_move(struct charge_log *log, int64_t at_us);

/* What it takes in memory; 0 of NULL. At most 32 bytes for each charge that it has held of late,
 * besides 100. */
size_t charge_log_bytes(const struct charge_log *log);

#endif
