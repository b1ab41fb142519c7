/* SPDX-License-Identifier: MIT
 *
 * What the good app of a siege does besides its checks, and what it must not lose. */
#ifndef FAULT_GOOD_APP_H
#define FAULT_GOOD_APP_H

#include "siege.h"

/* Requests of a load: a check of the queue on /queue; a batch of ten; a batch with a large body;
 * the policy of a route; the newest decisions; a check over a new connection. */
load_ask_fn good_waits;
load_ask_fn good_batches;
load_ask_fn good_sends_much;
load_ask_fn good_saves_policy;
load_ask_fn good_reads_log;
load_ask_fn good_connects;

/* Uses up counters. They must still be used up when the siege is over. */
void good_uses_up(struct siege *siege);
void good_expects_used_up(struct siege *siege);

/* Stops Redis, and waits until the service knows it. Later Redis goes on. What the good app was
 * allowed last meanwhile is then charged there, before most of what the other app was allowed. */
void good_loses_redis(struct siege *siege);
void good_expects_handed_back(struct siege *siege);

/* Its new connections are served. */
void good_comes_anew(struct siege *siege);

/* The first service knows an app that has just registered at the second. */
void good_comes_from_elsewhere(struct siege *siege);

/* What the good app does now can be found: in the service's log, which has few lines about the
 * other app; in its usage; in the log of its decisions. */
void good_expects_its_line(struct siege *siege);
void good_expects_its_usage(struct siege *siege);
void good_expects_its_log(struct siege *siege);

#endif
