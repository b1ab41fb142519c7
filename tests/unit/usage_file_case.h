/* SPDX-License-Identifier: MIT
 *
 * Processes that count, and save what they have counted in a file. */
#ifndef UNIT_USAGE_FILE_CASE_H
#define UNIT_USAGE_FILE_CASE_H

#include "journal/usage_file.h"
#include "minutes.h"
#include "support/scratch.h"

#define APP             "app0000000000001"
#define USAGE_FILE_PATH (SCRATCH_PATH_BYTES + 32)

/* A process that counts: its file, and one app. */
struct usage_file_case {
    struct usage_file *file;
    struct usage *usage;
    struct usage_app *app;
};

extern char usage_file_path[USAGE_FILE_PATH];
extern int64_t usage_file_now; /* a minute */

/* The setup of each test: a new path, where there is no file yet. */
int usage_file_case_open(void **state);

struct usage_file_case usage_file_case_new(uint64_t instance);
void usage_file_case_free(struct usage_file_case *counting);

/* Counts on 200 routes with long names: some 12 KiB a minute. */
void usage_file_case_count_much(struct usage_app *app, int64_t minute);
bool usage_file_case_saved(const struct usage_file_case *counting, const char *app_id);

/* The answer of GET /usage from the file; NULL when it cannot be read. */
json_t *usage_file_case_told(struct usage_file *file, const char *app_id,
                             const struct usage_query *query);
/* How many decisions of the last day were allowed. */
void usage_file_case_expect(struct usage_file *file, const char *app_id, int64_t allowed);

/* What another program does with the file. */
void usage_file_case_execute(const char *sql);
int64_t usage_file_case_rows(const char *where);

#endif
