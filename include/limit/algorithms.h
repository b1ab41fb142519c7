/* SPDX-License-Identifier: MIT
 *
 * The list of algorithms. A new one is a row here and three files: src/limit/<name>.c with the
 * function that include/limit/algorithm.h describes, its twin lua/<name>.lua, and its cases in
 * tests/vectors/<name>.json. Tests fail until the other places name it, too: src/api/openapi.json,
 * the model in tests/support/reference_model.c, and the message for an unknown name in
 * tests/policies/. The rest follows from the row: the enum in limit.h, the prototypes, the table,
 * the names that a policy may give, and what the build compiles and composes (the top
 * CMakeLists.txt reads the rows).
 *
 * A row: the word of the enum, the name, how many numbers of limit_state it uses (Redis stores only
 * these; 0 when it keeps a log of charges instead), whether a policy may give it a `burst`, and
 * whether it may delay what it allows. The script in Redis is composed in the order of the rows, so
 * a Lua file may call what the rows above it define. */
#ifndef LIMIT_ALGORITHMS_H
#define LIMIT_ALGORITHMS_H

/* clang-format off */
#define ALGORITHMS(X) \
    X(FIXED_WINDOW, fixed_window, 2, false, false) \
    X(SLIDING_WINDOW, sliding_window, 3, false, false) \
    X(SLIDING_WINDOW_LOG, sliding_window_log, 0, false, false) \
    X(TOKEN_BUCKET, token_bucket, 2, true, false) \
    X(LEAKY_BUCKET, leaky_bucket, 2, true, true)
/* clang-format on */

#endif
