/* SPDX-License-Identifier: MIT
 *
 * More calls from several tenants than the Redis engine lets out at once. */
#include "asker.h"

#include "base/log.h"
#include "store/breaker.h"
#include "store/call_queue.h"
#include "store/counter_budget.h"
#include "support/random.h"

#include <sys/socket.h>

/* No test waits this long. Some wait for half of it. */
#define TIMEOUT_US (2 * SECOND_US)

/* How many calls are out at once, while nothing is known about their times. */
#define OUT CALL_WINDOW_START
/* The window grows by this, because the first answer is quick. */
#define GROWTH (OUT / 4)

/* So many calls fit into one tenant's places. */
#define CROWD     8000
#define GOOD_ASKS 100

#define DONE "*5\r\n:0\r\n:999\r\n:3600000000\r\n:0\r\n:1\r\n"

enum tenant { HOSTILE = 1, GOOD, THIRD };

/* The tag of its keys is the tenant's number, and nothing else. */
static struct operation take_by(enum tenant tenant)
{
    struct operation take = asker_take_of(tenant, &asker_limit, 1);

    take.tenant = tenant;
    take.tag = (struct digest){{(unsigned char)tenant}};
    take.sets[0] = take.tag;
    return take;
}

static void ask(struct store *store, enum tenant tenant, size_t count, struct answers *answers)
{
    const struct operation take = take_by(tenant);

    for (size_t i = 0; i < count; i++)
        asker_ask(store, &take, answers);
}

static uint64_t spared(void)
{
    return figure_get(&asker_metrics.figures[METRIC_STORE_CALLS_SPARED]);
}

static void say(const struct impostor *impostor, const char *reply, size_t count)
{
    for (size_t i = 0; i < count; i++)
        impostor_say(impostor, reply);
}

/* The tenants of the next calls that the impostor receives. There may be more calls. */
static void hear(const struct impostor *impostor, enum tenant tenants[], size_t count)
{
    static const char before[] = "sluice:{";
    static char heard[1024 * 1024];
    size_t length = 0;
    size_t found = 0;

    WAIT_FOR (20, found >= count) {
        asker_turn();
        ssize_t more = recv(impostor->connections[impostor->count - 1], heard + length,
                            sizeof(heard) - length, MSG_DONTWAIT);
        length += more > 0 ? (size_t)more : 0;
        const char *at = heard;
        const char *end = heard + length;
        for (found = 0; (at = memmem(at, (size_t)(end - at), before, strlen(before))) != NULL;) {
            at += strlen(before);
            if (end - at < 2)
                break;
            /* The first byte of the tag, in base64. */
            if (found < count)
                tenants[found] = (enum tenant)((at[0] - 'A') << 2 | (at[1] - 'A') >> 4);
            found++;
        }
    }
}

/* A crowd that always asks again, and one good caller that asks now and then. Each asks again as
 * soon as it is answered. */
struct crowd {
    struct store *store;
    size_t answered;
    bool is_over;

    size_t good_asked_at; /* after how many answers of the crowd */
    size_t good_answered;
    size_t good_degraded;
    size_t most_before_good;
};

static void on_crowd_answered(void *context, const struct outcome *outcome);
static void on_good_answered(void *context, const struct outcome *outcome);

static void crowd_ask(struct crowd *crowd, enum tenant tenant, store_done_fn *done)
{
    const struct operation take = take_by(tenant);
    struct outcome outcome;

    assert_int_equal(store_ask(crowd->store, &take, &outcome, crowd, done), STORE_LATER);
}

static void on_crowd_answered(void *context, const struct outcome *outcome)
{
    struct crowd *crowd = context;

    (void)outcome;
    crowd->answered++;
    if (!crowd->is_over)
        crowd_ask(crowd, HOSTILE, on_crowd_answered);
}

static void on_good_answered(void *context, const struct outcome *outcome)
{
    struct crowd *crowd = context;
    const size_t before = crowd->answered - crowd->good_asked_at;

    if (before > crowd->most_before_good)
        crowd->most_before_good = before;
    crowd->good_degraded += outcome->status != TAKE_DONE;
    crowd->is_over = ++crowd->good_answered == GOOD_ASKS;
    crowd->good_asked_at = crowd->answered;
    if (!crowd->is_over)
        crowd_ask(crowd, GOOD, on_good_answered);
}

static void a_rare_caller_does_not_wait_behind_thousands_of_another(void **state)
{
    struct crowd crowd = {.store = asker_store(PATIENT_US)};
    (void)state;
    for (size_t i = 0; i < CROWD; i++)
        crowd_ask(&crowd, HOSTILE, on_crowd_answered);

    crowd_ask(&crowd, GOOD, on_good_answered);
    TURN_UNTIL(crowd.is_over);

    assert_int_equal(crowd.good_degraded, 0);
    assert_true(crowd.most_before_good < CROWD - OUT);
    store_free(crowd.store);
}

/* A turn is worth a cost of eleven, and a call costs four: so two calls go, or three. */
static void calls_that_wait_are_sent_in_turns(void **state)
{
    static const enum tenant wanted[] = {HOSTILE, HOSTILE, GOOD,    GOOD,    THIRD,
                                         HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE};
    struct impostor impostor;
    struct answers answers = {0};
    enum tenant first[OUT];
    enum tenant then[ARRAY_COUNT(wanted)];
    (void)state;
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);

    ask(store, HOSTILE, OUT + 2000, &answers);
    ask(store, GOOD, 2, &answers);
    ask(store, THIRD, 1, &answers);
    hear(&impostor, first, OUT);
    say(&impostor, DONE, ARRAY_COUNT(wanted)); /* each makes room, however slow they were */
    hear(&impostor, then, ARRAY_COUNT(wanted));

    for (size_t i = 0; i < OUT; i++)
        assert_int_equal(first[i], HOSTILE);
    assert_memory_equal(then, wanted, sizeof(wanted));
    store_free(store);
    impostor_close(&impostor);
}

static void a_tenant_that_has_taken_its_places_is_down_at_once_and_another_is_not(void **state)
{
    const size_t places = CALL_QUEUE_COST_MAX / 2 / call_queue_cost(1);
    struct impostor impostor;
    struct answers hostile = {0};
    struct answers good = {0};
    const uint64_t before = spared();
    (void)state;
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);

    ask(store, HOSTILE, OUT + places + 10, &hostile);
    ask(store, GOOD, 100, &good);

    assert_int_equal(hostile.count, 10);
    assert_int_equal(hostile.by_status[TAKE_DOWN], 10);
    assert_int_equal(spared() - before, 10);
    assert_int_equal(good.count, 0);
    store_free(store);
    assert_int_equal(good.by_status[TAKE_DOWN], 100);
    assert_int_equal(hostile.by_status[TAKE_DOWN], OUT + places + 10);
    impostor_close(&impostor);
}

/* That they were not sent says nothing about Redis: the calls that are out still have time. */
static void what_is_not_sent_within_half_of_its_time_is_down_and_opens_no_breaker(void **state)
{
    struct impostor impostor;
    struct answers sent = {0};
    struct answers waiting = {0};
    const uint64_t before = spared();
    (void)state;
    struct store *store = asker_impostor_store(&impostor, TIMEOUT_US);

    ask(store, HOSTILE, OUT, &sent);
    ask(store, GOOD, 2 * BREAKER_FAILURES, &waiting);
    TURN_UNTIL(waiting.count == (size_t)2 * BREAKER_FAILURES);

    assert_int_equal(waiting.by_status[TAKE_DOWN], 2 * BREAKER_FAILURES);
    assert_int_equal(spared() - before, 2 * BREAKER_FAILURES);
    assert_int_equal(sent.count, 0);
    assert_true(store_is_ready(store));
    store_free(store);
    impostor_close(&impostor);
}

/* All calls that are out have waited for their turn. So Redis has answered something after they
 * were made. */
static void a_redis_that_hangs_before_a_crowd_is_left_alone(void **state)
{
    struct impostor impostor;
    struct answers answers = {0};
    (void)state;
    struct store *store = asker_impostor_store(&impostor, TIMEOUT_US / 4);
    ask(store, HOSTILE, (size_t)2 * OUT, &answers);
    say(&impostor, DONE, OUT);
    TURN_UNTIL(answers.count == OUT);

    while (store_health(store).breakers_open == 0) {
        assert_true(store_health(store).links_connected > 0);
        ask(store, GOOD, 1, &answers);
        asker_turn();
    }

    assert_int_equal(answers.by_status[TAKE_DONE], OUT);
    store_free(store);
    impostor_close(&impostor);
}

static void waiting_calls_are_answered_when_the_breaker_opens(void **state)
{
    struct impostor impostor;
    struct answers sent = {0};
    struct answers waiting = {0};
    const uint64_t before = spared();
    (void)state;
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);
    ask(store, HOSTILE, OUT, &sent);
    ask(store, GOOD, 1000, &waiting);

    say(&impostor, "-OOM command not allowed\r\n", BREAKER_FAILURES);
    TURN_UNTIL(store_health(store).breakers_open > 0);

    assert_int_equal(sent.by_status[TAKE_REFUSED], BREAKER_FAILURES);
    /* So many may have found room. On a busy machine they are fewer, because no answer was
     * quick. */
    assert_in_range(waiting.by_status[TAKE_DOWN], 1000 - GROWTH - (BREAKER_FAILURES - 1), 1000);
    assert_int_equal(spared(), before);
    store_free(store);
    impostor_close(&impostor);
}

static void waiting_calls_are_answered_when_the_connection_is_lost(void **state)
{
    struct impostor impostor;
    struct answers sent = {0};
    struct answers waiting = {0};
    (void)state;
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);
    ask(store, HOSTILE, OUT, &sent);
    ask(store, GOOD, 100, &waiting);
    asker_turn();

    assert_int_equal(shutdown(impostor.connections[0], SHUT_RDWR), 0);
    TURN_UNTIL(waiting.count == 100);

    assert_int_equal(sent.by_status[TAKE_LATE], OUT);
    assert_int_equal(waiting.by_status[TAKE_DOWN], 100);
    store_free(store);
    impostor_close(&impostor);
}

/* Calls that were given up count as out until they are answered. */
static void a_late_reply_makes_room(void **state)
{
    struct impostor impostor;
    struct answers late = {0};
    struct answers waiting = {0};
    enum tenant heard[2];
    (void)state;
    struct store *store = asker_impostor_store(&impostor, 2 * TIMEOUT_US);
    ask(store, HOSTILE, OUT + GROWTH + 1, &late);
    say(&impostor, DONE, 1);
    TURN_UNTIL(late.count == OUT + GROWTH + 1);

    ask(store, HOSTILE, 1, &waiting);
    ask(store, GOOD, 1, &waiting);
    asker_turn();
    hear(&impostor, heard, 1);
    while (recv(impostor.connections[0], heard, sizeof(heard), MSG_DONTWAIT) > 0)
        ;
    say(&impostor, DONE, OUT);
    hear(&impostor, heard, 2);

    assert_int_equal(heard[0], HOSTILE);
    assert_int_equal(heard[1], GOOD);
    store_free(store);
    impostor_close(&impostor);
}

static void a_reset_waits_for_its_turn(void **state)
{
    struct impostor impostor;
    struct answers answers = {0};
    struct answers forgotten = {0};
    struct outcome now;
    enum tenant heard[OUT];
    struct operation forget = take_by(GOOD);
    (void)state;
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);
    ask(store, HOSTILE, OUT + 10, &answers);

    forget.kind = OPERATION_FORGET;
    assert_int_equal(store_ask(store, &forget, &now, &forgotten, asker_on_done), STORE_LATER);
    hear(&impostor, heard, OUT);
    say(&impostor, DONE, 3);
    hear(&impostor, heard, 3);

    assert_int_equal(heard[2], GOOD);
    say(&impostor, DONE, OUT - 1);
    say(&impostor, "*1\r\n:1000\r\n", 1);
    TURN_UNTIL(forgotten.count == 1);
    assert_int_equal(forgotten.last.status, TAKE_DONE);
    assert_int_equal(forgotten.last.count, 1);
    store_free(store);
    impostor_close(&impostor);
}

/* Because the calls before it are answered and counted by then. */
static void what_waits_finds_room_or_none_when_it_is_sent(void **state)
{
    const size_t asked = 4 * OUT;
    struct answers answers = {0};
    struct outcome outcome;
    (void)state;
    asker_budget = counter_budget_new(10);
    struct store *store = asker_store(PATIENT_US);

    for (size_t i = 0; i < asked; i++) {
        struct operation take = asker_take_of(1, &asker_limit, 1);

        take.policy_id = 1 + i;
        const enum store_answer answer = store_ask(store, &take, &outcome, &answers, asker_on_done);
        assert_int_equal(answer, STORE_LATER);
    }
    TURN_UNTIL(answers.count == asked);

    assert_int_equal(answers.by_status[TAKE_DONE] + answers.by_status[TAKE_QUOTA], asked);
    assert_in_range(answers.by_status[TAKE_DONE], 10, 2 * OUT);
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, answers.by_status[TAKE_DONE]);
    store_free(store);
    counter_budget_free(asker_budget);
    asker_budget = NULL;
}

/* Each answer leads to the next take, even while the store is closed. */
struct chain {
    struct store *store;
    bool is_asking;
    size_t begun;
    size_t ended;
    size_t left;
};

static void on_chained(void *context, const struct outcome *outcome);

static void chain_ask(struct chain *chain)
{
    const struct operation take = take_by((enum tenant)random_below(5));
    struct outcome outcome;

    if (chain->left == 0)
        return;
    chain->left--;
    chain->begun++;
    chain->is_asking = true;
    const enum store_answer answer = store_ask(chain->store, &take, &outcome, chain, on_chained);
    chain->is_asking = false;
    if (answer == STORE_NOW)
        chain->ended++;
}

static void on_chained(void *context, const struct outcome *outcome)
{
    struct chain *chain = context;

    (void)outcome;
    assert_false(chain->is_asking);
    chain->ended++;
    if (random_one_in(2))
        chain_ask(chain);
}

/* Leaves out what does not fit into the socket. */
static void say_some(int connection, const char *reply, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        (void)send(connection, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_a_step(const struct impostor *impostor, struct chain *chain)
{
    static const char *const replies[] = {
        DONE, DONE, DONE, "-NOSCRIPT No.\r\n", "-WRONGTYPE Not.\r\n", "-OOM Full.\r\n"};
    static char heard[64 * 1024];
    const int connection = impostor->connections[impostor->count - 1];

    switch (random_below(8)) {
    case 0:
        for (int64_t i = random_of_any_size(1000); i > 0; i--)
            chain_ask(chain);
        break;
    case 1:
        store_serve(chain->store);
        break;
    case 2:
        if (random_one_in(100))
            (void)shutdown(connection, SHUT_RDWR);
        break;
    case 3:
        (void)recv(connection, heard, sizeof(heard), MSG_DONTWAIT);
        break;
    case 4:
        say_some(connection, replies[random_below(ARRAY_COUNT(replies))], random_of_any_size(300));
        break;
    default:
        asker_turn();
    }
}

static void whatever_happens_each_take_is_answered_once(void **state)
{
    (void)state;
    random_begin(random_seed());

    for (int history = 0; history < 20; history++) {
        struct impostor impostor;
        struct chain chain = {.left = 20000};
        chain.store = asker_impostor_store(&impostor, random_one_in(2) ? HASTY_US : TIMEOUT_US);

        for (int step = 0; step < 500; step++) {
            take_a_step(&impostor, &chain);
            if (impostor.count < IMPOSTOR_CONNECTIONS_MAX && impostor_accept(&impostor))
                asker_say_loaded(&impostor);
        }
        chain.left = 1000;
        store_free(chain.store);

        assert_int_equal(chain.ended, chain.begun);
        impostor_close(&impostor);
    }
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rare_caller_does_not_wait_behind_thousands_of_another),
        TEST(calls_that_wait_are_sent_in_turns),
        TEST(a_tenant_that_has_taken_its_places_is_down_at_once_and_another_is_not),
        TEST(what_is_not_sent_within_half_of_its_time_is_down_and_opens_no_breaker),
        TEST(a_redis_that_hangs_before_a_crowd_is_left_alone),
        TEST(waiting_calls_are_answered_when_the_breaker_opens),
        TEST(waiting_calls_are_answered_when_the_connection_is_lost),
        TEST(a_late_reply_makes_room),
        TEST(a_reset_waits_for_its_turn),
        TEST(what_waits_finds_room_or_none_when_it_is_sent),
        TEST(whatever_happens_each_take_is_answered_once),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
