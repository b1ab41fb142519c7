/* SPDX-License-Identifier: MIT
 *
 * The arguments of a program that is called ENGINE [--strict [PATTERN]]. */
#ifndef FAULT_STRICT_H
#define FAULT_STRICT_H

/* Chooses the engine and the tests. Returns whether the figures are to be as promised. */
bool strict_read_arguments(int argc, char *argv[]);

#endif
