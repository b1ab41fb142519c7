/* SPDX-License-Identifier: MIT
 *
 * Included by every target. A target is one file fuzz_<name>.c. Its head comment says what must be
 * true for every input, and ASSERT checks it. A failed ASSERT aborts, which libFuzzer reports as a
 * find. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/text.h"

/* libFuzzer calls the first function once, if the target has it, and the second with every
 * input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input. at[length] must not be read, and AddressSanitizer notices if it is. */
static inline struct text fuzz_text(const uint8_t *data, size_t size)
{
    return (struct text){(const char *)data, size};
}

#endif
