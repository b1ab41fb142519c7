/* SPDX-License-Identifier: MIT
 *
 * Whatever is sent, the answer is a problem that says what is wrong, and never a 500. Nothing is
 * charged or saved. */
#include "base/arena.h"
#include "base/buffer.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define DEEP_16 "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"
#define WHO     "'user_id':'alice','route_key':'/a'"
#define NO_ID   "0123456789abcdef"
#define LIMIT   "'limit':5,'window_seconds':60"

struct bad_input {
    const char *body;   /* in single quotes; @300 stands for 300 letters */
    int status;         /* the answer's */
    const char *saying; /* the fault's pointer, or a part of the detail */
};

static const struct bad_input no_json[] = {
    {"", 400, "nothing"},
    {"   ", 400, "nothing"},
    {"{", 400, "line 1"},
    {"{" WHO "} x", 400, "line 1"},
    {"{" WHO "}{}", 400, "line 1"},
    {"{" WHO ",}", 400, "line 1"},
    {"{" WHO ",'cost':1,'cost':1}", 400, "line 1"},
    {"{user_id:'alice'}", 400, "line 1"},
    {"{'user_id':'a\\u0000b','route_key':'/a'}", 400, "line 1"},
    {"{'user\\u0000_id':'a','route_key':'/a'}", 400, "line 1"},
    {"{'user_id':'\xff','route_key':'/a'}", 400, "line 1"},
    {"{'user_id':'\xc0\xaf','route_key':'/a'}", 400, "line 1"},
    {"{'user_id':'\xed\xa0\x80','route_key':'/a'}", 400, "line 1"},
    {"{'user_id':'\\ud800','route_key':'/a'}", 400, "line 1"},
    {"{'user_id':'\t','route_key':'/a'}", 400, "line 1"},
    {"\xef\xbb\xbf{" WHO "}", 400, "line 1"},
    {"[" DEEP_16 "]", 400, "too many"},
    {"{" WHO ",'x':" DEEP_16 "}", 400, "too many"},
    {DEEP_16, 422, "object"},
    {"null", 422, "object"},
    {"7", 422, "object"},
    {"'text'", 422, "object"},
    {"[]", 422, "object"},
};

static const struct bad_input bad_checks[] = {
    {"{}", 422, "user_id"},
    {"{'user_id':'alice'}", 422, "/route_key"},
    {"{'route_key':'/a'}", 422, "user_id"},
    {"{'user_id':null,'route_key':'/a'}", 422, "user_id"},
    {"{" WHO ",'subjects':{'user':'alice'}}", 422, "/subjects/user"},
    {"{" WHO ",'ip':'::1','subjects':{'ip':'::1'}}", 422, "/subjects/ip"},
    {"{" WHO ",'subjects':'alice'}", 422, "/subjects"},
    {"{" WHO ",'subjects':{}}", 422, "/subjects"},
    {"{" WHO ",'subjects':{'org':null}}", 422, "/subjects/org"},
    {"{" WHO ",'subjects':{'org':''}}", 422, "/subjects/org"},
    {"{" WHO ",'subjects':{'org':'@257'}}", 422, "/subjects/org"},
    {"{" WHO ",'subjects':{'org':'acme','org':'acme'}}", 400, "duplicate"},
    {"{" WHO ",'subjects':{'Org':'acme'}}", 422, "/subjects/Org"},
    {"{" WHO ",'subjects':{'':'acme'}}", 422, "/subjects/"},
    {"{" WHO ",'subjects':{'@33':'acme'}}", 422, "/subjects/"},
    {"{" WHO ",'costs':7}", 422, "/costs"},
    {"{" WHO ",'costs':{'tokens':-1}}", 422, "/costs/tokens"},
    {"{" WHO ",'costs':{'tokens':null}}", 422, "/costs/tokens"},
    {"{" WHO ",'costs':{'tokens':9007199254740992}}", 422, "/costs/tokens"},
    {"{" WHO ",'costs':{'To kens':1}}", 422, "/costs/To kens"},
    {"{" WHO ",'costs':{'requests':1}}", 422, "/costs/requests"},
    {"{" WHO ",'unknown':1}", 422, "/unknown"},
    {"{" WHO ",'a/b~c':1}", 422, "/a~1b~0c"},
    {"{'user_id':7,'route_key':'/a'}", 422, "/user_id"},
    {"{'user_id':true,'route_key':'/a'}", 422, "/user_id"},
    {"{'user_id':['alice'],'route_key':'/a'}", 422, "/user_id"},
    {"{'user_id':{},'route_key':'/a'}", 422, "/user_id"},
    {"{'user_id':'','route_key':'/a'}", 422, "/user_id"},
    {"{'user_id':'@257','route_key':'/a'}", 422, "/user_id"},
    {"{'user_id':'alice','route_key':''}", 422, "/route_key"},
    {"{'user_id':'alice','route_key':'@201'}", 422, "/route_key"},
    {"{'user_id':'alice','route_key':7}", 422, "/route_key"},
    {"{" WHO ",'role':''}", 422, "/role"},
    {"{" WHO ",'role':'@65'}", 422, "/role"},
    {"{" WHO ",'role':0}", 422, "/role"},
    {"{'ip':'','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'192.0.2','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'192.0.2.256','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'192.0.2.1 ','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'192.0.2.1/32','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'192.0.2.1:80','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'2001:db8:::1','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'fe80::1%eth0','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'[::1]','route_key':'/a'}", 422, "/ip"},
    {"{'ip':'@256','route_key':'/a'}", 422, "/ip"},
    {"{'ip':7,'route_key':'/a'}", 422, "/ip"},
    {"{'user_id':'alice','route_key':'/none'}", 404, "policy"},
};

static const struct bad_input bad_policies[] = {
    {"{}", 422, "/route_key"},
    {"{" LIMIT "}", 422, "/route_key"},
    {"{'route_key':'/b'}", 422, "/limit"},
    {"{'route_key':'/b','limit':5}", 422, "/window_seconds"},
    {"{'route_key':'/b','window_seconds':60}", 422, "/limit"},
    {"{'route_key':''," LIMIT "}", 422, "/route_key"},
    {"{'route_key':'@201'," LIMIT "}", 422, "/route_key"},
    {"{'route_key':'/*/b'," LIMIT "}", 422, "/route_key"},
    {"{'route_key':'**'," LIMIT "}", 422, "/route_key"},
    {"{'route_key':'/b\\n'," LIMIT "}", 422, "/route_key"},
    {"{'route_key':'/b','role':''," LIMIT "}", 422, "/role"},
    {"{'route_key':'/b','role':'@65'," LIMIT "}", 422, "/role"},
    {"{'route_key':'/b','user_id':''," LIMIT "}", 422, "/user_id"},
    {"{'route_key':'/b','user_id':'@257'," LIMIT "}", 422, "/user_id"},
    {"{'route_key':'/b','id':7," LIMIT "}", 422, "/id"},
    {"{'route_key':'/b','id':''," LIMIT "}", 422, "/id"},
    {"{'route_key':'/b','id':'281556DD916374B9'," LIMIT "}", 422, "/id"},
    {"{'route_key':'/b','id':'281556dd916374b9a'," LIMIT "}", 422, "/id"},
    {"{'route_key':'/b','version':'1'," LIMIT "}", 422, "/version"},
    {"{'route_key':'/b','version':1.5," LIMIT "}", 422, "/version"},
    {"{'route_key':'/b','version':-1," LIMIT "}", 422, "/version"},
    {"{'route_key':'/b','version':{}," LIMIT "}", 422, "/version"},
    {"{'route_key':'/b','limit':-1,'window_seconds':60}", 422, "/limit"},
    {"{'route_key':'/b','limit':9007199254740992,'window_seconds':60}", 422, "/limit"},
    {"{'route_key':'/b','limit':1.5,'window_seconds':60}", 422, "/limit"},
    {"{'route_key':'/b','limit':'5','window_seconds':60}", 422, "/limit"},
    {"{'route_key':'/b','limit':5,'window_seconds':0}", 422, "/window_seconds"},
    {"{'route_key':'/b','limit':5,'window_seconds':-60}", 422, "/window_seconds"},
    {"{'route_key':'/b','limit':5,'window_seconds':31536001}", 422, "/window_seconds"},
    {"{'route_key':'/b','limit':5,'window_seconds':0.5}", 422, "/window_seconds"},
    {"{'route_key':'/b','algorithm':'leaking_roof'," LIMIT "}", 422, "/algorithm"},
    {"{'route_key':'/b','algorithm':1," LIMIT "}", 422, "/algorithm"},
    {"{'route_key':'/b','burst':5," LIMIT "}", 422, "/burst"},
    {"{'route_key':'/b','algorithm':'token_bucket','burst':-1," LIMIT "}", 422, "/burst"},
    {"{'route_key':'/b','rate':'5/m'," LIMIT "}", 422, "/limit"},
    {"{'route_key':'/b','rate':''}", 422, "/rate"},
    {"{'route_key':'/b','rate':'5'}", 422, "/rate"},
    {"{'route_key':'/b','rate':'5/'}", 422, "/rate"},
    {"{'route_key':'/b','rate':'/m'}", 422, "/rate"},
    {"{'route_key':'/b','rate':'-5/m'}", 422, "/rate"},
    {"{'route_key':'/b','rate':'5/0m'}", 422, "/rate"},
    {"{'route_key':'/b','rate':'5/week'}", 422, "/rate"},
    {"{'route_key':'/b','rate':'5/m '}", 422, "/rate"},
    {"{'route_key':'/b','rate':'5/366d'}", 422, "/rate"},
    {"{'route_key':'/b','rate':'99999999999999999999/m'}", 422, "/rate"},
    {"{'route_key':'/b','rate':60}", 422, "/rate"},
    {"{'route_key':'/b','limits':[]}", 422, "/limits"},
    {"{'route_key':'/b','limits':{}}", 422, "/limits"},
    {"{'route_key':'/b','limits':[7]}", 422, "/limits/0"},
    {"{'route_key':'/b','limits':[{" LIMIT "},{'limit':5}]}", 422, "/limits/1/window_seconds"},
    {"{'route_key':'/b','limits':[{" LIMIT ",'x':1}]}", 422, "/limits/0/x"},
    {"{'route_key':'/b','limits':[{" LIMIT "}]," LIMIT "}", 422, "/limit"},
    {"{'route_key':'/b','limits':[{'name':'n'," LIMIT "},{'name':'n'," LIMIT "}]}", 422, "/limits"},
    {"{'route_key':'/b','limits':[{'name':'a b'," LIMIT "}]}", 422, "/limits/0/name"},
    {"{'route_key':'/b','limits':[{" LIMIT "},{" LIMIT "},{" LIMIT "},{" LIMIT "},{" LIMIT "},"
     "{" LIMIT "},{" LIMIT "},{" LIMIT "},{" LIMIT "}]}",
     422, "/limits"},
    {"{'route_key':'/b','mode':'loud'," LIMIT "}", 422, "/mode"},
    {"{'route_key':'/b','is_active':'true'," LIMIT "}", 422, "/is_active"},
    {"{'route_key':'/b','is_active':1," LIMIT "}", 422, "/is_active"},
    {"{'route_key':'/b','on_store_error':'hope'," LIMIT "}", 422, "/on_store_error"},
    {"{'route_key':'/b','description':'@501'," LIMIT "}", 422, "/description"},
    {"{'route_key':'/b','unknown':null," LIMIT "}", 422, "/unknown"},
};

static const struct bad_input bad_batches[] = {
    {"{}", 422, "/checks"},
    {"{'checks':[]}", 422, "/checks"},
    {"{'checks':{}}", 422, "/checks"},
    {"{'checks':[{" WHO ",'cost':0}],'x':1}", 422, "/x"},
    {"[{" WHO "}]", 422, "object"},
};

static const struct bad_input bad_resets[] = {
    {"{}", 422, "user_id"},
    {"{" WHO ",'subjects':{'user':'alice'}}", 422, "/subjects/user"},
    {"{" WHO ",'ip':'::1','subjects':{'ip':'::1'}}", 422, "/subjects/ip"},
    {"{" WHO ",'subjects':'alice'}", 422, "/subjects"},
    {"{" WHO ",'subjects':{}}", 422, "/subjects"},
    {"{" WHO ",'subjects':{'org':null}}", 422, "/subjects/org"},
    {"{" WHO ",'subjects':{'org':''}}", 422, "/subjects/org"},
    {"{" WHO ",'subjects':{'org':'@257'}}", 422, "/subjects/org"},
    {"{" WHO ",'subjects':{'org':'acme','org':'acme'}}", 400, "duplicate"},
    {"{" WHO ",'subjects':{'Org':'acme'}}", 422, "/subjects/Org"},
    {"{" WHO ",'subjects':{'':'acme'}}", 422, "/subjects/"},
    {"{" WHO ",'subjects':{'@33':'acme'}}", 422, "/subjects/"},
    {"{" WHO ",'cost':1}", 422, "/cost"},
    {"{" WHO ",'costs':{'tokens':1}}", 422, "/costs"},
    {"{" WHO ",'shared':1}", 422, "/shared"},
    {"{'user_id':'alice'}", 422, "/route_key"},
    {"{'policy_id':'" NO_ID "'}", 422, "user_id"},
    {"{" WHO ",'policy_id':'" NO_ID "'}", 422, "/route_key"},
    {"{'user_id':'alice','role':'gold','policy_id':'" NO_ID "'}", 422, "/role"},
    {"{'user_id':'alice','policy_id':7}", 422, "/policy_id"},
    {"{'user_id':'alice','policy_id':''}", 422, "/policy_id"},
    {"{'user_id':'alice','policy_id':'0123456789ABCDEF'}", 422, "/policy_id"},
    {"{'user_id':'alice','policy_id':'@17'}", 422, "/policy_id"},
    {"{'user_id':'alice','policy_id':'" NO_ID "'}", 404, "policy"},
    {"{'user_id':'alice','route_key':'/none'}", 404, "policy"},
};

static const struct bad_input bad_registrations[] = {
    {"{}", 422, "/name"},
    {"{'name':''}", 422, "/name"},
    {"{'name':'@101'}", 422, "/name"},
    {"{'name':7}", 422, "/name"},
    {"{'name':'n','app_id':'app_000000000000'}", 422, "/app_id"},
};

static const struct bad_input bad_deletions[] = {
    {"{}", 422, "/route_key"},
    {"{'route_key':7}", 422, "/route_key"},
    {"{'route_key':'/a','limit':5}", 422, "/limit"},
    {"{'route_key':'/none'}", 404, NULL},
    {"{'route_key':'/a','role':'admin'}", 404, NULL},
};

/* Replaces ' by ", and each @<n> by n letters. The text is in `arena`. */
static struct text expand(struct arena *arena, const char *body)
{
    struct buffer out;

    buffer_init(&out, arena, 1024);
    while (*body != '\0') {
        if (*body != '@') {
            buffer_add_char(&out, *body == '\'' ? '"' : *body);
            body++;
            continue;
        }
        char *end = NULL;
        for (long left = strtol(body + 1, &end, 10); left > 0; left--)
            buffer_add_char(&out, 'a');
        body = end;
    }
    return buffer_text(&out);
}

static void expect_nothing_happened(struct client *tenant)
{
    EXPECT(client_look(tenant, "alice", "/a"), 200, "{'limit':5,'remaining':5}");
}

static void refuses(const struct world *world, const char *method, const char *path,
                    const struct bad_input *inputs, size_t count)
{
    struct client *tenant = tenant_new(world->service);
    struct arena arena = {0};
    tenant_policy(tenant, "{'route_key':'/a'," LIMIT "}");

    for (size_t i = 0; i < count; i++) {
        struct text body = expand(&arena, inputs[i].body);
        EXPECT_PROBLEM(
            client_send(tenant, method, path, body.length == 0 ? "" : body.at, body.length),
            inputs[i].status, inputs[i].saying);
        expect_nothing_happened(tenant);
    }

    EXPECT(client_get(tenant, "/policy"), 200, "[{'route_key':'/a','version':1}]");
    arena_close(&arena);
    client_free(tenant);
}

static void bodies_that_are_no_json(void **state)
{
    static const char *const paths[] = {"/check", "/check/batch", "/policy", "/reset", "/register"};

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        refuses(*state, "POST", paths[i], no_json, ARRAY_COUNT(no_json));
}

static void checks_with_faults(void **state)
{
    refuses(*state, "POST", "/check", bad_checks, ARRAY_COUNT(bad_checks));
}

static void policies_with_faults(void **state)
{
    refuses(*state, "POST", "/policy", bad_policies, ARRAY_COUNT(bad_policies));
}

static void batches_with_faults(void **state)
{
    refuses(*state, "POST", "/check/batch", bad_batches, ARRAY_COUNT(bad_batches));
}

static void resets_with_faults(void **state)
{
    refuses(*state, "POST", "/reset", bad_resets, ARRAY_COUNT(bad_resets));
}

static void registrations_with_faults(void **state)
{
    refuses(*state, "POST", "/register", bad_registrations, ARRAY_COUNT(bad_registrations));
}

static void deletions_with_faults(void **state)
{
    refuses(*state, "DELETE", "/policy", bad_deletions, ARRAY_COUNT(bad_deletions));
}

static void every_fault_is_told_at_once(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    const struct reply *reply = client_post(
        tenant, "/policy", "{'limit':-1,'window_seconds':0,'mode':'loud','is_active':7,'x':1}");

    EXPECT_PROBLEM(reply, 422, NULL);
    assert_int_equal(json_array_size(reply_at(reply, "errors")), 6);
    client_free(tenant);
}

static void what_is_just_within_the_bounds_is_taken(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    struct arena arena = {0};
    static const struct {
        const char *path;
        const char *body;
        int status;
    } inputs[] = {
        {"/register", "{'name':'@100'}", 201},
        {"/policy",
         "{'route_key':'@200','role':'@64','user_id':'@256','limit':1000000000,"
         "'window_seconds':31536000,'description':'@500'}",
         201},
        {"/check", "{'route_key':'@200','role':'@64','user_id':'@256','cost':1000000000}", 200},
        {"/check", "{'route_key':'@200','role':'@64','user_id':'@256','cost':1}", 429},
        {"/policy",
         "{'route_key':'b','limits':[{" LIMIT "},{" LIMIT "},{" LIMIT "},{" LIMIT "},"
         "{" LIMIT "},{" LIMIT "},{" LIMIT "},{'name':'@32'," LIMIT "}]}",
         201},
        {"/check", "{'route_key':'b','user_id':'a','role':null,'ip':null,'cost':null}", 200},
        {"/policy", "{'route_key':'c','limit':0,'window_seconds':1}", 201},
        {"/policy",
         "{'route_key':'c','algorithm':'token_bucket','limit':0,'window_seconds':1,"
         "'burst':1000000000}",
         200},
        {"/policy", "{'route_key':'d','limit':1e2,'window_seconds':6.0e1}", 201},
        {"/check", "{'route_key':'d','user_id':'a','cost':99.0}", 200},
        {"/check", "{'route_key':'d','user_id':'a','cost':20e-1}", 429},
        {"/check", "{'route_key':'d','user_id':'a','cost':-0.0}", 200},
        {"/check", "{'route_key':'d','user_id':'a','cost':0.1E+1}", 200},
        {"/check/batch", "{'checks':[{'route_key':'d','user_id':'a','cost':1.0}]}", 200},
        {"/check", "  {\r\n\t'route_key' : 'b' , 'user_id' : '\\u00e9' }  ", 200},
    };

    for (size_t i = 0; i < ARRAY_COUNT(inputs); i++) {
        struct text body = expand(&arena, inputs[i].body);
        EXPECT(client_send(tenant, "POST", inputs[i].path, body.at, body.length), inputs[i].status,
               NULL);
    }
    arena_close(&arena);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_that_are_no_json),
        cmocka_unit_test(checks_with_faults),
        cmocka_unit_test(policies_with_faults),
        cmocka_unit_test(batches_with_faults),
        cmocka_unit_test(resets_with_faults),
        cmocka_unit_test(registrations_with_faults),
        cmocka_unit_test(deletions_with_faults),
        cmocka_unit_test(every_fault_is_told_at_once),
        cmocka_unit_test(what_is_just_within_the_bounds_is_taken),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
