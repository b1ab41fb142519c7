/* SPDX-License-Identifier: MIT
 *
 * An answer of the service as it comes in, of any length, and the sum of what many of them said.
 * Nothing of a body is kept but what may be the beginning of words that are looked for. */
#ifndef FAULT_ANSWER_H
#define FAULT_ANSWER_H

#define ANSWER_HEAD_BYTES 2048
#define ANSWER_TAIL_BYTES 64 /* the longest words that are found */
#define ANSWER_CODE_BYTES 32
#define ANSWER_KINDS_MAX  32

/* A zeroed one has not begun. */
struct answer {
    int status;   /* 0: its head is not complete */
    bool is_last; /* its connection ends with it */
    size_t body_left;
    size_t head_bytes;
    size_t tail_bytes;
    long codes; /* of problems, in its body */
    char head[ANSWER_HEAD_BYTES];
    char tail[ANSWER_TAIL_BYTES];
};

/* What was told: a status, and with it a problem's code, or "-" for an answer without one. */
struct answer_kind {
    int status; /* 0: no answer */
    char code[ANSWER_CODE_BYTES];
    long count;
};

struct answer_sum {
    size_t kind_count;
    struct answer_kind kinds[ANSWER_KINDS_MAX];
    long degraded; /* decisions */
};

/* Goes on with what has come; nothing of another answer may be in it. Returns false when this is no
 * answer. The answer is complete, and counted, as soon as answer_is_complete(). */
MUST_USE bool answer_take(struct answer *answer, const char *bytes, size_t length,
                          struct answer_sum *sum);
bool answer_is_complete(const struct answer *answer);

/* Counts one, or what came instead of one. */
void answer_count(struct answer_sum *sum, int status, const char *code);

#endif
