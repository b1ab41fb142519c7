/* SPDX-License-Identifier: MIT
 *
 * Reads the subjects that a client names: of a check, of a policy, and in a query. Names and values
 * are borrowed from the form or lie in `arena`. Each returns false when there was a fault; then
 * what the caller has stays as it was. */
#ifndef LIMIT_SUBJECTS_READ_H
#define LIMIT_SUBJECTS_READ_H

#include "base/form.h"
#include "limit/subjects.h"

struct arena;

/* What a query's form is asked for as well, so that member_aliases.c can name it. */
#define SUBJECTS_PARAMETER "subject.<name>"

/* Those of a check: the member `subjects`, and `user_id` and `ip`, which are short for `user` and
 * `ip` in it. At least one must be there, and none twice. */
MUST_USE bool subjects_read(struct form *form, struct arena *arena, struct subjects *subjects);

/* Those that a query asks for: `user_id=ada`, `subject.org=acme`. There may be none. An `ip` may
 * also be the site that it is in, "2001:db8::/64", because it is written so. */
MUST_USE bool subjects_read_query(struct form *form, struct arena *arena,
                                  struct subjects *subjects);

/* The one of a policy: `user_id`, or the member `subject` with one name and value. In a query it is
 * asked for as above. *subject stays as it is when none is there. */
MUST_USE bool subject_read_one(struct form *form, struct arena *arena, struct subject *subject);

#endif
