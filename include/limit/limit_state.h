/* SPDX-License-Identifier: MIT
 *
 * The kinds of state that algorithms keep between decisions: numbers, whose meaning the algorithm
 * alone knows, or a log of charges (charge_log.h). Who stores states asks here what a kind needs
 * beyond the numbers, and knows no algorithm. */
#ifndef LIMIT_LIMIT_STATE_H
#define LIMIT_LIMIT_STATE_H

enum state_kind { STATE_NUMBERS, STATE_LOG };

struct charge_log;

/* All zero is a subject that was never seen. The numbers are doubles because Lua has no other type;
 * every value is an integer. */
#define LIMIT_STATE_NUMBERS 3
struct limit_state {
    union {
        double number[LIMIT_STATE_NUMBERS];
        struct {
            struct charge_log *log; /* the owner of the state owns it */
            int64_t noted;          /* see limit_state_note() */
            int64_t cost;
        } logged;
    };
};

/* Notes a charge in the state of a log. A negative cost is to be given back. `joins`: it is to be a
 * part of the last charge. */
void limit_state_note(struct limit_state *state, int64_t at_us, int64_t cost, bool joins);
/* What was noted. */
int64_t limit_state_at(const struct limit_state *state);
bool limit_state_joins(const struct limit_state *state);

/* Makes the charge that a decision has noted in *state a part of it. Charges that are older by
 * `window_us` do not count any more, and go. One owner at a time, as with all of these. */
void limit_state_charge(enum state_kind kind, struct limit_state *state, int64_t window_us);

/* Frees what *state has outside of itself. */
void limit_state_free(enum state_kind kind, const struct limit_state *state);

/* How much that is, in bytes. */
size_t limit_state_bytes(enum state_kind kind, const struct limit_state *state);

/* Whether both have the same outside of themselves. */
bool limit_state_shares(enum state_kind kind, const struct limit_state *a,
                        const struct limit_state *b);

/* In Redis such a state has a key of its own; others of one subject lie together in a string. */
bool state_kind_is_apart(enum state_kind kind);

#endif
