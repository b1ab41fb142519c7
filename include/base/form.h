/* SPDX-License-Identifier: MIT
 *
 * Reads a JSON object member by member. Each read checks type and range and records a fault with
 * its JSON pointer; form_close() records a fault for each member that the caller has not read.
 * Bodies, policies, query strings and the configuration are all read this way, so they have one set
 * of rules and messages.
 *
 *     struct form form;
 *     if (form_open(&form, body, "", &faults)) {
 *         form_text(&form, "name", FORM_REQUIRED, 1, 100, &name);
 *         form_close(&form);
 *     }
 *     if (faults.count > 0) ...
 *
 * JSON null stands for an absent member. What is read is borrowed from the JSON value, or from the
 * text that the plain members are in; texts do not end with a NUL. */
#ifndef BASE_FORM_H
#define BASE_FORM_H

#include "base/faults.h"
#include "base/members.h"
#include "base/text.h"

#include <jansson.h>

#define FORM_MEMBERS_MAX 48

enum form_presence { FORM_OPTIONAL, FORM_REQUIRED };

/* FORM_TEXTUAL also takes "12" for an integer and "true" for a boolean: query strings, environment.
 */
enum form_kind { FORM_JSON, FORM_TEXTUAL };

struct form {
    const json_t *object;    /* the object is either a tree's, */
    struct members *members; /* or plain: the other pointer is NULL */
    const char *pointer;     /* where the object lies; borrowed. NULL: it is a query */
    struct faults *faults;
    enum form_kind kind; /* FORM_JSON once opened; the caller may set the other */
    size_t found_count;  /* members of the object that were asked for */
    size_t asked_count;
    const char *asked[FORM_MEMBERS_MAX]; /* names read so far, for form_close() */
};

/* False, with a fault, when `value` is not an object. `pointer`, which is NULL for a query, and
 * `faults` must outlive the form. */
MUST_USE bool form_open(struct form *form, const json_t *value, const char *pointer,
                        struct faults *faults);

/* The same over plain members, in which the form marks those that it reads. */
void form_open_members(struct form *form, struct members *members, const char *pointer,
                       struct faults *faults);

/* Each of these returns true and sets *out when the member is there and valid. Otherwise *out keeps
 * what the caller put there (the default); a fault is recorded unless the member is optional and
 * absent. */
bool form_text(struct form *form, const char *name, enum form_presence presence, size_t bytes_min,
               size_t bytes_max, struct text *out);
bool form_integer(struct form *form, const char *name, enum form_presence presence, int64_t min,
                  int64_t max, int64_t *out);
bool form_bool(struct form *form, const char *name, enum form_presence presence, bool *out);
/* `words` ends with NULL; *out is the index of the word given. */
bool form_choice(struct form *form, const char *name, enum form_presence presence,
                 const char *const words[], int *out);
/* *out is a borrowed array of `count_min` to `count_max` values. */
bool form_array(struct form *form, const char *name, enum form_presence presence, size_t count_min,
                size_t count_max, const json_t **out);
/* *out is a borrowed object, to be opened as a form of its own. */
bool form_object(struct form *form, const char *name, enum form_presence presence,
                 const json_t **out);

/* Whether the member is there and not null; counts as read. */
bool form_has(struct form *form, const char *name);
/* Whether the member is a text, or an integer; counts as read. */
bool form_has_text(struct form *form, const char *name);
bool form_has_integer(struct form *form, const char *name);
/* Lets a member be there without being read. */
void form_ignore(struct form *form, const char *name);
/* Whether some members were not read yet, null or not. If none is left, optional ones need not be
 * read. */
bool form_has_more(const struct form *form);

/* A fault at the member `name`, or at the object itself when NULL. */
void form_fault(struct form *form, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

/* Records a fault for each member that was not read, with the nearest name that was. */
void form_close(struct form *form);

/* What callers may write who mean something else. A list of these ends with one that is all NULL.
 */
struct form_alias {
    const char *theirs; /* case, underscores and hyphens do not matter */
    const char *ours;   /* the alias counts where the form has read a member of this name, */
    const char *told;   /* and then this is told; NULL: that name */
};

/* The same as form_close(): where one of the aliases is the member's name, it tells that one. */
void form_close_with(struct form *form, const struct form_alias aliases[]);

#endif
