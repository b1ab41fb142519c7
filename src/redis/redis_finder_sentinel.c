/* SPDX-License-Identifier: MIT
 *
 * The master is where a sentinel says, if the server there says so, too: a sentinel may be behind.
 * A master that was demoted while it was cut off still says that it is one. So the sentinels' epoch
 * decides, which is higher after each failover: no answer with a lower one than that of the last
 * master is believed. The exception is that most sentinels have lower ones: then they have been set
 * up anew. The first look asks all; another one ends at the first that knows of a new master.
 *
 * A sentinel of the URL may watch a master of somebody else under the same name. So once there is a
 * master, its group is believed: who has named it, and whom those know. A stranger is believed only
 * if all have been asked and none of the group answers, and our master does not say that it is one.
 *
 * A failover is told by a subscription at the sentinel that named the master. A demoted master
 * takes writes until a sentinel has made it a replica, which may be ten seconds later, and all
 * these writes are lost. So the sentinel must be heard at once. It may also hang, or be cut off
 * without an end of the connection. So it is sent a PING every second, and if it does not answer,
 * another one is asked. It may be cut off from the other sentinels only, so all are asked every few
 * seconds. */
#include "redis_finder.h"

#include "base/clock.h"
#include "base/memory.h"
#include "redis_sentinel_list.h"

#include <poll.h>

#define PING_US SECOND_US
#define DEAF_US SECOND_US       /* how often there is a look without a subscription */
#define ALL_US  (5 * SECOND_US) /* and with one */
/* Whoever floods us with messages does not keep us from all else. */
#define HEAR_US    (100 * MILLISECOND_US)
#define WORD_COUNT 3

/* What a sentinel says. */
struct answer {
    struct redis_endpoint master;
    uint64_t epoch; /* zero if it may not say it */
};

/* What the sentinels have said in one look. */
struct look {
    bool has_found;
    struct answer found;             /* the newest of which the server says so, too */
    struct redis_endpoint no_master; /* the last one that was named, and says no or nothing */
    size_t behind;                   /* how many know only of earlier masters than ours */
    struct answer earlier;           /* the newest of those */
    struct answer strange;           /* the first answer of a stranger; no host: none */
    struct redis_endpoint stranger;
};

struct redis_finder {
    const struct redis_topology_options *options;
    const struct redis_access *access;
    struct redis_access sentinel_access;
    struct redis_dialer *dialer;
    struct redis_sentinel_list list; /* first the one that named the master */
    int64_t until_us;                /* when the look ends */
    struct answer known;             /* the last one that was found; at first it has no host */
    bool has_answer;                 /* of a sentinel, in the last look */
    struct redis_endpoint answered;  /* which one; the one that was right, if any was */
    struct redis_session *ear;       /* subscribed at `ear_at`; NULL: deaf */
    struct redis_endpoint ear_at;
};

static bool has_master(const struct redis_finder *finder);
static bool is_news(const struct redis_finder *finder, const struct look *look);
static bool look_at_first(struct redis_finder *finder, struct look *look, struct error *error);
static bool weigh(struct redis_finder *finder, struct look *look, const struct answer *answer,
                  const redisReply *others, struct error *error);
static bool check(struct redis_finder *finder, struct look *look, const struct answer *answer,
                  struct error *error);
static bool explain(struct error *error, const struct redis_endpoint *endpoint);
static bool note_strange(struct look *look, const struct answer *answer,
                         const struct redis_endpoint *sentinel, struct error *error);
static void consider_strange(struct redis_finder *finder, struct look *look, struct error *error);
static bool ask(struct redis_finder *finder, struct redis_session *session, struct answer *answer,
                struct error *error);
static bool is_of_group(const struct redis_finder *finder, const struct answer *answer);
static uint64_t ask_epoch(struct redis_finder *finder, struct redis_session *session,
                          struct error *error);
static redisReply *ask_others(struct redis_finder *finder, struct redis_session *session);
static void begin_group(struct redis_finder *finder, const redisReply *others);
static void learn(struct redis_finder *finder, const redisReply *others);
static bool is_master(struct redis_finder *finder, const struct redis_endpoint *master,
                      struct error *error);
static bool ear_is_open(const struct redis_finder *finder);
static void ear_open(struct redis_finder *finder);
static void ear_listen(struct redis_finder *finder, int wake_fd, int64_t until_us);
static bool ear_hears_nothing(struct redis_finder *finder);
static bool ear_lives(struct redis_finder *finder);
static void ear_close(struct redis_finder *finder);

static struct redis_finder *sentinel_new(const struct redis_topology_options *options,
                                         const struct redis_access *access,
                                         struct redis_dialer *dialer)
{
    struct redis_finder *finder = MEMORY_NEW(struct redis_finder);

    finder->options = options;
    finder->access = access;
    finder->sentinel_access =
        (struct redis_access){.login = options->sentinel_login, .tls = access->tls};
    finder->dialer = dialer;
    redis_sentinel_list_init(&finder->list, &options->url);
    return finder;
}

/* The next look goes on where it ends, behind the sentinel that was believed. */
static struct redis_map *sentinel_look(struct redis_finder *finder, struct error *error)
{
    struct look look = {0};
    size_t left = finder->list.count;

    finder->until_us = clock_monotonic_us() + REDIS_FINDER_LOOK_US;
    finder->has_answer = false;
    *error = (struct error){0};
    for (; left > 0 && !is_news(finder, &look) && clock_monotonic_us() < finder->until_us; left--) {
        struct error cause = {0};

        if (!look_at_first(finder, &look, &cause))
            error_set(error, "%s%s%s", error->message, error->message[0] == '\0' ? "" : "; ",
                      cause.message);
        redis_sentinel_list_turn(&finder->list);
    }
    if (!look.has_found && 2 * look.behind > finder->list.count)
        (void)check(finder, &look, &look.earlier, error);
    if (!look.has_found && !finder->has_answer && left == 0 && look.strange.master.host[0] != '\0')
        consider_strange(finder, &look, error);
    if (finder->has_answer)
        redis_sentinel_list_prefer(&finder->list, &finder->answered);
    if (!look.has_found)
        return NULL;
    finder->known = look.found;
    struct redis_map *map = redis_map_new(1);
    map->nodes[0].endpoint = look.found.master;
    return map;
}

/* A new subscription may have missed what was said before, so then another look is due at once. */
static void sentinel_wait(struct redis_finder *finder, int wake_fd, int64_t until_us)
{
    const int64_t look_us = clock_monotonic_us() + DEAF_US;
    const int64_t all_us = clock_monotonic_us() + ALL_US;

    if (ear_is_open(finder)) {
        ear_listen(finder, wake_fd, all_us < until_us ? all_us : until_us);
        return;
    }
    ear_close(finder);
    if (finder->has_answer)
        ear_open(finder);
    if (finder->ear == NULL)
        redis_finder_wait(finder, wake_fd, look_us < until_us ? look_us : until_us);
}

static void sentinel_free(struct redis_finder *finder)
{
    ear_close(finder);
    free(finder);
}

static bool has_master(const struct redis_finder *finder)
{
    return finder->known.master.host[0] != '\0';
}

static bool is_news(const struct redis_finder *finder, const struct look *look)
{
    return look->has_found && has_master(finder) &&
           (look->found.epoch > finder->known.epoch ||
            !redis_endpoint_equal(&look->found.master, &finder->known.master));
}

static bool look_at_first(struct redis_finder *finder, struct look *look, struct error *error)
{
    const struct redis_endpoint *sentinel = &finder->list.sentinels[0].endpoint;
    struct redis_session *session =
        redis_finder_session(finder->dialer, sentinel, &finder->sentinel_access, finder->until_us);
    struct answer answer = {0};
    redisReply *others = NULL;
    bool is_right;

    if (!ask(finder, session, &answer, error)) {
        is_right = explain(error, sentinel);
    } else if (has_master(finder) && !is_of_group(finder, &answer)) {
        is_right = note_strange(look, &answer, sentinel, error);
    } else {
        others = ask_others(finder, session);
        is_right = weigh(finder, look, &answer, others, error);
    }
    freeReplyObject(others);
    redis_session_free(session);
    return is_right;
}

static bool weigh(struct redis_finder *finder, struct look *look, const struct answer *answer,
                  const redisReply *others, struct error *error)
{
    const struct redis_endpoint *sentinel = &finder->list.sentinels[0].endpoint;

    if (has_master(finder) || !look->has_found)
        learn(finder, others);
    if (!finder->has_answer)
        finder->answered = *sentinel;
    finder->has_answer = true;
    if (answer->epoch < finder->known.epoch) {
        if (look->behind++ == 0 || answer->epoch > look->earlier.epoch)
            look->earlier = *answer;
        (void)error_set(error, "it knows only an earlier master");
        return explain(error, sentinel);
    }
    if (look->has_found && answer->epoch <= look->found.epoch)
        return true;
    /* Most sentinels name the same server, which is asked once. */
    if (redis_endpoint_equal(&answer->master, &look->no_master)) {
        (void)error_set(error, "it says the same");
        return explain(error, sentinel);
    }
    if (!check(finder, look, answer, error))
        return false;
    finder->answered = *sentinel;
    if (!has_master(finder))
        begin_group(finder, others);
    return true;
}

/* Whether the server says so, too. */
static bool check(struct redis_finder *finder, struct look *look, const struct answer *answer,
                  struct error *error)
{
    if (!is_master(finder, &answer->master, error)) {
        look->no_master = answer->master;
        return explain(error, &answer->master);
    }
    look->found = *answer;
    look->has_found = true;
    return true;
}

/* Says at whom, unless the error does. */
static bool explain(struct error *error, const struct redis_endpoint *endpoint)
{
    char where[REDIS_ENDPOINT_BYTES];

    redis_endpoint_write(endpoint, where);
    if (strstr(error->message, where) == NULL)
        error_set(error, "%s: %s", where, error->message);
    return false;
}

static bool note_strange(struct look *look, const struct answer *answer,
                         const struct redis_endpoint *sentinel, struct error *error)
{
    if (look->strange.master.host[0] == '\0') {
        look->strange = *answer;
        look->stranger = *sentinel;
    }
    (void)error_set(error, "it watches another master");
    return explain(error, sentinel);
}

static void consider_strange(struct redis_finder *finder, struct look *look, struct error *error)
{
    struct error ignored;

    if (is_master(finder, &finder->known.master, &ignored) ||
        !check(finder, look, &look->strange, error))
        return;
    redis_sentinel_list_leave_group(&finder->list);
    finder->has_answer = true;
    finder->answered = look->stranger;
}

/* If there is a failover between both questions, the address is newer than the epoch, and never
 * older. */
static bool ask(struct redis_finder *finder, struct redis_session *session, struct answer *answer,
                struct error *error)
{
    const char *words[WORD_COUNT] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME",
                                     finder->options->url.master};

    answer->epoch = ask_epoch(finder, session, error);
    redisReply *reply = redis_session_is_silent(session)
                            ? NULL
                            : redis_session_command(session, error, WORD_COUNT, words, NULL);
    const bool is_known =
        reply != NULL && redis_sentinel_list_read_master(reply, &answer->master, error);

    freeReplyObject(reply);
    return is_known;
}

static bool is_of_group(const struct redis_finder *finder, const struct answer *answer)
{
    return finder->list.sentinels[0].is_of_group ||
           redis_endpoint_equal(&answer->master, &finder->known.master);
}

/* A sentinel that may not tell it is believed as long as no other one tells it. */
static uint64_t ask_epoch(struct redis_finder *finder, struct redis_session *session,
                          struct error *error)
{
    const char *words[WORD_COUNT] = {"SENTINEL", "MASTER", finder->options->url.master};
    redisReply *reply = redis_session_command(session, error, WORD_COUNT, words, NULL);
    const uint64_t epoch = reply == NULL ? 0 : redis_sentinel_list_read_epoch(reply);

    freeReplyObject(reply);
    return epoch;
}

/* NULL: it does not tell of others. */
static redisReply *ask_others(struct redis_finder *finder, struct redis_session *session)
{
    const char *words[WORD_COUNT] = {"SENTINEL", "SENTINELS", finder->options->url.master};
    struct error error;

    return redis_session_command(session, &error, WORD_COUNT, words, NULL);
}

/* The first look asks all, and perhaps for different masters. Whoever was asked before may be of
 * another group than the one which was right. */
static void begin_group(struct redis_finder *finder, const redisReply *others)
{
    redis_sentinel_list_leave_group(&finder->list);
    learn(finder, others);
}

/* A sentinel that does not tell of others is as good. */
static void learn(struct redis_finder *finder, const redisReply *others)
{
    finder->list.sentinels[0].is_of_group = true;
    if (others != NULL)
        redis_sentinel_list_learn(&finder->list, others);
}

/* The greeting of the session asks for the role. */
static bool is_master(struct redis_finder *finder, const struct redis_endpoint *master,
                      struct error *error)
{
    struct redis_session *session =
        redis_finder_session(finder->dialer, master, finder->access, finder->until_us);
    redisReply *reply = redis_session_command(session, error, 1, (const char *[]){"ROLE"}, NULL);
    const bool succeeded = reply != NULL;

    ASSERT(finder->access->needs_master);
    freeReplyObject(reply);
    redis_session_free(session);
    return succeeded;
}

/* At the sentinel that the last look believed; but if no one answered, the old one is as good. */
static bool ear_is_open(const struct redis_finder *finder)
{
    return finder->ear != NULL &&
           (!finder->has_answer || redis_endpoint_equal(&finder->ear_at, &finder->answered));
}

static void ear_open(struct redis_finder *finder)
{
    const char *words[] = {"SUBSCRIBE", "+switch-master"};
    struct error error;

    finder->ear_at = finder->answered;
    finder->ear =
        redis_finder_session(finder->dialer, &finder->ear_at, &finder->sentinel_access, INT64_MAX);
    redisReply *reply = redis_session_command(finder->ear, &error, ARRAY_COUNT(words), words, NULL);
    if (reply == NULL)
        ear_close(finder);
    freeReplyObject(reply);
}

static void ear_listen(struct redis_finder *finder, int wake_fd, int64_t until_us)
{
    int64_t ping_us = clock_monotonic_us() + PING_US;
    struct pollfd wake[] = {{.fd = wake_fd, .events = POLLIN},
                            {.fd = redis_session_fd(finder->ear), .events = POLLIN}};

    while (ear_hears_nothing(finder) && wake[0].revents == 0 && clock_monotonic_us() < until_us) {
        const int64_t next_us = ping_us < until_us ? ping_us : until_us;

        (void)poll(wake, ARRAY_COUNT(wake), duration_poll_ms(next_us - clock_monotonic_us()));
        if (clock_monotonic_us() < ping_us)
            continue;
        if (!ear_lives(finder))
            return;
        ping_us = clock_monotonic_us() + PING_US;
    }
}

/* False if the master has changed, or the subscription has ended. All that has come is heard,
 * because one look answers many messages: in a storm they would otherwise be worked off long after
 * its end. */
static bool ear_hears_nothing(struct redis_finder *finder)
{
    const int64_t until_us = clock_monotonic_us() + HEAR_US;
    redisReply *message = NULL;
    struct error error;
    bool is_switch = false;

    do {
        freeReplyObject(message);
        if (!redis_session_hear(finder->ear, &message, &error)) {
            ear_close(finder);
            return false;
        }
        is_switch |= message != NULL &&
                     redis_sentinel_list_tell_switch(message, finder->options->url.master);
    } while (message != NULL && clock_monotonic_us() < until_us);
    freeReplyObject(message);
    return !is_switch;
}

/* The answer may be a message, and then the PING's comes later. */
static bool ear_lives(struct redis_finder *finder)
{
    struct error error;

    redis_session_end_by(finder->ear, clock_monotonic_us() + REDIS_FINDER_SERVER_US);
    redisReply *reply =
        redis_session_command(finder->ear, &error, 1, (const char *[]){"PING"}, NULL);
    const bool is_switch =
        reply != NULL && redis_sentinel_list_tell_switch(reply, finder->options->url.master);

    if (reply == NULL)
        ear_close(finder);
    freeReplyObject(reply);
    return finder->ear != NULL && !is_switch;
}

static void ear_close(struct redis_finder *finder)
{
    redis_session_free(finder->ear);
    finder->ear = NULL;
}

const struct redis_finder_kind redis_finder_sentinel = {
    .is_fixed = false,
    .new = sentinel_new,
    .look = sentinel_look,
    .wait = sentinel_wait,
    .free = sentinel_free,
};
