/* SPDX-License-Identifier: MIT
 *
 * The subjects that a query asks for: `user_id=ada`, `subject.org=acme`. */
#ifndef LIMIT_SUBJECTS_QUERY_H
#define LIMIT_SUBJECTS_QUERY_H

#include "limit/subjects.h"

/* Reads `user_id`, and `subject.<name>` of any name, from the form of a query. There may be none.
 * An `ip` may also be given as the site that it is in, because it is shown so. Names and values are
 * borrowed from the form or lie in `arena`. False when there was a fault. */
MUST_USE bool subjects_read_query(struct form *form, struct arena *arena,
                                  struct subjects *subjects);

#endif
