/* SPDX-License-Identifier: MIT
 *
 * The charges of one counter with their times, oldest first. sliding_window_log keeps such a log
 * instead of numbers. In Redis a sorted set does the same; see lua/sliding_window_log.lua.
 *
 * Plain memory of one owner, who lets one thread in at a time. Functions that only read take NULL
 * for a log to which nothing was ever added. */
#ifndef LIMIT_CHARGE_LOG_H
#define LIMIT_CHARGE_LOG_H

struct charge {
    int64_t at_us;
    int64_t before; /* the sum of all earlier charges, including dropped ones */
};

struct charge_log;

/* In Redis one call drops at most so many charges one by one, so that no call takes long. Charges
 * that have left the window stay stored until then, and do not count. */
#define CHARGE_LOG_LEAVE_MAX 128

void charge_log_free(struct charge_log *log);

size_t charge_log_count(const struct charge_log *log);
/* `rank` < charge_log_count(); the oldest is 0. */
struct charge charge_log_at(const struct charge_log *log, size_t rank);
/* The sum of all charges. */
int64_t charge_log_total(const struct charge_log *log);

/* The rank of the first charge later than `at_us`; the count if there is none. */
size_t charge_log_rank_after(const struct charge_log *log, int64_t at_us);
/* The rank of the first charge before which at least `total` was charged; the count if there is
 * none. */
size_t charge_log_rank_from(const struct charge_log *log, int64_t total);

/* Adds a charge of `cost` > 0, no earlier than the last one, and drops charges at or before
 * `over_us`. If the sum of all charges would exceed LIMIT_COST_MAX, those that are left become one
 * first, at the time of this one. Makes the log if *log is NULL. */
void charge_log_add(struct charge_log **log, int64_t at_us, int64_t cost, int64_t over_us);

/* Makes `cost` > 0 a part of the last charge, which there is. Drops as charge_log_add(). */
void charge_log_join(struct charge_log *log, int64_t cost, int64_t over_us);

/* Gives back `cost` > 0 of what was charged after `over_us`, which is at least that much: the
 * newest first. If more than CHARGE_LOG_LEAVE_MAX charges would go, and some stay, all that stay
 * become one, at the time of the newest of them. Drops as charge_log_add(). */
void charge_log_give_back(struct charge_log *log, int64_t cost, int64_t over_us);

/* The rank of the charge that is the newest one after `cost` was given back; where nothing is left,
 * the oldest. */
size_t charge_log_left(const struct charge_log *log, int64_t cost);

/* Replaces the charges later than `at_us` by one charge at `at_us`. If there are more than
 * CHARGE_LOG_LEAVE_MAX of them, replaces all charges. Returns whether any was later. */
bool charge_log_move(struct charge_log *log, int64_t at_us);

/* Its size in memory; 0 for NULL. At most 100 bytes, and 32 for each charge that it has held
 * lately. */
size_t charge_log_bytes(const struct charge_log *log);

#endif
