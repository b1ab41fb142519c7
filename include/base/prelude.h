/* SPDX-License-Identifier: MIT
 *
 * What every file may assume; the build includes it first in each translation unit. */
#ifndef BASE_PRELUDE_H
#define BASE_PRELUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MUST_USE                   __attribute__((warn_unused_result))
#define NO_RETURN                  __attribute__((noreturn))
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))
/* Cold: calls to it are moved off the hot path. */
#define SELDOM __attribute__((cold))

/* A large local variable of a hot path, which is written before it is read: a release build zeroes
 * all others. */
#if __has_attribute(uninitialized)
#define WRITTEN_FIRST __attribute__((uninitialized))
#else
#define WRITTEN_FIRST
#endif

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Programmer errors only, in every build: a service whose invariants are broken must not decide.
 */
#define ASSERT(condition)                                                                          \
    ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__, __func__))

NO_RETURN void assert_failed(const char *condition, const char *file, int line,
                             const char *function);

/* The object of type `type` whose `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Functions with a safer twin in text.h, buffer.h or clock.h: code that uses them does not link. */
#define strcpy    strcpy_is_banned_use_text_copy
#define strcat    strcat_is_banned_use_buffer_add
#define sprintf   sprintf_is_banned_use_snprintf
#define vsprintf  vsprintf_is_banned_use_vsnprintf
#define strtok    strtok_is_banned
#define atoi      atoi_is_banned_use_text_parse_integer
#define gmtime    gmtime_is_banned_use_clock_write_rfc3339
#define localtime localtime_is_banned_use_clock_write_rfc3339

/* They wait by the wall clock, which may be set: a step forward ends the wait, one back makes it
 * endless. */
#define pthread_timedjoin_np   pthread_timedjoin_np_is_banned_use_worker_join
#define pthread_cond_timedwait pthread_cond_timedwait_is_banned_use_pthread_cond_clockwait
#define sem_timedwait          sem_timedwait_is_banned_use_sem_clockwait

#endif
