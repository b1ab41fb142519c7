/* SPDX-License-Identifier: MIT
 *
 * Whom a check is about: named values, as {"org": "acme", "user": "ada"}. The names are the
 * caller's own. Two of them mean something here: `ip` is an address, in its canonical form, and a
 * limit that does not say by whom it counts takes `user`, else `ip`. */
#ifndef LIMIT_SUBJECTS_H
#define LIMIT_SUBJECTS_H

#include "base/digest.h"
#include "base/text.h"
#include "base/writer.h"
#include "limit/by.h"

#define SUBJECT_USER "user"
#define SUBJECT_IP   "ip"
/* The member that is short for `user`. No subject has this name, because all would be mistaken. */
#define SUBJECT_USER_SHORTHAND "user_id"

#define SUBJECTS_MAX            8
#define SUBJECT_VALUE_BYTES_MAX 256

struct subject {
    struct text name;  /* a word (limit/word.h) */
    struct text value; /* `ip`: "192.0.2.1", or "2001:db8::/64", the site of an IPv6 address */
};

/* In the order of text_compare() by name; no two have the same. */
struct subjects {
    size_t count; /* 1..SUBJECTS_MAX once read */
    const struct subject *at;
};

/* Writes {name: value}. */
void subject_write(const struct subject *subject, struct writer *writer, const char *key);

/* A subject without a name is nobody in particular. */
bool subject_is_absent(const struct subject *subject);
/* The value of a user; absent for any other subject. */
struct text subject_user(const struct subject *subject);
/* Whether it is there, and `user_id` cannot tell it. */
bool subject_is_other(const struct subject *subject);
bool subject_equal(const struct subject *a, const struct subject *b);
/* By name, then value; nobody in particular comes first. */
int subject_compare(const struct subject *a, const struct subject *b);

/* NULL when there is none of this name. */
const struct subject *subjects_find(const struct subjects *subjects, struct text name);

/* The value of `user`, or of `ip`; absent when it has none. */
struct text subjects_user(const struct subjects *subjects);
struct text subjects_ip(const struct subjects *subjects);

/* The one to name where only one fits: user, else the first other one, else ip. This is the order
 * in which policies are looked for, too. */
const struct subject *subjects_first(const struct subjects *subjects);

/* For 0, 1, ...: the subjects in that order; NULL after the last. */
const struct subject *subjects_in_order(const struct subjects *subjects, size_t place);

/* Puts it into a list of `count` with room for one more, in the order of the names. None of them
 * has its name. */
void subjects_put(struct subject at[], size_t count, struct subject subject);

/* `by`, or what NULL means for these subjects: {user} if it is there, else {ip}. */
const struct by *subjects_resolve(const struct subjects *subjects, const struct by *by);

/* Those that a limit with this `by` counts by; false if one is not there. They lie in `space`, or
 * in `subjects`. */
MUST_USE bool subjects_choose(const struct subjects *subjects, const struct by *by,
                              struct subject space[static BY_MAX], struct subjects *chosen);

/* Writes the member `by`: those of these names that are there, with their values. */
void subjects_write_by(const struct subjects *subjects, const struct by *by, struct writer *writer);

/* The name of the counters of all these subjects together, within one app and for one use, which is
 * absent for the usual one. It contains no user data. At most BY_MAX subjects. */
struct digest subjects_digest(const struct digest_key *key, struct text app_id,
                              const struct subjects *subjects, struct text use);

#endif
