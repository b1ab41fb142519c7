/* SPDX-License-Identifier: MIT
 *
 * The bytes of a streamed body between the owner that writes them and the client that has not read
 * them yet. They are bounded: a piece that does not fit is refused as a whole. A request has one
 * while it is answered by a stream; see request_answer_stream(). Worker's thread.
 *
 * The buffer grows with what is unread and is freed when all was read, except a small one. So a
 * piece costs no allocation of its own, and a quiet stream little memory. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "base/text.h"

/* A ring: `length` bytes from `first` on, which go on at the beginning. */
struct stream {
    char *at;
    size_t first;
    size_t length;
    size_t capacity;
    size_t bytes_max;
};

/* It may hold at most `bytes_max` > 0 bytes. */
void stream_init(struct stream *stream, size_t bytes_max);
void stream_close(struct stream *stream);

/* Adds the whole piece. False, and nothing is added, if there is no room for it now. */
MUST_USE bool stream_write(struct stream *stream, struct text piece);

/* Moves the first bytes to `to`, at most `bytes_max`. Returns how many. */
size_t stream_read(struct stream *stream, char *to, size_t bytes_max);

#endif
