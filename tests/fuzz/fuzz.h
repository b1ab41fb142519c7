/* SPDX-License-Identifier: MIT
 *
 * What every target begins with. A target is one file fuzz_<name>.c whose head comment says what
 * must hold for every input; it says so to the computer with ASSERT, which aborts, which is what
 * libFuzzer takes for a find. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/text.h"

/* libFuzzer calls the first once, when the target has one, and the second with every input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input; at[length] must not be read, and AddressSanitizer sees when it is. */
static inline struct text fuzz_text(const uint8_t *data, size_t size)
{
    return (struct text){(const char *)data, size};
}

#endif
