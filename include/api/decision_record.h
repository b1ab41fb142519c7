/* SPDX-License-Identifier: MIT
 *
 * What stays of a decision: an entry in the app's log, and the counts of /metrics. */
#ifndef API_DECISION_RECORD_H
#define API_DECISION_RECORD_H

#include "api/decision.h"

/* A decision without room (decision->has_no_room) leaves nothing. */
void decision_record(const struct decision *decision);

#endif
