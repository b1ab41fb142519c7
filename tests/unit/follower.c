/* SPDX-License-Identifier: MIT */
#include "follower.h"

#include "../../src/journal/journal_apps.h"

#include "journal_case.h"
#include "support/redis_group.h"
#include "support/wait.h"

static void on_ready(void *context)
{
    (void)context;
}

void follower_ask(struct follower *follower, struct journal *journal,
                  const struct record_filter *filter, const struct log_mark *after)
{
    const struct tail_options options = {JOURNAL_APP, filter, after};

    *follower = (struct follower){.journal = journal, .wakes = queue_new(0)};
    follower->text = calloc(1, FOLLOWER_TEXT_MAX);
    follower->group = tail_group_new(journal, follower->wakes, follower, on_ready);
    follower->tail = tail_open(follower->group, &options);
    assert_non_null(follower->tail);
}

void follower_begin(struct follower *follower)
{
    WAIT_FOR (JOURNAL_PATIENCE_S, tail_has_begun(follower->tail))
        queue_drain(follower->wakes);
}

void follower_open(struct follower *follower, struct journal *journal,
                   const struct record_filter *filter, const struct log_mark *after)
{
    follower_ask(follower, journal, filter, after);
    follower_begin(follower);
}

int follower_take(struct follower *follower)
{
    const struct tail_event *event;

    queue_drain(follower->wakes);
    while ((event = tail_first(follower->tail)) != NULL) {
        assert_true(follower->length + event->text.length < FOLLOWER_TEXT_MAX);
        memcpy(follower->text + follower->length, event->text.at, event->text.length);
        follower->length += event->text.length;
        follower->gaps += event->is_gap;
        follower->events += !event->is_gap;
        tail_take(follower->tail);
    }
    return follower->events;
}

void follower_wait(struct follower *follower, int events)
{
    WAIT_FOR (JOURNAL_PATIENCE_S, follower_take(follower) >= events)
        ;
    assert_int_equal(follower->events, events);
}

void follower_close(struct follower *follower)
{
    tail_close(follower->tail);
    journal_free(follower->journal);
    tail_group_free(follower->group);
    queue_free(follower->wakes);
    free(follower->text);
}

void expect_numbers(const struct follower *follower, uint64_t instance, int first, int last)
{
    char id[ENTRY_ID_BYTES + sizeof("data: {\"id\":\"\"")];
    const char *at = follower->text;
    char name[ENTRY_ID_BYTES];

    for (int number = first; number <= last; number++) {
        const struct entry_id entry = {instance, (uint64_t)number};

        (void)snprintf(id, sizeof(id), "data: {\"id\":\"%s\"", entry_id_write(&entry, name).at);
        at = strstr(at, id);
        if (at == NULL)
            fail_msg("%s is missing, or not in order", id);
    }
}

uint64_t instance_of(struct journal *journal)
{
    return journal_app(journal, JOURNAL_APP)->instance;
}

void send_elsewhere(int first, int last)
{
    elsewhere_send(JOURNAL_APP, first, last);
}

void expect_stream_length(long long length)
{
    WAIT_FOR (JOURNAL_PATIENCE_S,
              redis_server_command(server, "XLEN %s", JOURNAL_STREAM)->integer == length)
        ;
}
