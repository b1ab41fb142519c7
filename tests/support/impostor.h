/* SPDX-License-Identifier: MIT
 *
 * A server on a free port of 127.0.0.1 that is not what its clients expect. It does only what the
 * test says, when the test says it. Main thread only. */
#ifndef SUPPORT_IMPOSTOR_H
#define SUPPORT_IMPOSTOR_H

#define IMPOSTOR_CONNECTIONS_MAX 16

struct impostor {
    char url[64]; /* redis://127.0.0.1:port */
    int listening;
    size_t count;
    int connections[IMPOSTOR_CONNECTIONS_MAX];
};

/* Takes the port. Connections are refused until impostor_listen(). */
void impostor_open(struct impostor *impostor);
void impostor_listen(struct impostor *impostor);
void impostor_close(const struct impostor *impostor);

/* Accepts a connection if one is waiting. Returns whether it did. */
bool impostor_accept(struct impostor *impostor);

/* Accepts in the same way, sends `words` to the new client, and sends nothing after that. Returns
 * how many clients it has accepted so far. */
size_t impostor_rebuff(struct impostor *impostor, const char *words);

/* Sends `words` on the newest connection. */
void impostor_say(const struct impostor *impostor, const char *words);

#endif
