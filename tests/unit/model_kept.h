/* SPDX-License-Identifier: MIT
 *
 * What an engine keeps of one history, by the model: counters, and how long each is kept. In Redis
 * the counters of one place's callers lie in a string, and are kept as long as it. A log has a key
 * of its own everywhere. */
#ifndef UNIT_MODEL_KEPT_H
#define UNIT_MODEL_KEPT_H

#include "model_engine.h"
#include "support/reference_policy.h"

#define MODEL_COUNTERS_MAX 256

struct model_counter {
    struct reference_place place;
    struct reference_counter counter;
    int64_t string_until_us; /* when its string ends; the same for all that lie there */
};

struct model_kept {
    const struct model_engine *engine;
    size_t count;
    struct model_counter counters[MODEL_COUNTERS_MAX];
};

struct model_use;

void model_kept_begin(struct model_kept *kept, const struct model_engine *engine);

/* Adds an untouched counter when there is none of this place. */
struct model_counter *model_kept_find(struct model_kept *kept, const struct reference_place *place);

/* Forgets what has expired at `now_us`. An engine may or may not drop that, so the clock must not
 * go back behind what this returns. */
int64_t model_kept_expire(struct model_kept *kept, int64_t now_us);

/* After an operation at `now_us`: in Redis, each string that it has written is kept anew, and loses
 * the counters of other versions that have ended. */
void model_kept_write(struct model_kept *kept, const struct model_use *use, int64_t now_us);

/* Forgets the counter, and in Redis all that lies in its key. Returns whether any was charged. */
bool model_kept_forget(struct model_kept *kept, const struct model_counter *counter);

#endif
