/* SPDX-License-Identifier: MIT
 *
 * Usage that outlasts a process without Redis: a SQLite file. It is like the hashes of
 * usage_feed.h: each process writes its own counts of a minute or an hour as a whole, and again
 * when they have grown. So what was saved before a restart is another row, and nothing counts
 * twice.
 *
 * Minutes and hours are kept for usage_kept_minutes, by the wall clock. A clock may jump, so they
 * are deleted only once it has gone as fast as the monotonic clock for a day of this process. The
 * file has at most the bytes given to usage_file_new(). Before it is full, the app that takes the
 * most loses the older half of what it has, minutes first; if it has less than a 64th of the file,
 * the oldest of all apps go. Reports say from where on an app has no minutes any more.
 *
 * A file that cannot be written (it is locked, or the disk is full) is tried again every
 * USAGE_FILE_REST_US, and what was not saved stays in memory. A damaged one is set aside, and
 * another one begun. One of another program, or of a newer version, is left alone. The log says so
 * once, and once again when it is over. A kill loses nothing that was saved; a loss of power may
 * lose the last of it. If the file is deleted, set aside, or replaced, what this process still
 * holds is saved again; what others had saved is lost with it.
 *
 * The flusher's thread saves, over one connection; the readers' thread reads, over another. */
#ifndef JOURNAL_USAGE_FILE_H
#define JOURNAL_USAGE_FILE_H

#include "base/duration.h"
#include "journal/feed.h"
#include "journal/usage.h"
#include "journal/usage_cursor.h"

#define USAGE_FILE_BYTES_MAX ((int64_t)1024 * 1024 * 1024)
#define USAGE_FILE_REST_US   (5 * SECOND_US)

struct usage_file;

/* Opens or creates it, with its directory. If that fails, as after a quarter of a second in which
 * another process has locked it, it is tried again later. `instance` tells
 * this process' rows from those of others. `bytes_max` must be the same for all that use the
 * file. */
struct usage_file *usage_file_new(const char *path, uint64_t instance, int64_t bytes_max);
/* NULL is fine. */
void usage_file_free(struct usage_file *file);

/* Saves what has changed of some apps: begin, add each, commit. If any of it returns false, nothing
 * was saved. Takes a quarter of a second if another process has locked the file. When it has
 * succeeded, call usage_mark_sent() for each. The flusher's thread. */
MUST_USE bool usage_file_begin(struct usage_file *file);
void usage_file_add(struct usage_file *file, const char *app_id, struct usage_app *app);
MUST_USE bool usage_file_commit(struct usage_file *file);

/* May be called before the commit. Deletes some of what is too old by the wall clock, once that has
 * not been set for a day. Both clocks are arguments, in microseconds. */
void usage_file_forget(struct usage_file *file, int64_t wall_us, int64_t monotonic_us);

/* Whether the file lacked what this process had saved when the save began, because it is another
 * one, or an old copy. Then usage_mark_unsent() must be called for all apps, for those that are
 * saved now before they are added. */
bool usage_file_has_lost(const struct usage_file *file);

/* The next save is tried at once, even just after a failure. The flusher's thread. */
void usage_file_wake(struct usage_file *file);

/* Adds the next stretch of what was saved, and advances the cursor. FEED_FAILED: `report` may hold
 * a part. Waits no longer than saving does. The readers' thread. */
MUST_USE enum feed_reading usage_file_read(struct usage_file *file, const char *app_id,
                                           struct usage_report *report,
                                           struct usage_cursor *cursor);

/* How often saving failed. Any thread. */
uint64_t usage_file_failures(const struct usage_file *file);

#endif
