/* SPDX-License-Identifier: MIT
 *
 * Forms that are read one after the other, and what is wrong with them. Main thread only. */
#ifndef UNIT_READING_H
#define UNIT_READING_H

#include "base/arena.h"
#include "base/form.h"

/* Of all that is read, until reading_end(). */
extern struct arena arena;
/* Of the last form. */
extern struct faults faults;

/* Opens a form of this JSON, which lies at `pointer`. The JSON before is let go of. */
void reading_begin(struct form *form, const char *json, const char *pointer);
/* Lets go of the JSON, for readers whose results have copies of their own. */
void reading_let_go(void);

/* There is just this fault. */
void reading_expect_fault(const char *pointer, const char *detail);

/* Teardown of the group. */
int reading_end(void **state);

#endif
