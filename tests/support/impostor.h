/* SPDX-License-Identifier: MIT
 *
 * A server on a free port of 127.0.0.1 that is not what its clients expect. It does only what it is
 * told, when it is told. Main thread only. */
#ifndef SUPPORT_IMPOSTOR_H
#define SUPPORT_IMPOSTOR_H

#define IMPOSTOR_CONNECTIONS_MAX 16

struct impostor {
    char url[64]; /* redis://127.0.0.1:port */
    int listening;
    size_t count;
    int connections[IMPOSTOR_CONNECTIONS_MAX];
};

/* Takes the port; connecting to it is refused until impostor_listen(). */
void impostor_open(struct impostor *impostor);
void impostor_listen(struct impostor *impostor);
void impostor_close(const struct impostor *impostor);

/* Accepts a connection if one is waiting; whether it did. */
bool impostor_accept(struct impostor *impostor);

/* Accepts as above, and says `words` to whom it accepts, and no more after that. Returns how many
 * it has accepted so far. */
size_t impostor_rebuff(struct impostor *impostor, const char *words);

/* Says `words` on the newest connection. */
void impostor_say(const struct impostor *impostor, const char *words);

#endif
