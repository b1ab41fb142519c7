/* SPDX-License-Identifier: MIT */
#include "asker.h"

#include "store/take_script.h"
#include "support/topologies.h"

#include <event2/event.h>
#include <sys/socket.h>

const struct limit asker_limit = {
    .algorithm = ALGORITHM_FIXED_WINDOW, .quota = 1000, .window_us = HOUR_US, .burst = 1000};

struct metrics asker_metrics;
struct counter_budget *asker_budget;

static struct event_base *base;
static size_t answers_so_far;

void asker_on_done(void *context, const struct outcome *outcome)
{
    struct answers *answers = context;

    answers->count++;
    answers->by_status[outcome->status]++;
    answers->allowed += outcome->status == TAKE_DONE && outcome->allowed;
    answers->last = *outcome;
    answers->place = ++answers_so_far;
}

void asker_turn(void)
{
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

struct store *asker_store_at(const char *url, int64_t timeout_us)
{
    const struct store_redis_options options = {
        .topology = topology_at(url),
        .timeout_us = timeout_us,
        .metrics = &asker_metrics,
        .budget = asker_budget,
    };

    return store_redis_new(base, &options);
}

struct store *asker_store(int64_t timeout_us)
{
    struct store *store = asker_store_at(redis_server_unix_url(server), timeout_us);

    TURN_UNTIL(store_is_ready(store));
    return store;
}

struct store *asker_impostor_store(struct impostor *impostor, int64_t timeout_us)
{
    impostor_open(impostor);
    impostor_listen(impostor);
    struct store *store = asker_store_at(impostor->url, timeout_us);
    TURN_UNTIL(impostor_accept(impostor));
    asker_say_loaded(impostor);
    TURN_UNTIL(store_is_ready(store));
    return store;
}

void asker_say_loaded(struct impostor *impostor)
{
    const struct text *sources;
    const size_t count = take_script_sources(&sources);

    for (size_t i = 0; i < count; i++)
        impostor_say(impostor, "+the script is loaded\r\n");
}

struct operation asker_take_of(int64_t subject, const struct limit *limit, int64_t cost)
{
    struct operation take = one_set_take(subject, limit, 1, cost);

    take.tenant = 1;
    return take;
}

struct operation asker_forget_of(int64_t subject, const struct limit *limit)
{
    struct operation forget = asker_take_of(subject, limit, 0);

    forget.kind = OPERATION_FORGET;
    return forget;
}

void asker_ask(struct store *store, const struct operation *operation, struct answers *answers)
{
    struct outcome outcome;

    if (store_ask(store, operation, &outcome, answers, asker_on_done) == STORE_NOW)
        asker_on_done(answers, &outcome);
}

void asker_take(struct store *store, int64_t subject, struct answers *answers)
{
    const struct operation take = asker_take_of(subject, &asker_limit, 1);

    asker_ask(store, &take, answers);
}

enum take_status asker_take_and_wait(struct store *store, int64_t subject)
{
    struct answers answers = {0};

    asker_take(store, subject, &answers);
    TURN_UNTIL(answers.count == 1);
    return answers.last.status;
}

/* Peeks at all that the impostor has received: nothing ever reads it. */
size_t asker_scripts(const struct impostor *impostor)
{
    static char heard[128 * 1024];
    static const char *const commands[] = {"\r\nEVALSHA\r\n", "\r\nEVAL\r\n"};
    const ssize_t length = recv(impostor->connections[impostor->count - 1], heard, sizeof(heard),
                                MSG_PEEK | MSG_DONTWAIT);
    size_t asked = 0;

    for (size_t i = 0; i < ARRAY_COUNT(commands) && length > 0; i++) {
        const char *at = heard;
        while ((at = memmem(at, (size_t)(heard + length - at), commands[i], strlen(commands[i])))) {
            at++;
            asked++;
        }
    }
    return asked;
}

int asker_begin(void **state)
{
    (void)redis_group_empty(state);
    base = event_base_new();
    return base == NULL;
}

int asker_end(void **state)
{
    (void)state;
    event_base_free(base);
    return 0;
}
