/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include "clients.h"

void answers_init(struct answers *answers)
{
    *answers = (struct answers){0};
    TAILQ_INIT(&answers->large);
}

/* The answer of an ended client is released in the next turn, when libmicrohttpd has seen the
 * end. */
void answers_add(struct answers *answers, struct answer *answer, struct client *client,
                 size_t bytes)
{
    struct answer *oldest;

    if (bytes <= ANSWER_BYTES_SMALL)
        return;
    *answer = (struct answer){.client = client, .held = bytes - ANSWER_BYTES_SMALL};
    answers->held += answer->held;
    TAILQ_INSERT_TAIL(&answers->large, answer, next);
    while (answers->held > ANSWERS_BYTES_MAX && (oldest = TAILQ_FIRST(&answers->large)) != answer) {
        answers_remove(answers, oldest);
        answers->ended += client_end(oldest->client);
    }
}

void answers_remove(struct answers *answers, struct answer *answer)
{
    if (answer->held == 0)
        return;
    answers->held -= answer->held;
    answer->held = 0;
    TAILQ_REMOVE(&answers->large, answer, next);
}
