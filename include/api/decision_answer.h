/* SPDX-License-Identifier: MIT
 *
 * Answers a request that is about one decision. */
#ifndef API_DECISION_ANSWER_H
#define API_DECISION_ANSWER_H

#include "api/decision.h"
#include "http/request.h"

/* With PROBLEM_NO_POLICY, and with the explanation if it was asked for. */
void decision_answer_no_policy(const struct decision *decision, struct request *request);

/* With each fault, if the check does not fit its policy. False: it does. */
MUST_USE bool decision_answer_unfit(struct decision *decision, struct request *request);

/* With the verdict, and its fields; with `deny_status` if it denies. With a problem if there is
 * none. */
void decision_answer(const struct decision *decision, struct request *request, int deny_status);

#endif
