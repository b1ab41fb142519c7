/* SPDX-License-Identifier: MIT */
#include "parrot.h"

#include "support/cmocka.h"
#include "support/topologies.h"

#include <ctype.h>
#include <poll.h>
#include <sys/socket.h>

static void *parrot_run(void *context);
static void hear(struct parrot *parrot, int fd);
static void answer(struct parrot *parrot, int fd, bool is_ping);

void parrot_open(struct parrot *parrot)
{
    *parrot = (struct parrot){0};
    impostor_open(&parrot->impostor);
    impostor_listen(&parrot->impostor);
}

void parrot_start(struct parrot *parrot)
{
    assert_int_equal(pthread_create(&parrot->thread, NULL, parrot_run, parrot), 0);
}

void parrot_close(struct parrot *parrot)
{
    atomic_store(&parrot->is_ending, true);
    assert_int_equal(pthread_join(parrot->thread, NULL), 0);
    impostor_close(&parrot->impostor);
}

int parrot_port(const struct parrot *parrot)
{
    return endpoint_at(parrot->impostor.url).port;
}

static void *parrot_run(void *context)
{
    struct parrot *parrot = context;
    struct pollfd polled[IMPOSTOR_CONNECTIONS_MAX + 1];

    while (!atomic_load(&parrot->is_ending)) {
        const size_t count = parrot->impostor.count;

        for (size_t i = 0; i < count; i++)
            polled[i] = (struct pollfd){.fd = parrot->impostor.connections[i], .events = POLLIN};
        polled[count] = (struct pollfd){.fd = parrot->impostor.listening, .events = POLLIN};
        (void)poll(polled, count + 1, 10);
        for (size_t i = 0; i < count; i++) {
            if (polled[i].revents != 0)
                hear(parrot, polled[i].fd);
        }
        if (polled[count].revents != 0)
            (void)impostor_accept(&parrot->impostor);
    }
    return NULL;
}

/* Each command begins with "*" and a digit, which are nowhere else in what the tests send. */
static void hear(struct parrot *parrot, int fd)
{
    char heard[4096];
    const ssize_t length = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);

    if (length <= 0)
        return;
    heard[length] = '\0';
    for (const char *at = strchr(heard, '*'); at != NULL; at = strchr(at + 1, '*')) {
        if (isdigit((unsigned char)at[1]))
            answer(parrot, fd, strncmp(at, "*1\r\n$4\r\nPING", strlen("*1\r\n$4\r\nPING")) == 0);
    }
}

static void answer(struct parrot *parrot, int fd, bool is_ping)
{
    const char *words = parrot->words;

    if (is_ping)
        words = "+PONG\r\n";
    else if (atomic_fetch_add(&parrot->commands, 1) >= parrot->turns && parrot->later != NULL)
        words = parrot->later;
    while (!is_ping && parrot->waits_for != NULL && atomic_load(parrot->waits_for) == 0 &&
           !atomic_load(&parrot->is_ending))
        (void)poll(NULL, 0, 1);
    (void)!send(fd, words, strlen(words), MSG_NOSIGNAL);
}
