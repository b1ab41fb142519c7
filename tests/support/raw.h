/* SPDX-License-Identifier: MIT
 *
 * Bytes over a socket, for requests that no honest client sends. */
#ifndef SUPPORT_RAW_H
#define SUPPORT_RAW_H

struct raw_reply {
    int status;    /* 0: nothing came that is an answer */
    bool closed;   /* the service ended the connection */
    size_t length; /* of `text`, which is NUL-terminated, and cut if it is too long */
    char text[16384];
};

/* Sends the bytes to 127.0.0.1:port. Reads until the service closes the connection, or for
 * `seconds`. */
void raw_exchange(int port, const char *bytes, size_t count, int seconds, struct raw_reply *reply);

/* The same in steps. The caller closes the socket. */
int raw_connect(int port);
/* To the socket with this path. */
int raw_connect_path(const char *path);
/* From another address of this machine: "127.0.0.2". */
int raw_connect_from(const char *address, int port);
/* Connects, sends the head of a check, and waits for the 100 that shows that the service is
 * handling it. Only the body of `body_bytes` is missing. */
int raw_begin_check(int port, const char *api_key, size_t body_bytes);
void raw_send(int fd, const char *bytes, size_t count);
/* Reads one answer, or for `seconds`. No other request may have been sent on the connection. */
void raw_receive(int fd, int seconds, struct raw_reply *reply);
/* Reads until `end` has come, or for `seconds`. */
void raw_receive_until(int fd, const char *end, int seconds, struct raw_reply *reply);

/* A socket that listens on a free port of 127.0.0.1, as a supervisor has it: it stays open whatever
 * happens to the service that it is passed to. */
int raw_listen(void);
/* The same at a path. */
int raw_listen_path(const char *path);
int raw_port(int fd);

#endif
