/* SPDX-License-Identifier: MIT
 *
 * Whether a sanitizer's run-time is in the process. It needs more than serving does, and that of
 * ThreadSanitizer has a thread. */
#ifndef APP_SANITIZED_H
#define APP_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__SANITIZE_THREAD__)
#define IS_SANITIZED      true
#define SANITIZER_THREADS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZER_THREADS 1
#endif
#define IS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define IS_SANITIZED false
#endif

#ifndef SANITIZER_THREADS
#define SANITIZER_THREADS 0
#endif

#endif
