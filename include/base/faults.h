/* SPDX-License-Identifier: MIT
 *
 * Everything that is wrong with one document, each fault with a JSON pointer (RFC 6901) to its
 * place; or with one query, each fault with its parameter. */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#define FAULTS_MAX 16

/* What must be at the place of a fault, as far as a form knows it. FAULT_OTHER: the detail alone
 * says it. */
enum fault_type { FAULT_OTHER, FAULT_INTEGER, FAULT_BOOL, FAULT_ARRAY, FAULT_OBJECT };

/* The words for a type, with which details go on after "must be ": "an integer". */
extern const char *const fault_type_words[];

struct fault {
    char pointer[128]; /* "" is the whole document; of a query the parameter's name */
    char detail[160];  /* "must be an integer from 0 to 1000000000" */
    enum fault_type type;
    bool is_unknown;   /* nobody reads what is there */
    const char *meant; /* the name near to it that is read, static; NULL: none is */
    bool is_parameter; /* of a query */
};

struct faults {
    size_t count;  /* faults found; those past the places are counted, not kept */
    size_t spared; /* how many of the last places are not used */
    struct fault at[FAULTS_MAX];
};

/* For faults that were not zeroed: none is found yet. Keeps at most `kept_max`. */
void faults_begin(struct faults *faults, size_t kept_max);

/* If another fault would not be kept, counts it and returns true: a detail that takes long need not
 * be made for it. */
bool faults_skip(struct faults *faults);

/* How many of at[] are written. */
size_t faults_kept(const struct faults *faults);

/* How many bytes of *faults are in use: for a copy that is kept. */
size_t faults_bytes(const struct faults *faults);

/* Adds a fault at `pointer` + "/" + `member` (escaped as RFC 6901 has it; NULL: at `pointer`
 * itself). A NULL pointer is a query, and `member` its parameter. Longer texts are cut. */
void faults_add(struct faults *faults, const char *pointer, const char *member, const char *format,
                ...) PRINTF_LIKE(4, 5);

/* Adds the fault that something else is there: "must be ", the words of the type, and `range`. */
void faults_add_type(struct faults *faults, const char *pointer, const char *member,
                     enum fault_type type, const char *range);

/* Adds the fault that nobody reads `member`. */
void faults_add_unknown(struct faults *faults, const char *pointer, const char *member,
                        const char *meant);

#endif
