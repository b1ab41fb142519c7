/* SPDX-License-Identifier: MIT
 *
 * The counters of this process, where the store has failed. What they charge is noted to be handed
 * back, if the store has surely not charged it: if its answer was late, or was not a decision, the
 * store may have charged it, or may yet charge it. It is noted with the whole limits, whatever the
 * priority was. By a zone that is not known here nothing is handed back, because the period may be
 * another one. */
#ifndef API_FALLBACK_H
#define API_FALLBACK_H

#include "api/decision.h"

/* Decides a check whose take ended with `status`: sets the verdict. */
void fallback_decide(struct decision *decision, enum take_status status);

/* Makes a charge whose call ended with `status`, if it can be handed back whole: sets the verdict.
 * Returns how the charge ends. */
MUST_USE enum decision_end fallback_charge(struct decision *decision, enum take_status status);

#endif
