/* SPDX-License-Identifier: MIT */
#include "store/pending.h"

#include "base/clock.h"
#include "base/memory.h"
#include "store/counter_budget.h"

static void decide_keys(struct pending *pending, int64_t now_us);
static void set_script(struct pending *pending, const char *command, struct text script);
static void on_asking(void *context, enum redis_link_status status, const redisReply *reply);
static void send_call(struct pending *pending, struct redis_link *link, int64_t now_us);

void pending_pool_close(struct pending_pool *pool)
{
    while (pool->spare != NULL) {
        struct pending *pending = pool->spare;
        pool->spare = pending->next;
        free(pending);
    }
}

struct pending *pending_begin(struct pending_pool *pool, struct store_node *node, void *context,
                              store_done_fn *done)
{
    struct pending *pending = pool->spare;

    if (pending == NULL)
        pending = MEMORY_NEW(struct pending);
    else
        pool->spare = pending->next;
    pending->pool = pool;
    pending->node = node;
    pending->context = context;
    pending->done = done;
    pending->is_at_fault = false;
    pending->stays = false;
    pending->asks = false;
    pending->answer = REDIS_NO_REDIRECT;
    pending->may_not_ask = false;
    pending->moves = 0;
    pending->rests = 0;
    pending->sent_us = 0;
    pending->begun_us = clock_monotonic_us();
    return pending;
}

void pending_write(struct pending *pending, const struct operation *operation)
{
    const bool forgets = operation->kind == OPERATION_FORGET;

    pending->asked.tenant = operation->tenant;
    pending->comes_again = operation->comes_again;
    pending->cost = call_queue_cost(operation->limit_count);
    take_arguments_write(&pending->asked.arguments, operation);
    pending->integers = take_arguments_integers(&pending->asked.arguments);
    pending->may_send_again = !forgets;
    pending->script = forgets ? NULL : take_script_of(operation);
    if (forgets)
        set_script(pending, "EVAL", text_of(take_script_forget));
    else
        set_script(pending, "EVALSHA", text_of(pending->script->sha1));
}

/* The script may be loaded there. */
void pending_turn_to(struct pending *pending, struct store_node *node, bool asks)
{
    pending->node = node;
    pending->asks = asks;
    pending->may_send_again = pending->script != NULL;
    if (pending->script != NULL)
        set_script(pending, "EVALSHA", text_of(pending->script->sha1));
}

void pending_send(struct pending *pending, struct redis_link *link, int64_t now_us)
{
    if (pending->sent_us == 0)
        decide_keys(pending, now_us);
    pending->sent_us = now_us;
    send_call(pending, link, now_us);
}

void pending_send_again(struct pending *pending, struct redis_link *link, int64_t now_us)
{
    pending->may_send_again = false;
    set_script(pending, "EVAL", take_script_source(pending->script));
    send_call(pending, link, now_us);
}

void pending_finish(struct pending *pending, const struct outcome *outcome)
{
    store_done_fn *done = pending->done;
    void *context = pending->context;

    pending_put_back(pending);
    done(context, outcome);
}

void pending_answer_late(struct pending *pending, const struct outcome *outcome)
{
    pending->done(pending->context, outcome);
}

void pending_put_back(struct pending *pending)
{
    pending->next = pending->pool->spare;
    pending->pool->spare = pending;
}

struct pending *pending_of(struct waiting_call *waiting)
{
    return CONTAINER_OF(waiting, struct pending, waiting);
}

static void decide_keys(struct pending *pending, int64_t now_us)
{
    if (pending->script != NULL &&
        !counter_budget_allows(pending->pool->budget, pending->asked.tenant, now_us))
        take_arguments_forbid_keys(&pending->asked.arguments);
}

static void set_script(struct pending *pending, const char *command, struct text script)
{
    struct take_arguments *arguments = &pending->asked.arguments;

    arguments->argv[0] = command;
    arguments->lengths[0] = strlen(command);
    arguments->argv[1] = script.at;
    arguments->lengths[1] = script.length;
}

/* The time left is negative when its time is over. ASKING is about the next command of the
 * connection, so nothing may come in between. */
static void send_call(struct pending *pending, struct redis_link *link, int64_t now_us)
{
    static const char *const asking[] = {"ASKING"};
    static const size_t asking_bytes[] = {sizeof("ASKING") - 1};
    const struct pending_pool *pool = pending->pool;
    const struct take_arguments *arguments = &pending->asked.arguments;
    const int64_t left_us = pending->begun_us + pool->timeout_us - now_us;
    const bool asked =
        !pending->asks || redis_link_call(link, 1, asking, asking_bytes, REDIS_LINK_ANYTHING,
                                          left_us, pending, on_asking);
    const bool accepted =
        redis_link_call(link, arguments->count, arguments->argv, arguments->lengths,
                        pending->integers, left_us, pending, pool->answered);

    ASSERT(asked && accepted);
}

/* If it is refused, so is the call behind it, which is not over yet. */
static void on_asking(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct pending *pending = context;

    pending->may_not_ask = status == REDIS_LINK_REPLIED && reply->type == REDIS_REPLY_ERROR;
}
