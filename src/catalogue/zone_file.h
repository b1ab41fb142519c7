/* SPDX-License-Identifier: MIT
 *
 * The file of one time zone, in the format TZif (RFC 8536). GLib believes what a file's header
 * says, and reads past the end of a file that is shorter. So each file is checked before GLib reads
 * it. Any thread. */
#ifndef CATALOGUE_ZONE_FILE_H
#define CATALOGUE_ZONE_FILE_H

#include "base/error.h"
#include "base/text.h"

#define ZONE_FILE_BYTES_MAX 1048576 /* those of tzdata 2026 have less than 4 KB */

/* A descriptor to read the file from, for the caller to close. -1: it cannot be opened, or it is
 * not a regular file. Never waits for the other end of a pipe. */
int zone_file_open(const char *path, struct error *error);

/* Whether there is a regular file that is not too long, and sound. */
MUST_USE bool zone_file_check(const char *path, struct error *error);

/* Whether this is one whole TZif file: each block is as long as its header says, its times ascend,
 * its indexes lead to something, its names end, and no clock is a day and more from UTC. */
MUST_USE bool zone_file_is_sound(struct text content);

#endif
