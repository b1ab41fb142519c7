/* SPDX-License-Identifier: MIT
 *
 * A report as a table for spreadsheets, with the numbers of usage_report_write(). The first field
 * of each row says what it is about:
 *
 * - total: the whole window, once. Its note says what the numbers lack: "degraded", "uncounted=N",
 *   "hourly_before=<Unix time>", "top_denied_error_max=N" or the like, with "; " between them.
 * - step: one step, the oldest first.
 * - route: a route and a role, most decisions first.
 * - costs: what was charged in one measure, the largest first.
 * - denied_by: how often one limit denied.
 * - top_denied, top_cost: a subject, the most denied or charged first; `error` says how much too
 *   high that may be.
 *
 * Later versions may add rows of other kinds, and columns at the end. */
#ifndef JOURNAL_USAGE_CSV_H
#define JOURNAL_USAGE_CSV_H

#include "journal/usage_report.h"

struct text usage_csv_write(const struct usage_report *report, struct arena *arena);

#endif
