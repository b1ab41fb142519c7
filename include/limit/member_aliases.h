/* SPDX-License-Identifier: MIT
 *
 * What policies, checks and queries have as members, as others call it: for form_close_with(). */
#ifndef LIMIT_MEMBER_ALIASES_H
#define LIMIT_MEMBER_ALIASES_H

#include "base/form.h"

extern const struct form_alias member_aliases[];

#endif
