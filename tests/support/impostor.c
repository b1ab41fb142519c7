/* SPDX-License-Identifier: MIT */
#include "support/impostor.h"

#include "support/cmocka.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

void impostor_open(struct impostor *impostor)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *impostor = (struct impostor){.listening = fd};
    (void)snprintf(impostor->url, sizeof(impostor->url), "redis://127.0.0.1:%d",
                   ntohs(address.sin_port));
}

void impostor_listen(struct impostor *impostor)
{
    assert_int_equal(listen(impostor->listening, IMPOSTOR_CONNECTIONS_MAX), 0);
}

void impostor_close(const struct impostor *impostor)
{
    for (size_t i = 0; i < impostor->count; i++)
        (void)close(impostor->connections[i]);
    (void)close(impostor->listening);
}

bool impostor_accept(struct impostor *impostor)
{
    const int fd = accept(impostor->listening, NULL, NULL);

    if (fd < 0)
        return false;
    assert_true(impostor->count < IMPOSTOR_CONNECTIONS_MAX);
    impostor->connections[impostor->count++] = fd;
    return true;
}

size_t impostor_rebuff(struct impostor *impostor, const char *words)
{
    if (impostor_accept(impostor)) {
        impostor_say(impostor, words);
        assert_int_equal(shutdown(impostor->connections[impostor->count - 1], SHUT_WR), 0);
    }
    return impostor->count;
}

void impostor_say(const struct impostor *impostor, const char *words)
{
    const size_t length = strlen(words);

    assert_int_equal(send(impostor->connections[impostor->count - 1], words, length, MSG_NOSIGNAL),
                     length);
}
