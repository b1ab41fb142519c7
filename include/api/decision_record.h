/* SPDX-License-Identifier: MIT
 *
 * What stays of a decision: an entry in the app's log, and the counts of /metrics. */
#ifndef API_DECISION_RECORD_H
#define API_DECISION_RECORD_H

#include "api/decision.h"

/* What was not made leaves nothing in the log. A charge is in the log, and counts by itself. */
void decision_record(const struct decision *decision);

#endif
