/* SPDX-License-Identifier: MIT
 *
 * cmocka 1.1.5, and the headers that must come before it. */
#ifndef SUPPORT_CMOCKA_H
#define SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#endif
