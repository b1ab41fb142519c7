/* SPDX-License-Identifier: MIT
 *
 * What the hostile app of a siege prepares, with what the good one has, and what it asks. */
#ifndef FAULT_HOSTILE_APP_H
#define FAULT_HOSTILE_APP_H

#include "siege.h"

typedef void hostile_prepare_fn(struct siege *siege);
typedef void hostile_ask_fn(struct siege *siege, int app, FILE *requests);

hostile_prepare_fn hostile_add_policy;
hostile_prepare_fn hostile_add_any_route;
hostile_prepare_fn hostile_add_limits;
hostile_prepare_fn hostile_add_crafted_policies;
hostile_prepare_fn hostile_add_queues;
hostile_prepare_fn hostile_add_good_policy;
hostile_prepare_fn hostile_add_both;
hostile_prepare_fn hostile_add_and_use_up;
hostile_prepare_fn hostile_fill_log;

hostile_ask_fn hostile_ask_one_user;
hostile_ask_fn hostile_ask_new_user;
hostile_ask_fn hostile_ask_to_wait;
hostile_ask_fn hostile_ask_why;
hostile_ask_fn hostile_ask_batch;
hostile_ask_fn hostile_ask_small_batch;
hostile_ask_fn hostile_ask_batch_of_new_users;
hostile_ask_fn hostile_ask_batch_by_crafted;
hostile_ask_fn hostile_ask_large_batch;
hostile_ask_fn hostile_ask_batch_of_long_names;
hostile_ask_fn hostile_ask_batch_of_new_routes;
hostile_ask_fn hostile_save_policy;
hostile_ask_fn hostile_read_log;
hostile_ask_fn hostile_read_usage;
hostile_ask_fn hostile_ask_by_made_up_keys;
hostile_ask_fn hostile_do_what_is_logged;
hostile_ask_fn hostile_greet;

#endif
