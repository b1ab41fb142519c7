/* SPDX-License-Identifier: MIT
 *
 * What the good app of a siege does besides its checks, and what it must keep. */
#ifndef FAULT_GOOD_APP_H
#define FAULT_GOOD_APP_H

#include "siege.h"

/* To be asked by a load: a check of the queue on /queue; a batch of ten; a batch whose body is a
 * large one; the policy of a route; the newest decisions; a check over a new connection. */
load_ask_fn good_waits;
load_ask_fn good_batches;
load_ask_fn good_sends_much;
load_ask_fn good_saves_policy;
load_ask_fn good_reads_log;
load_ask_fn good_connects;

/* Counters that are used up, and must still be when the siege is over. */
void good_uses_up(struct siege *siege);
void good_expects_used_up(struct siege *siege);

/* Redis stands still from now on, and this is known. Later it goes on, and what the good app was
 * allowed last meanwhile is charged there before most of what the other was. */
void good_loses_redis(struct siege *siege);
void good_expects_handed_back(struct siege *siege);

/* Its new connections are served. */
void good_comes_anew(struct siege *siege);

/* An app that has just registered at the second service is known to the first. */
void good_comes_from_elsewhere(struct siege *siege);

/* What the good app does now is to be found: in the service's log, which has few lines of what
 * the other did; in its usage; in the log of its decisions. */
void good_expects_its_line(struct siege *siege);
void good_expects_its_usage(struct siege *siege);
void good_expects_its_log(struct siege *siege);

#endif
