/* SPDX-License-Identifier: MIT
 *
 * Arguments of a program that is called as ENGINE [--strict [PATTERN]]. */
#ifndef FAULT_STRICT_H
#define FAULT_STRICT_H

/* Chooses the engine and the tests. Returns whether the figures are judged. */
bool strict_read_arguments(int argc, char *argv[]);

#endif
