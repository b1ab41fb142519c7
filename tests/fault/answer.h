/* SPDX-License-Identifier: MIT
 *
 * An answer of the service, of any length, read as it comes in, and the sum of what many answers
 * said. Of a body it keeps only what may be the beginning of words that are looked for. */
#ifndef FAULT_ANSWER_H
#define FAULT_ANSWER_H

#define ANSWER_HEAD_BYTES 2048
#define ANSWER_TAIL_BYTES 64 /* the longest words that are found */
#define ANSWER_CODE_BYTES 32
#define ANSWER_KINDS_MAX  32

/* A zeroed answer has not begun. */
struct answer {
    int status;   /* 0: its head is not complete yet */
    bool is_last; /* the connection ends with it */
    size_t body_left;
    size_t head_bytes;
    size_t tail_bytes;
    long codes; /* how many problem codes are in the body */
    char head[ANSWER_HEAD_BYTES];
    char tail[ANSWER_TAIL_BYTES];
};

/* A status and its problem's code; the code is "-" if the answer has none. */
struct answer_kind {
    int status; /* 0: no answer */
    char code[ANSWER_CODE_BYTES];
    long count;
};

struct answer_sum {
    size_t kind_count;
    struct answer_kind kinds[ANSWER_KINDS_MAX];
    long degraded; /* how many decisions were degraded */
};

/* Takes the bytes that have come; they must all be of this answer. Returns false when they are not
 * an answer. The answer is complete, and counted, as soon as answer_is_complete(). */
MUST_USE bool answer_take(struct answer *answer, const char *bytes, size_t length,
                          struct answer_sum *sum);
bool answer_is_complete(const struct answer *answer);

/* Counts one answer, or what came instead of one. */
void answer_count(struct answer_sum *sum, int status, const char *code);

#endif
