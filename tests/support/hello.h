/* SPDX-License-Identifier: MIT
 *
 * What a client says first when it speaks TLS, for handshakes that go no further. */
#ifndef SUPPORT_HELLO_H
#define SUPPORT_HELLO_H

struct hello {
    char bytes[1024];
    size_t length;
};

void hello_make(struct hello *hello);

#endif
