/* SPDX-License-Identifier: MIT
 *
 * A wire to an impostor, and what the wire has reported. Main thread only. */
#ifndef UNIT_TALK_H
#define UNIT_TALK_H

#include "redis/redis_wire.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/wait.h"

#include <event2/event.h>

#define TALK_WAIT_SECONDS 20

struct talk {
    struct event_base *base;
    struct impostor impostor;
    struct redis_wire wire;
    size_t writes;
    size_t replies;
    char reason[128]; /* empty: not lost */
};

/* Connects, and the impostor accepts. `tls` is borrowed and may be NULL. What the wire writes fills
 * the sockets after about `held_bytes`; 0: after as many as the system likes. */
void talk_open(struct talk *talk, struct redis_tls *tls, int held_bytes);
void talk_close(struct talk *talk);

/* One turn of its loop. Returns true. */
bool talk_turn(struct talk *talk);

#endif
