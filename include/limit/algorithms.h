/* SPDX-License-Identifier: MIT
 *
 * The list of algorithms. A new one is a row here and three files: src/limit/<name>.c, its twin
 * lua/<name>.lua, and its cases in tests/vectors/<name>.json. All else follows from the row: the
 * enum, the table and the prototype here, what the build compiles and composes (it reads the rows,
 * see the top CMakeLists.txt), which names a policy may give. Two tests remind of the rest: the
 * names in src/api/openapi.json, and the vectors.
 *
 * A row: the word of the enum, the name, how many numbers of limit_state it uses (Redis stores only
 * these), and whether a policy may give it a `burst`. */
#ifndef LIMIT_ALGORITHMS_H
#define LIMIT_ALGORITHMS_H

/* clang-format off */
#define ALGORITHMS(X) \
    X(FIXED_WINDOW, fixed_window, 2, false) \
    X(TOKEN_BUCKET, token_bucket, 2, true)
/* clang-format on */

#endif
