/* SPDX-License-Identifier: MIT
 *
 * Compares the body of a check's answer with the model. */
#ifndef SYSTEM_SERVICE_ANSWER_H
#define SYSTEM_SERVICE_ANSWER_H

#include "support/reference_band.h"

#include <jansson.h>

#define SERVICE_DIFFERENCE_BYTES 512

/* What was asked. */
struct service_question {
    const struct reference_policy *policy; /* with the quotas of the check */
    unsigned values;
    bool is_low;
};

/* `answers` are the model's. The body says whether the cost was charged. If it does not hold,
 * `difference` says what is there and what must be there. */
bool service_answer_holds(json_t *body, const struct service_question *question,
                          const struct reference_band_answer answers[],
                          char difference[static SERVICE_DIFFERENCE_BYTES]);

#endif
