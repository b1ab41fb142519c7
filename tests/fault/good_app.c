/* SPDX-License-Identifier: MIT */
#include "good_app.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"

#include <time.h>

#define WAIT_SECONDS 20
#define PAUSE_NS     5000000
/* There is room for this batch beside those of sixty other apps. */
#define USED_UP_BATCHES  8
#define BATCH_CHECKS     250
#define USED_UP          2000L /* counters, in all batches */
#define BATCH_BYTES      (BATCH_CHECKS * 64)
#define LOCAL_CHECKS     5
#define LOCAL_LIMIT      1000
#define HANDED_BACK_MAX  5000 /* at most half of the other app's, before the good app's */
#define NEWCOMERS        5
#define ROUTE_LOGGED     "/of-the-good-app"
#define LINES_MAX        500
#define LAST_CHECKS      50
#define LARGE_BODY_BYTES (24 * 1024)

static const struct hostility_figure handed_back = {"sluice_handed_back_total", "result=\"done\""};

/* Look-ups are counted by address, and this is not the address of the hostile app. */
static const char *const elsewhere[] = {"X-Forwarded-For: 192.0.2.1", NULL};

static const struct hostility_figure breakers_open = {"sluice_store_breakers_open", ""};

static void expect_used_up(struct siege *siege, struct client *client, const char *where);
static long count_used_up(struct client *client);
static bool is_used_up(const json_t *result);
static const struct reply *batch_once(struct client *client, int number);
static bool holds_in_time(bool (*condition)(struct siege *siege), struct siege *siege);
static bool is_handed_back(struct siege *siege);
static bool has_its_line(struct siege *siege);
static bool has_its_log(struct siege *siege);
static bool has_its_usage(struct siege *siege);

const struct reply *good_waits(struct client *client, const char *user_id, const char *route_key)
{
    (void)route_key;
    return client_post(client, "/check", "{'user_id':'%s','route_key':'/queue','wait':true}",
                       user_id);
}

const struct reply *good_batches(struct client *client, const char *user_id, const char *route_key)
{
    char check[128];

    (void)snprintf(check, sizeof(check), "{'user_id':'%s','route_key':'%s'}", user_id, route_key);
    return client_post(client, "/check/batch", "{'checks':[%s,%s,%s,%s,%s,%s,%s,%s,%s,%s]}", check,
                       check, check, check, check, check, check, check, check, check);
}

const struct reply *good_connects(struct client *client, const char *user_id, const char *route_key)
{
    client_disconnect(client);
    return client_check(client, user_id, route_key);
}

/* One check in a body of 24 KiB: little to decide, but much to receive. */
const struct reply *good_sends_much(struct client *client, const char *user_id,
                                    const char *route_key)
{
    static _Thread_local char body[LARGE_BODY_BYTES];

    memset(body, ' ', sizeof(body));
    const int length =
        snprintf(body, sizeof(body), "{\"checks\":[{\"user_id\":\"%s\",\"route_key\":\"%s\"}",
                 user_id, route_key);
    body[length] = ' ';
    memcpy(body + sizeof(body) - 2, "]}", 2);
    return client_send(client, "POST", "/check/batch", body, sizeof(body));
}

const struct reply *good_saves_policy(struct client *client, const char *user_id,
                                      const char *route_key)
{
    (void)user_id;
    (void)route_key;
    return client_post(client, "/policy",
                       "{'route_key':'/saved','limit':1000000000,'window_seconds':31536000}");
}

const struct reply *good_reads_log(struct client *client, const char *user_id,
                                   const char *route_key)
{
    (void)user_id;
    (void)route_key;
    return client_get(client, "/logs/latest?limit=10");
}

void good_uses_up(struct siege *siege)
{
    tenant_policy(siege->good, "{'route_key':'/once','limit':1,'window_seconds':31536000}");
    WAIT_FOR (WAIT_SECONDS, batch_once(siege->good, 0)->status == 200)
        ;
    for (int i = 1; i < USED_UP_BATCHES; i++)
        EXPECT(batch_once(siege->good, i), 200, NULL);
    assert_int_equal(count_used_up(siege->good), USED_UP);
}

void good_expects_used_up(struct siege *siege)
{
    expect_used_up(siege, siege->good, "");
    if (siege->good_elsewhere != NULL)
        expect_used_up(siege, siege->good_elsewhere, " elsewhere");
}

void good_loses_redis(struct siege *siege)
{
    tenant_policy(siege->good, "{'route_key':'/small','limit':%d,'window_seconds':31536000}",
                  LOCAL_LIMIT);
    redis_server_pause(siege->world->redis);
    WAIT_FOR (WAIT_SECONDS, siege_figure(siege, &breakers_open) > 0)
        (void)client_check(siege->good, "load", "/a");
}

void good_expects_handed_back(struct siege *siege)
{
    for (int i = 0; i < LOCAL_CHECKS; i++)
        (void)client_check(siege->good, "ada", "/small");
    const double before = siege_figure(siege, &handed_back);
    redis_server_continue(siege->world->redis);
    const int64_t back_us = clock_monotonic_us();

    const bool is_back = holds_in_time(is_handed_back, siege);
    const double others = siege_figure(siege, &handed_back) - before;
    (void)snprintf(siege->remark, sizeof(siege->remark),
                   "%s after %lld ms, and %.0f of others before", is_back ? "handed back" : "lost",
                   (long long)((clock_monotonic_us() - back_us) / MILLISECOND_US), others);
    if (!is_back || others > (double)siege->hostile.answered / 2 || others > HANDED_BACK_MAX)
        siege_miss(siege, "%s", siege->remark);
}

void good_comes_anew(struct siege *siege)
{
    int64_t longest_us = 0;

    siege_wait_for(siege, &siege->row->figure, siege->figure_before + 1);
    for (int i = 0; i < NEWCOMERS; i++) {
        client_disconnect(siege->good);
        const struct reply *reply = client_check(siege->good, "ada", "/a");
        if (reply->status != 200)
            siege_miss(siege, "newcomer %d was answered %d: %.160s", i, reply->status, reply->body);
        longest_us = reply->took_us > longest_us ? reply->took_us : longest_us;
    }
    (void)snprintf(siege->remark, sizeof(siege->remark), "newcomers waited %lld ms at most",
                   (long long)(longest_us / MILLISECOND_US));
}

void good_comes_from_elsewhere(struct siege *siege)
{
    const struct hostility_figure connections = {"sluice_http_connections", ""};

    siege_wait_for(siege, &connections, (double)siege->connections);
    for (int i = 0; i < NEWCOMERS; i++) {
        struct client *there = tenant_new(siege->world->second);
        struct client *here = stranger_new(siege->world->service);

        client_set_key(here, client_key(there));
        client_set_headers(here, elsewhere);
        const struct reply *reply = client_check(here, "ada", "/a");
        if (reply->status != 404)
            siege_miss(siege, "newcomer %d was answered %d: %.160s", i, reply->status, reply->body);
        client_free(here);
        client_free(there);
    }
}

void good_expects_its_line(struct siege *siege)
{
    const struct hostility_figure lines = {"sluice_log_lines_total", "level=\"info\""};
    const double written = siege_figure(siege, &lines);

    tenant_policy(siege->good, "{'route_key':'" ROUTE_LOGGED "','limit':1,'window_seconds':60}");

    if (!holds_in_time(has_its_line, siege))
        siege_miss(siege, "the good app's policy has no line");
    (void)snprintf(siege->remark, sizeof(siege->remark), "%.0f lines", written);
    if (written > LINES_MAX)
        siege_miss(siege, "%s", siege->remark);
}

void good_expects_its_usage(struct siege *siege)
{
    if (!holds_in_time(has_its_usage, siege))
        siege_miss(siege, "the usage of the good app is %.200s",
                   client_get(siege->good, "/usage")->body);
}

void good_expects_its_log(struct siege *siege)
{
    for (int i = 0; i < LAST_CHECKS; i++)
        (void)client_check(siege->good, "last", "/a");
    if (!holds_in_time(has_its_log, siege))
        siege_miss(siege, "the log of the good app has not its last decisions");
}

static void expect_used_up(struct siege *siege, struct client *client, const char *where)
{
    const long used_up = count_used_up(client);

    (void)snprintf(siege->remark, sizeof(siege->remark), "%ld of %ld counters still used up%s",
                   used_up, USED_UP, where);
    if (used_up < USED_UP)
        siege_miss(siege, "%s", siege->remark);
}

static long count_used_up(struct client *client)
{
    long count = 0;

    for (int i = 0; i < USED_UP_BATCHES; i++) {
        const struct reply *reply = batch_once(client, i);
        size_t index;
        json_t *result;

        json_array_foreach (reply_at(reply, "results"), index, result)
            count += is_used_up(result);
    }
    return count;
}

/* The counter itself must say so, and not a process that decides without it. */
static bool is_used_up(const json_t *result)
{
    const json_t *remaining = json_object_get(result, "remaining");

    return json_integer_value(json_object_get(result, "status")) == 429 && remaining != NULL &&
           json_integer_value(remaining) == 0 && json_object_get(result, "degraded") == NULL;
}

static const struct reply *batch_once(struct client *client, int number)
{
    static char body[BATCH_BYTES];
    int length = snprintf(body, sizeof(body), "{\"checks\":[");

    for (int i = 0; i < BATCH_CHECKS; i++)
        length += snprintf(body + length, sizeof(body) - (size_t)length,
                           "%s{\"user_id\":\"%d-%d\",\"route_key\":\"/once\"}", i == 0 ? "" : ",",
                           number, i);
    length += snprintf(body + length, sizeof(body) - (size_t)length, "]}");
    return client_send(client, "POST", "/check/batch", body, (size_t)length);
}

/* False when the time is over. That does not end the test. */
static bool holds_in_time(bool (*condition)(struct siege *siege), struct siege *siege)
{
    const int64_t until_us = clock_monotonic_us() + WAIT_SECONDS * SECOND_US;

    while (!condition(siege)) {
        if (clock_monotonic_us() > until_us)
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    return true;
}

static bool has_its_line(struct siege *siege)
{
    return scratch_contains(service_log(siege->world->service), ROUTE_LOGGED);
}

static bool is_handed_back(struct siege *siege)
{
    const struct reply *reply = client_look(siege->good, "ada", "/small");

    return reply->status == 200 && reply_at(reply, "degraded") == NULL &&
           reply_integer(reply, "remaining") == LOCAL_LIMIT - LOCAL_CHECKS;
}

static bool has_its_log(struct siege *siege)
{
    const struct reply *reply = client_get(siege->good, "/logs/latest?limit=%d", LAST_CHECKS);
    int count = 0;
    size_t index;
    json_t *entry;

    json_array_foreach (reply->json, index, entry)
        count += strcmp(json_string_value(json_object_get(entry, "user_id")), "last") == 0;
    return count == LAST_CHECKS;
}

static bool has_its_usage(struct siege *siege)
{
    const struct reply *reply = client_get(siege->good, "/usage");

    return reply->status == 200 && strstr(reply->body, "\"route\":\"/a\"") != NULL;
}
