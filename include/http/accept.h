/* SPDX-License-Identifier: MIT
 *
 * What a client would rather have: the fields Accept and Accept-Encoding (RFC 9110 §12.5). */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/text.h"

#define ACCEPT_WEIGHT_MAX 1000

/* "0.25" as 250, in thousandths (RFC 9110 §12.4.2); 0 for any other form. */
int accept_parse_weight(struct text weight);

/* The weight that Accept gives a media type such as "text/csv", 0 to ACCEPT_WEIGHT_MAX. The most
 * specific range that has it decides: the type itself, then its family, then all. Parameters of a
 * range are passed over. Without an Accept every type has ACCEPT_WEIGHT_MAX. */
int accept_weight(struct text accept, struct text media_type);

#endif
