/* SPDX-License-Identifier: MIT */
#include "link_case.h"

#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"

struct event_base *link_base;

static const struct text script = {"return 1", 8};

int link_new_base(void **state)
{
    (void)state;
    link_base = event_base_new();
    return link_base == NULL;
}

int link_free_base(void **state)
{
    (void)state;
    event_base_free(link_base);
    return 0;
}

void link_turn(void)
{
    (void)event_base_loop(link_base, EVLOOP_NONBLOCK);
}

struct redis_link *link_begin(const char *text)
{
    const struct redis_link_options options = {
        .endpoint = endpoint_at(text),
        .access = access_at(text),
        .scripts = &script,
        .script_count = 1,
    };

    return redis_link_new(link_base, &options);
}

struct redis_link *link_open(const char *text)
{
    struct redis_link *link = link_begin(text);

    TURN_UNTIL(redis_link_is_ready(link));
    return link;
}

struct redis_link *link_open_to_impostor(struct impostor *impostor)
{
    impostor_open(impostor);
    impostor_listen(impostor);
    struct redis_link *link = link_begin(impostor->url);
    TURN_UNTIL(impostor_accept(impostor));
    impostor_say(impostor, "+OK\r\n"); /* to SCRIPT LOAD */
    TURN_UNTIL(redis_link_is_ready(link));
    return link;
}

bool link_call(struct redis_link *link, const char *command, const char *key, int64_t timeout_us,
               struct link_answers *answers)
{
    const char *argv[] = {command, key};
    const size_t lengths[] = {strlen(command), strlen(key)};

    return redis_link_call(link, 2, argv, lengths, REDIS_LINK_AN_INTEGER, timeout_us, answers,
                           link_on_done);
}

void link_on_done(void *context, enum redis_link_status status, const redisReply *reply)
{
    struct link_answers *answers = context;

    assert_true(reply == NULL || status == REDIS_LINK_REPLIED || status == REDIS_LINK_REPLIED_LATE);
    switch (status) {
    case REDIS_LINK_REPLIED:
        answers->replied++;
        answers->in_order =
            answers->replied == 1 || (answers->in_order && reply->integer == answers->integer + 1);
        answers->integer = reply->integer;
        answers->bytes = reply->len;
        break;
    case REDIS_LINK_LATE:
        answers->late++;
        break;
    case REDIS_LINK_REPLIED_LATE:
        assert_true(answers->replied_late < answers->late);
        answers->replied_late++;
        break;
    case REDIS_LINK_LOST:
        answers->lost++;
        break;
    }
}

long long link_connections(void)
{
    const char *stats = redis_server_command(server, "INFO stats")->str;

    return strtoll(strstr(stats, "total_connections_received:") +
                       strlen("total_connections_received:"),
                   NULL, 10);
}
