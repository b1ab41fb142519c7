/* SPDX-License-Identifier: MIT
 *
 * The body that the service answers a check with, held against what the model says. */
#ifndef SYSTEM_SERVICE_ANSWER_H
#define SYSTEM_SERVICE_ANSWER_H

#include "support/reference_band.h"

#include <jansson.h>

#define SERVICE_DIFFERENCE_BYTES 512

/* `answers` are the model's, to a cost that was charged or not as the body says. When it does not
 * hold, `difference` says what is and what must be. */
bool service_answer_holds(json_t *body, const struct reference_band *band,
                          const struct reference_band_answer answers[],
                          char difference[static SERVICE_DIFFERENCE_BYTES]);

/* Whether the body says that this was charged. */
bool service_answer_is_charge(json_t *body, int64_t cost);

#endif
