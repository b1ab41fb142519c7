/* SPDX-License-Identifier: MIT
 *
 * A policy as JSON, from any sender. It is refused with faults that each have a place in the
 * document, or it is accepted and canonical: see canonical.h. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/document.h"
#include "canonical.h"
#include "pointers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct error error = {0};
    struct faults faults = {0};
    json_t *document = document_parse(fuzz_text(data, size), &error);

    ASSERT((document == NULL) == (error.message[0] != '\0'));
    if (document == NULL)
        return 0;

    const struct policy *policy = policy_read(document, "", &arena, &faults);

    if (policy == NULL) {
        pointers_check(&faults, document);
    } else {
        ASSERT(faults.count == 0);
        canonical_check(policy);
    }
    json_decref(document);
    arena_close(&arena);
    return 0;
}
