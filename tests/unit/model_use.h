/* SPDX-License-Identifier: MIT
 *
 * One operation on the model's counters of one version of a policy, and what it does to them. */
#ifndef UNIT_MODEL_USE_H
#define UNIT_MODEL_USE_H

#include "support/reference_model.h"

struct model_counter;

struct model_use {
    size_t count;
    struct reference_limit limits[REFERENCE_LIMITS_MAX];
    struct model_counter *counters[REFERENCE_LIMITS_MAX]; /* borrowed */
    bool is_moved[REFERENCE_LIMITS_MAX];   /* its numbers were in the future, and no longer are */
    bool goes_on[REFERENCE_LIMITS_MAX];    /* its window began before this operation */
    bool is_charged[REFERENCE_LIMITS_MAX]; /* or given back */
    int64_t keep_us[REFERENCE_LIMITS_MAX]; /* after the operation: how long it is needed */
};

/* The time of the operation for a clock that says `now_us`: see reference_now(). */
int64_t model_use_now(const struct model_use *use, int64_t now_us, int64_t skew_us);

/* Lowers each cost to what fits beside what is used. */
void model_use_fill(struct model_use *use, int64_t now_us, int64_t costs[]);

/* Lowers all costs, which are the same, to what fits all limits; but not from 1. */
void model_use_part(struct model_use *use, int64_t now_us, int64_t costs[]);

/* Decides as reference_check(), and fills the rest of *use. One of these two is called, once. */
void model_use_check(struct model_use *use, int64_t now_us, const int64_t costs[],
                     struct reference_answer answers[]);

/* Charges as reference_charge(). */
void model_use_charge(struct model_use *use, int64_t now_us, const int64_t costs[],
                      struct reference_answer answers[]);

#endif
