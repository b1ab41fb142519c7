/* SPDX-License-Identifier: MIT */
#include "hostile_app.h"

#include "good_app.h"
#include "hostile_requests.h"

#include "auth/api_key.h"
#include "base/memory.h"
#include "flood_requests.h"
#include "support/cmocka.h"
#include "support/expect.h"

#define LIMITS         8
#define CHECKS         1000
#define CHECKS_FEW     100
#define CHECKS_AT_ONCE 32
#define MADE_UP_KEYS   5000

/* 256 bytes of a user's name, written in six times as many; 200 of a route, 64 of a role. */
#define TEN_ESCAPES "\\u0061\\u0062\\u0063\\u0064\\u0065\\u0066\\u0067\\u0068\\u0069\\u006a"
#define FIFTY       "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

void hostile_add_policy(struct siege *siege)
{
    for (int i = 0; i < siege->app_count; i++)
        tenant_policy(siege->apps[i],
                      "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
}

void hostile_add_any_route(struct siege *siege)
{
    tenant_policy(siege->apps[0], "{'route_key':'*','limit':1000000000,'window_seconds':31536000}");
}

void hostile_add_limits(struct siege *siege)
{
    char limits[1024] = "";

    for (int i = 0; i < LIMITS; i++) {
        const size_t length = strlen(limits);
        (void)snprintf(limits + length, sizeof(limits) - length,
                       "%s{'name':'l%d','limit':1000000000,'window_seconds':%d}", i == 0 ? "" : ",",
                       i, 31536000 - i);
    }
    tenant_policy(siege->apps[0], "{'route_key':'/a','limits':[%s]}", limits);
}

void hostile_add_crafted_policies(struct siege *siege)
{
    char route[CRAFTED_ROUTE_BYTES];

    for (int i = 0; i < siege->options->policies - 1; i++) {
        craft_route(i, route);
        tenant_policy(siege->apps[0],
                      "{'route_key':'%s','limit':1000000000,'window_seconds':31536000}", route);
    }
    hostile_add_any_route(siege);
}

void hostile_add_queues(struct siege *siege)
{
    tenant_policy(siege->apps[0], "{'route_key':'/queue','algorithm':'leaky_bucket',"
                                  "'rate':'1/s','burst':1000000}");
    tenant_policy(siege->good, "{'route_key':'/queue','algorithm':'leaky_bucket',"
                               "'rate':'1000/s','burst':1000}");
}

void hostile_add_good_policy(struct siege *siege)
{
    EXPECT(good_saves_policy(siege->good, "load", "/a"), 201, NULL);
}

void hostile_add_both(struct siege *siege)
{
    hostile_add_policy(siege);
    hostile_add_good_policy(siege);
}

void hostile_add_and_use_up(struct siege *siege)
{
    hostile_add_policy(siege);
    good_uses_up(siege);
}

void hostile_fill_log(struct siege *siege)
{
    hostile_add_policy(siege);
    for (int i = 0; i < CHECKS; i++)
        (void)client_check(siege->apps[0], "ada", "/a");
}

static const char *key_of(const struct siege *siege, int app)
{
    return client_key(siege->apps[app]);
}

void hostile_ask_one_user(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, key_of(siege, app), "POST", "/check",
                    "{'user_id':'ada','route_key':'/a'}");
}

void hostile_ask_new_user(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, key_of(siege, app), "POST", "/check",
                    "{'user_id':'" FLOOD_NUMBER "','route_key':'/a'}");
}

void hostile_ask_to_wait(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, key_of(siege, app), "POST", "/check",
                    "{'user_id':'ada','route_key':'/queue','wait':true}");
}

void hostile_ask_why(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, key_of(siege, app), "POST", "/check",
                    "{'user_id':'ada','role':'some','explain':true,'route_key':'/" FIFTY FIFTY FIFTY
                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}");
}

void hostile_ask_batch(struct siege *siege, int app, FILE *requests)
{
    hostile_batch(requests, key_of(siege, app), CHECKS, "{'user_id':'user-$','route_key':'/a'}");
}

/* All of it is asked of the store at once. */
void hostile_ask_small_batch(struct siege *siege, int app, FILE *requests)
{
    hostile_batch(requests, key_of(siege, app), CHECKS_AT_ONCE,
                  "{'user_id':'user-$','route_key':'/a'}");
}

void hostile_ask_batch_of_new_users(struct siege *siege, int app, FILE *requests)
{
    char check[64];

    (void)snprintf(check, sizeof(check), "{'user_id':'%d-" FLOOD_NUMBER "-$','route_key':'/a'}",
                   siege->rounds);
    hostile_batch(requests, key_of(siege, app), CHECKS, check);
}

void hostile_ask_batch_by_crafted(struct siege *siege, int app, FILE *requests)
{
    hostile_batch(requests, key_of(siege, app), CHECKS_FEW,
                  "{'user_id':'ada','role':'some','route_key':'/" FIFTY FIFTY FIFTY
                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx$'}");
}

void hostile_ask_large_batch(struct siege *siege, int app, FILE *requests)
{
    hostile_batch(
        requests, key_of(siege, app), CHECKS,
        "{'user_id':'" TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES
            TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES TEN_ESCAPES
        "$','role':'" FIFTY "','route_key':'/" FIFTY FIFTY FIFTY "'}");
}

void hostile_ask_batch_of_long_names(struct siege *siege, int app, FILE *requests)
{
    hostile_batch(requests, key_of(siege, app), CHECKS_FEW,
                  "{'user_id':'" FLOOD_NUMBER FIFTY FIFTY FIFTY FIFTY "','role':'" FIFTY
                  "','route_key':'/" FIFTY FIFTY FIFTY "$'}");
}

void hostile_ask_batch_of_new_routes(struct siege *siege, int app, FILE *requests)
{
    hostile_batch(requests, key_of(siege, app), CHECKS_FEW,
                  "{'user_id':'ada','role':'r$','route_key':'/" FLOOD_NUMBER "/$'}");
}

void hostile_save_policy(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, key_of(siege, app), "POST", "/policy",
                    "{'route_key':'/saved','limit':1" FLOOD_NUMBER ",'window_seconds':60}");
}

void hostile_read_log(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, key_of(siege, app), "GET", "/logs/latest?limit=1000", NULL);
}

void hostile_read_usage(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, key_of(siege, app), "GET", "/usage?window=1d&step=1m", NULL);
}

void hostile_ask_by_made_up_keys(struct siege *siege, int app, FILE *requests)
{
    char key[API_KEY_BYTES + 1];

    (void)siege;
    (void)app;
    for (int i = 0; i < MADE_UP_KEYS; i++) {
        api_key_generate(key);
        hostile_request(requests, key, "POST", "/check", "{'user_id':'ada','route_key':'/a'}");
    }
}

void hostile_do_what_is_logged(struct siege *siege, int app, FILE *requests)
{
    hostile_request(requests, "none", "POST", "/check", "{'user_id':'ada','route_key':'/a'}");
    hostile_request(requests, key_of(siege, app), "POST", "/reset",
                    "{'user_id':'ada','route_key':'/a'}");
    hostile_request(requests, key_of(siege, app), "POST", "/policy", "{'route_key':'/a'}");
}

void hostile_greet(struct siege *siege, int app, FILE *requests)
{
    (void)siege;
    (void)app;
    (void)fwrite(FLOOD_HELLO, 1, sizeof(FLOOD_HELLO), requests);
}
