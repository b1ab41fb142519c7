/* SPDX-License-Identifier: MIT
 *
 * While commands are appended and not taken, the map stays, so that each reply is taken from the
 * node where its command went. */
#include "redis/redis_sessions.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "redis/redis_complaints.h"
#include "redis/redis_dialer.h"
#include "redis/redis_error.h"
#include "redis/redis_redirect.h"
#include "redis/redis_resolver.h"
#include "redis_roster.h"

#include <unistd.h>

#define HOPS_MAX    5
#define PAUSE_US    (10 * MILLISECOND_US)
#define REST_US_MIN (200 * MILLISECOND_US)
#define REST_US_MAX SECOND_US
#define NOBODY      "redis: no server is known that has the key"
#define NO_TIME     "redis: others took the time to ask it"

struct command {
    int argc;
    const char **argv;
    const size_t *lengths;
};

struct redis_sessions {
    struct redis_topology *topology;
    int timeout_ms;
    struct redis_dialer *dialer;
    struct redis_roster roster;
    size_t pending;
    bool is_sent; /* what is pending */
    int64_t sent_us;
    struct redis_member *refusing; /* whose refusal was the last failure; NULL: it was none */
    enum redis_session_fault fault;
    struct redis_complaints complaints;
};

static struct redis_member *member_next(struct redis_sessions *sessions, struct text key,
                                        const struct redis_redirect *redirect);
static struct redis_member *member_of(struct redis_sessions *sessions, struct text key);
static bool is_sliced(const struct redis_sessions *sessions);
static bool is_ready(struct redis_sessions *sessions, struct redis_member *member);
static struct redis_session *session_new(const struct redis_sessions *sessions,
                                         const struct redis_member *member);
static redisReply *ask(struct redis_sessions *sessions, struct redis_member *member, bool is_asking,
                       const struct command *command, struct error *error);
static redisReply *ask_ahead(struct redis_session *session, const struct command *command,
                             struct error *error);
static bool follow(struct redis_sessions *sessions, const struct redis_member *member,
                   struct redis_redirect *redirect, int *hops, int64_t deadline_us);
static void blame_nobody(struct redis_sessions *sessions, struct redis_member *member,
                         int64_t waited_us);
static void send_all(struct redis_sessions *sessions);
static bool is_to_be_sent(const struct redis_member *member);
static struct redis_member *find_untried(struct redis_sessions *sessions);
static void try(const struct redis_sessions *sessions, struct redis_member *member, int64_t by_us);
static redisReply *take(struct redis_sessions *sessions, struct redis_member *member,
                        struct error *error);
static void judge(struct redis_sessions *sessions, struct redis_member *member, int64_t began_us,
                  struct error *error);
static void judge_member(struct redis_sessions *sessions, struct redis_member *member,
                         struct text code, int64_t began_us, struct error *error);
static void name_member(const struct redis_member *member, struct error *error);
static void refuse(struct redis_sessions *sessions, const struct redis_member *member,
                   struct error *error);

struct redis_sessions *redis_sessions_new(struct redis_topology *topology, int timeout_ms)
{
    struct redis_sessions *sessions = MEMORY_NEW(struct redis_sessions);

    sessions->topology = topology;
    sessions->timeout_ms = timeout_ms;
    sessions->dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    return sessions;
}

void redis_sessions_free(struct redis_sessions *sessions)
{
    if (sessions == NULL)
        return;
    redis_roster_close(&sessions->roster);
    redis_dialer_free(sessions->dialer);
    free(sessions);
}

redisReply *redis_sessions_command(struct redis_sessions *sessions, struct text key,
                                   struct error *error, int argc, const char *argv[],
                                   const size_t lengths[])
{
    const int64_t began_us = clock_monotonic_us();
    const int64_t deadline_us = began_us + sessions->timeout_ms * MILLISECOND_US;
    const struct command command = {argc, argv, lengths};
    struct redis_redirect redirect = {.kind = REDIS_NO_REDIRECT};
    redisReply *reply = NULL;
    struct redis_member *member;
    int hops = 0;

    ASSERT(sessions->pending == 0);
    do {
        member = member_next(sessions, key, &redirect);
        if (!is_ready(sessions, member)) {
            refuse(sessions, member, error);
            return NULL;
        }
        reply = ask(sessions, member, redirect.kind == REDIS_ASK, &command, error);
    } while (reply == NULL && follow(sessions, member, &redirect, &hops, deadline_us));
    if (reply == NULL && sessions->fault == REDIS_SESSION_OF_PLACE)
        blame_nobody(sessions, member, clock_monotonic_us() - began_us);
    return reply;
}

void redis_sessions_append(struct redis_sessions *sessions, struct text key, int argc,
                           const char *argv[], const size_t lengths[])
{
    struct redis_member *member = member_of(sessions, key);

    if (member->pending == 0)
        member->takes_part = is_ready(sessions, member);
    member->pending++;
    sessions->pending++;
    if (member->takes_part)
        redis_session_append(member->session, argc, argv, lengths);
}

redisReply *redis_sessions_take(struct redis_sessions *sessions, struct text key,
                                struct error *error)
{
    return take(sessions, member_of(sessions, key), error);
}

bool redis_sessions_flush(struct redis_sessions *sessions, struct error *error)
{
    enum redis_session_fault fault = sessions->fault;
    struct error further;
    bool succeeded = true;

    for (uint16_t i = 0; sessions->pending > 0; i++) {
        struct redis_roster *roster = &sessions->roster;
        struct redis_member *member =
            i < roster->map->node_count ? &roster->members[i] : &roster->nobody;

        while (member->pending > 0) {
            redisReply *reply = take(sessions, member, succeeded ? error : &further);

            if (reply == NULL && succeeded)
                fault = sessions->fault;
            succeeded &= reply != NULL;
            freeReplyObject(reply);
        }
    }
    sessions->fault = fault;
    return succeeded;
}

enum redis_session_fault redis_sessions_fault(const struct redis_sessions *sessions)
{
    return sessions->fault;
}

bool redis_sessions_rests(struct redis_sessions *sessions, struct text key)
{
    return redis_roster_rests(member_of(sessions, key));
}

/* It has answered, so the topology need not be doubted. */
void redis_sessions_rest(struct redis_sessions *sessions, const struct error *error)
{
    struct redis_member *member = sessions->refusing;

    if (member == NULL || redis_roster_rests(member) || !is_sliced(sessions))
        return;
    member->refusal_us = member->refusal_us == 0 ? REST_US_MIN : 2 * member->refusal_us;
    if (member->refusal_us > REST_US_MAX)
        member->refusal_us = REST_US_MAX;
    redis_roster_rest(&sessions->roster, member, member->refusal_us, error);
}

void redis_sessions_wake(struct redis_sessions *sessions)
{
    redis_roster_wake(&sessions->roster);
}

static struct redis_member *member_next(struct redis_sessions *sessions, struct text key,
                                        const struct redis_redirect *redirect)
{
    if (redirect->kind == REDIS_MOVED || redirect->kind == REDIS_ASK)
        return redis_roster_find_at(&sessions->roster, &redirect->endpoint);
    return member_of(sessions, key);
}

static struct redis_member *member_of(struct redis_sessions *sessions, struct text key)
{
    if (sessions->pending == 0) {
        sessions->refusing = NULL;
        redis_roster_refresh(&sessions->roster, sessions->topology);
    }
    return redis_roster_find(&sessions->roster, key);
}

static bool is_sliced(const struct redis_sessions *sessions)
{
    return sessions->roster.map->is_sliced;
}

/* False: it rests, or nobody has the slot. */
static bool is_ready(struct redis_sessions *sessions, struct redis_member *member)
{
    if (redis_roster_is_nobody(&sessions->roster, member) || redis_roster_rests(member))
        return false;
    if (member->session == NULL)
        member->session = session_new(sessions, member);
    redis_session_drop_stale(member->session);
    return true;
}

static struct redis_session *session_new(const struct redis_sessions *sessions,
                                         const struct redis_member *member)
{
    struct redis_access access = *redis_topology_access(sessions->topology);

    memcpy(access.node_id, member->id, sizeof(member->id));
    return redis_session_new(sessions->dialer, &member->endpoint, &access, sessions->timeout_ms);
}

/* `is_asking`: the node is about to get the key, and must be told that we know. */
static redisReply *ask(struct redis_sessions *sessions, struct redis_member *member, bool is_asking,
                       const struct command *command, struct error *error)
{
    const int64_t began_us = clock_monotonic_us();
    redisReply *reply = is_asking ? ask_ahead(member->session, command, error)
                                  : redis_session_command(member->session, error, command->argc,
                                                          command->argv, command->lengths);

    if (reply == NULL)
        judge(sessions, member, began_us, error);
    else
        member->refusal_us = 0;
    return reply;
}

static redisReply *ask_ahead(struct redis_session *session, const struct command *command,
                             struct error *error)
{
    struct error ignored;

    redis_session_append(session, 1, (const char *[]){"ASKING"}, NULL);
    redis_session_append(session, command->argc, command->argv, command->lengths);
    freeReplyObject(redis_session_take(session, &ignored));
    return redis_session_take(session, error);
}

/* Whether to ask again, and where. Waits a little if it is to be the same node. */
static bool follow(struct redis_sessions *sessions, const struct redis_member *member,
                   struct redis_redirect *redirect, int *hops, int64_t deadline_us)
{
    if (!is_sliced(sessions) || clock_monotonic_us() >= deadline_us)
        return false;
    *redirect = redis_redirect_read(redis_session_refusal(member->session), &member->endpoint);
    switch (redirect->kind) {
    case REDIS_MOVED:
    case REDIS_ASK:
        return ++*hops <= HOPS_MAX;
    case REDIS_TRY_AGAIN:
    case REDIS_NOT_SERVED:
        (void)usleep(PAUSE_US);
        *hops = 0;
        return true;
    case REDIS_NO_REDIRECT:
        break;
    }
    return false;
}

/* Nobody is known who would do better than who was asked last. Who then served nothing for a whole
 * timeout is as good as one that refuses. Who has a part of the keys serves others. */
static void blame_nobody(struct redis_sessions *sessions, struct redis_member *member,
                         int64_t waited_us)
{
    const struct redis_redirect last =
        redis_redirect_read(redis_session_refusal(member->session), &member->endpoint);

    sessions->fault = REDIS_SESSION_OF_NODE;
    sessions->refusing =
        last.kind != REDIS_TRY_AGAIN && waited_us >= sessions->timeout_ms * MILLISECOND_US ? member
                                                                                           : NULL;
}

/* A single server gets them when the first reply is read. In a cluster all end by one time, however
 * many nodes hang. First come those that are connected: so they have answered by the time the
 * others are connected to, or are not. */
static void send_all(struct redis_sessions *sessions)
{
    struct redis_roster *roster = &sessions->roster;
    struct redis_member *member;

    if (sessions->is_sent || !is_sliced(sessions))
        return;
    sessions->is_sent = true;
    sessions->sent_us = clock_monotonic_us();
    const int64_t by_us = sessions->sent_us + sessions->timeout_ms * MILLISECOND_US;

    for (uint16_t i = 0; i < roster->map->node_count; i++) {
        member = &roster->members[i];
        if (is_to_be_sent(member) && redis_session_fd(member->session) >= 0)
            redis_session_send(member->session, by_us);
    }
    while ((member = find_untried(sessions)) != NULL)
        try(sessions, member, by_us);
}

static bool is_to_be_sent(const struct redis_member *member)
{
    return member->pending > 0 && member->takes_part;
}

/* Of those that are not connected, the one that waits for longest: if one that hangs takes all the
 * time, the others are before it the next time. */
static struct redis_member *find_untried(struct redis_sessions *sessions)
{
    struct redis_roster *roster = &sessions->roster;
    struct redis_member *found = NULL;

    for (uint16_t i = 0; i < roster->map->node_count; i++) {
        struct redis_member *member = &roster->members[i];

        if (is_to_be_sent(member) && redis_session_has_unsent(member->session) &&
            (found == NULL || member->tried_us < found->tried_us))
            found = member;
    }
    return found;
}

/* With less than half of the time it would fail, and lose its turn. */
static void try(const struct redis_sessions *sessions, struct redis_member *member, int64_t by_us)
{
    const int64_t now_us = clock_monotonic_us();
    struct error no_time = {0};

    if (by_us - now_us >= sessions->timeout_ms * MILLISECOND_US / 2) {
        member->tried_us = now_us;
        redis_session_send(member->session, by_us);
        return;
    }
    (void)error_set(&no_time, NO_TIME);
    redis_session_give_up(member->session, &no_time);
}

static redisReply *take(struct redis_sessions *sessions, struct redis_member *member,
                        struct error *error)
{
    ASSERT(member->pending > 0 && sessions->pending > 0);
    send_all(sessions);
    member->pending--;
    sessions->pending--;
    sessions->is_sent = sessions->is_sent && sessions->pending > 0;
    if (!member->takes_part) {
        refuse(sessions, member, error);
        return NULL;
    }
    redisReply *reply = redis_session_take(member->session, error);
    if (reply == NULL)
        judge(sessions, member, sessions->sent_us, error);
    else
        member->refusal_us = 0;
    return reply;
}

/* What a failure means for the caller, and for the topology. */
static void judge(struct redis_sessions *sessions, struct redis_member *member, int64_t began_us,
                  struct error *error)
{
    const struct text refusal = redis_session_refusal(member->session);
    const struct text code = text_is_absent(refusal) ? TEXT("") : redis_error_code(refusal);

    sessions->refusing = NULL;
    sessions->fault = redis_session_fault(member->session);
    if (is_sliced(sessions)) {
        judge_member(sessions, member, code, began_us, error);
        return;
    }
    if (code.length > 0)
        redis_redirect_tell_cluster(refusal, &member->endpoint, &sessions->complaints);
    if (sessions->fault == REDIS_SESSION_OF_PLACE)
        sessions->fault =
            text_equal(code, TEXT("CLUSTERDOWN")) ? REDIS_SESSION_OF_REDIS : REDIS_SESSION_OF_CALL;
    if (sessions->fault == REDIS_SESSION_OF_REDIS &&
        (code.length == 0 || text_equal(code, TEXT("READONLY"))))
        redis_topology_doubt(sessions->topology, "the server is lost, or takes no writes");
}

/* A node that refuses at once may still answer other questions, so it rests only if the caller
 * says so. */
static void judge_member(struct redis_sessions *sessions, struct redis_member *member,
                         struct text code, int64_t began_us, struct error *error)
{
    const int64_t rest_us = 2 * (clock_monotonic_us() - began_us);

    if (text_equal(code, TEXT("MOVED")))
        redis_topology_doubt(sessions->topology, "another server has the key");
    if (sessions->fault != REDIS_SESSION_OF_REDIS)
        return;
    sessions->fault = REDIS_SESSION_OF_NODE;
    name_member(member, error);
    if (code.length > 0) {
        sessions->refusing = member;
        return;
    }
    if (redis_session_is_silent(member->session) && !redis_roster_rests(member))
        redis_roster_rest(&sessions->roster, member, rest_us > REST_US_MIN ? rest_us : REST_US_MIN,
                          error);
    redis_topology_doubt(sessions->topology, "a server does not answer");
}

/* A failed connect has named it already. */
static void name_member(const struct redis_member *member, struct error *error)
{
    const struct error cause = *error;
    char where[REDIS_ENDPOINT_BYTES];

    redis_endpoint_write(&member->endpoint, where);
    if (strstr(cause.message, where) == NULL)
        (void)error_set(error, "%s: %s", where, cause.message);
}

/* For a node that is not asked. */
static void refuse(struct redis_sessions *sessions, const struct redis_member *member,
                   struct error *error)
{
    sessions->refusing = NULL;
    if (!redis_roster_is_nobody(&sessions->roster, member)) {
        sessions->fault = REDIS_SESSION_OF_NODE;
        *error = member->failure;
        return;
    }
    sessions->fault =
        sessions->roster.map->node_count == 0 ? REDIS_SESSION_OF_REDIS : REDIS_SESSION_OF_NODE;
    (void)error_set(error, NOBODY);
    redis_topology_doubt(sessions->topology, "no server is known that has a key");
}
