/* SPDX-License-Identifier: MIT
 *
 * What callers get wrong, and what the answer must tell them to change. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

struct mistake {
    const char *method;
    const char *path;
    const char *header; /* sent as well; or NULL */
    const char *body;   /* "'" stands for a quote, unless it is told that quotes are wrong */
    int status;
    const char *saying; /* part of the answer */
    const char *change; /* the judgement: what the caller has to change */
};

#define CHECK  "POST", "/check", NULL
#define POLICY "POST", "/policy", NULL
#define BATCH  "POST", "/check/batch", NULL
#define RESET  "POST", "/reset", NULL

/* clang-format off */
static const struct mistake of_the_head[] = {
    {"POST", "/check/", NULL, "{}", 404, "/check, which takes POST", "no slash at the end"},
    {"POST", "/Check", NULL, "{}", 404, "/check, which takes POST", "small letters"},
    {"POST", "/chekc", NULL, "{}", 404, "/check, which takes POST", "the spelling"},
    {"POST", "/api/v1/check", NULL, "{}", 404, "/check, which takes POST", "no prefix"},
    {"POST", "//check", NULL, "{}", 404, "/check, which takes POST", "one slash"},
    {"POST", "/v1/check/batch/", NULL, "{}", 404, "/check/batch, which takes POST", "no prefix"},
    {"GET", "/policies", NULL, NULL, 404, "/policy, which takes", "the path's name"},
    {"GET", "/policy/42", NULL, NULL, 404, "/policy, which takes", "no part behind the path"},
    {"DELETE", "/policy/42", NULL, NULL, 404, "/policy, which takes", "no part behind the path"},
    {"POST", "/check.json", NULL, "{}", 404, "/check, which takes POST", "no ending"},
    {"GET", "/check?user_id=a&route_key=/a", NULL, NULL, 405, "takes POST", "the method"},
    {"PATCH", "/policy", NULL, "{}", 405, "takes POST, GET, HEAD, DELETE", "the method"},
    {"GET", "/register", NULL, NULL, 405, "takes POST", "the method"},
    {"POST", "/keys", NULL, "{}", 404, "/register, which takes POST", "the path's name"},
    {"GET", "/redoc", NULL, NULL, 404, "/docs, which takes GET", "the path's name"},
    {"GET", "/console", NULL, NULL, 404, "/dashboard, which takes GET", "the path's name"},
    {"GET", "/rules", NULL, NULL, 404, "/policy, which takes", "the path's name"},
    {"GET", "/log", NULL, NULL, 404, "/logs/latest, which takes GET", "the whole path"},
    {"GET", "/logs", NULL, NULL, 404, "/logs/latest, which takes GET", "the whole path"},
    {"GET", "/logs/lastest", NULL, NULL, 404, "/logs/latest, which takes GET", "the spelling"},
    {"GET", "/metric", NULL, NULL, 404, "/metrics, which takes GET", "the path's name"},
    {"GET", "/health", NULL, NULL, 404, "/readyz, which takes GET", "the path's name"},
    {"GET", "/ping", NULL, NULL, 404, "/livez, which takes GET", "the path's name"},
    {"GET", "/swagger.json", NULL, NULL, 404, "/openapi.json, which takes GET", "the path's name"},
    {"GET", "/nowhere", NULL, NULL, 404, "see /docs", "the path; the contract is at /docs"},
    {"GET", "/check", NULL, NULL, 405, "takes POST", "the method"},
    {"PUT", "/policy", NULL, "{}", 405, "POST", "the method"},
    {"POST", "/logs/latest", NULL, "{}", 405, "GET", "the method"},
    {"POST", "/check", "Content-Type: text/plain", "{}", 415,
     "Content-Type is text/plain, and the body must be application/json", "the media type"},
    {"POST", "/check", "Content-Type: multipart/form-data; boundary=x", "{}", 415,
     "Content-Type is multipart/form-data", "the media type"},
    {"POST", "/check", "Content-Type: \xff/x", "{}", 415, "is \xef\xbf\xbd/x", "the media type"},
    {"POST", "/check", "Content-Encoding: gzip", "{}", 415,
     "Content-Encoding is gzip, and the body must not be encoded", "no compression"},
    {"POST", "/check", "X-API-Key;", "{}", 401, "X-API-Key", "send the key"},
    {"GET", "/logs/latest?limit=0", NULL, NULL, 422, "integer from 1 to 1000", "the number"},
    {"GET", "/logs/latest?limit=ten", NULL, NULL, 422, "integer from 1 to 1000", "the number"},
    {"GET", "/logs/latest?limti=5", NULL, NULL, 422,
     "The query parameter limti is not known; did you mean limit?", "the name"},
    {"GET", "/logs/latest?route=/a", NULL, NULL, 422, "did you mean route_key?", "the name"},
    {"GET", "/logs/latest?count=5", NULL, NULL, 422, "did you mean limit?", "the name"},
    {"GET", "/usage?step=5", NULL, NULL, 422, "must look like \\\"15m\\\"", "the unit"},
    {"GET", "/logs/latest?allowed=yes", NULL, NULL, 422, "true or false", "the word"},
    {"GET", "/usage?window=1y", NULL, NULL, 422, "\"parameter\":\"window\"",
     "the unit"},
    {"POST", "/check?deny_status=418", NULL, "{'user_id':'a','route_key':'/a'}", 422,
     "must be one of", "the status"},
};

static const struct mistake of_the_body[] = {
    {CHECK, "", 400, "The body is empty", "send a body"},
    {CHECK, "user_id=ada&route_key=/a", 400, "looks like form data", "JSON in place of a form"},
    {CHECK, "\xef\xbb\xbf{'user_id':'a','route_key':'/a'}", 400, "byte order mark", "no BOM"},
    {CHECK, "{'user_id':'a','route_key':'/a',}", 400, "no comma before }", "one comma less"},
    {CHECK, "{'user_id':'a','cost':NaN,'route_key':'/a'}", 400, "no NaN", "a number"},
    {CHECK, "{'user_id':'a','route_key':'/a'} // now", 400, "no comments", "no comment"},
    {CHECK, "{'user_id':'a','route_key':'/a','wait':True}", 400, "True", "small letters"},
    {CHECK, "{'user_id':'a','user_id':'b','route_key':'/a'}", 400, "duplicate", "one of them"},
    {CHECK, "{'user_id':'a','route_key':'/a'", 400, "line 1", "the end is missing"},
    {CHECK, "{'user_id':'a','route_key':'/a'}{}", 400, "line 1", "one value alone"},
    {CHECK, "[]", 422, "must be an object", "an object"},
    {CHECK, "'{\\'user_id\\':\\'a\\'}'", 422, "is one as a text: encode it once", "encode it once"},
    {POLICY, "'{}'", 422, "is one as a text: encode it once", "encode it once"},
    {BATCH, "{'checks':['{}']}", 200, "is one as a text: encode it once", "encode it once"},
    {CHECK, "{user_id:'a'}", 400, "double quotes around names", "quotes around it"},
    {CHECK, "<check/>", 400, "has to be a JSON object", "JSON in place of XML"},
    {CHECK, "user_id: ada", 400, "has to be a JSON object", "JSON in place of YAML"},
    {CHECK, "{'user_id':'a','route_key':'/a'}\n{'user_id':'b'}", 400, "line 2",
     "one value alone, or a batch"},
    {CHECK, "{'user_id':'a','route_key':'/a','role':['gold']}", 422, "must be a text", "one role"},
    {CHECK, "{'ip':'192.0.2.1:80','route_key':'/a'}", 422, "without a port", "no port"},
    {CHECK, "{'ip':'10.0.0.0/8','route_key':'/a'}", 422, "one IPv4 or IPv6 address", "one address"},
    {CHECK, "{'ip':'192.0.2.1, 192.0.2.2','route_key':'/a'}", 422, "one IPv4 or IPv6 address",
     "the caller's of them"},
    {CHECK, "{'route_key':'/a'}", 422, "user_id", "say who"},
    {CHECK, "{'user_id':'a','subjects':{'user':'a'},'route_key':'/a'}", 422,
     "must not be given twice: `user_id` is short for it", "one of them"},
    {CHECK, "{'subjects':{'Org':'acme'},'route_key':'/a'}", 422, "/subjects/Org", "another name"},
    {CHECK, "{'subject':{'user':'a'},'route_key':'/a'}", 422, "did you mean subjects?", "the name"},
    {CHECK, "{'user_id':'a','org':'acme','route_key':'/a'}", 422,
     "did you mean subjects, as in \\\"subjects\\\": {\\\"org\\\":", "the place"},
    {CHECK, "{'user_id':'a','costs':{'requests':2},'route_key':'/a'}", 422,
     "requests are counted by `cost`", "the name"},
    {CHECK, "{'subjects':'acme','route_key':'/a'}", 422, "/subjects must be an object",
     "an object"},
    {CHECK, "{'subjects':{},'route_key':'/a'}", 422, "must have 1 to 8 subjects", "at least one"},
    {CHECK, "{'subjects':{'user_id':'a'},'route_key':'/a'}", 422, "must be called `user` here",
     "the name"},
    {CHECK, "{'subjects':{'org':null},'route_key':'/a'}", 422, "/subjects/org", "a text"},
    {CHECK, "{'subjects':{'org':['a','b']},'route_key':'/a'}", 422, "/subjects/org must be a text",
     "one value"},
    {CHECK, "{'subjects':{'ip':'10.0.0.0/8'},'route_key':'/a'}", 422, "/subjects/ip",
     "one address"},
    {CHECK, "{'user_id':'a','costs':1500,'route_key':'/a'}", 422, "/costs must be an object",
     "an object"},
    {CHECK, "{'user_id':'a','cost':{'tokens':1500},'route_key':'/a'}", 422,
     "/cost must be an integer", "costs"},
    {CHECK, "{'user_id':'a','costs':{'tokens':'1500'},'route_key':'/a'}", 422,
     "/costs/tokens must be an integer", "no quotes"},
    {CHECK, "{'user_id':'a','costs':{'Tokens':1500},'route_key':'/a'}", 422,
     "/costs/Tokens must have another name", "small letters"},
    {CHECK, "{'user_id':'a','costs':{'tokens':1.5},'route_key':'/a'}", 422,
     "/costs/tokens must be an integer", "whole"},
    {RESET, "{'user_id':'a','route_key':'/a','shared':'yes'}", 422, "true or false", "true"},
    {CHECK, "{'user_id':'a'}", 422, "/route_key", "the route"},
    {CHECK, "{'user_id':'','route_key':'/a'}", 422, "1 to 256 bytes", "a name"},
    {CHECK, "{'user_id':7,'route_key':'/a'}", 422, "must be a text", "quotes around it"},
    {CHECK, "{'ip':'localhost','route_key':'/a'}", 422, "/ip", "an address"},
    {CHECK, "{'userid':'a','route_key':'/a'}", 422, "did you mean user_id?", "the name"},
    {CHECK, "{'user_id':'a','route':'/a'}", 422, "did you mean route_key?", "the name"},
    {CHECK, "{'user':'a','route_key':'/a'}", 422, "did you mean user_id?", "the name"},
    {CHECK, "{'userId':'a','route_key':'/a'}", 422, "did you mean user_id?", "the name"},
    {CHECK, "{'user_id':'a','route_key':'/a','tokens':2}", 422,
     "did you mean costs, as in", "the cost of a measure"},
    {BATCH, "{'checks':[],'items':[]}", 422, "did you mean checks?", "the name"},
    {CHECK, "{'user_id':'a','route-key':'/a'}", 422, "did you mean route_key?", "the name"},
    {CHECK, "{'user_id':'a','route_key':'/a','cost':'1'}", 422, "must be an integer", "no quotes"},
    {CHECK, "{'user_id':'a','route_key':'/a','cost':-1}", 422, "integer from 0", "the number"},
    {CHECK, "{'user_id':'a','route_key':'/a','cost':1.5}", 422, "must be an integer", "whole"},
    {CHECK, "{'user_id':'a','route_key':'/a','wait':1}", 422, "true or false", "true"},
    {CHECK, "{'user_id':'a','route_key':'/a','explian':true}", 422, "did you mean explain?",
     "the name"},
    {CHECK, "{'user_id':'ada','route_key':'/none','role':'gold'}", 404,
     "route_key \\\"/none\\\", role \\\"gold\\\" and user_id \\\"ada\\\"", "the policy"},
    {CHECK, "{'ip':'192.0.2.1','route_key':'/none'}", 404, "route_key \\\"/none\\\"", "the policy"},
    {RESET, "{'route_key':'/a'}", 422, "must have `user_id`, `ip` or `subjects`", "say whose"},
    {RESET, "{'user_id':'ada','route_key':'/none'}", 404, "user_id \\\"ada\\\"", "the policy"},
    {CHECK, "{'checks':[{'user_id':'a','route_key':'/a'}]}", 422,
     "did you mean a batch, which is POST /check/batch?", "the path"},
    {CHECK, "{'user_id':'a','route_key':'/a','deny_status':403}", 422,
     "did you mean the query parameter, as in ?deny_status=403?", "the place: into the query"},
    {CHECK, "{'user_id':'a','route_key':'/a','limit':5}", 422,
     "did you mean the limit of a policy, which is POST /policy?", "the place: into a policy"},
    {"POST", "/check?user_id=a&route_key=/a", NULL, "{}", 422,
     "The query parameter user_id is not known; did you mean a member of the body?",
     "the place: into the body"},
    {BATCH, "{'user_id':'a','route_key':'/a'}", 422, "did you mean checks, as in", "the array"},
    {BATCH, "{'checks':[{'user_id':'a','route_key':'/a','wait':true}]}", 200,
     "did you mean a check alone, which is POST /check?", "the path"},
    {POLICY, "{}", 422, "/route_key", "the route"},
    {POLICY, "{'route_key':'/a'}", 422, "limit", "how much"},
    {POLICY, "{'route_key':'/a','limit':5}", 422, "window_seconds", "in which time"},
    {POLICY, "{'route_key':'/a','limit':5,'window':60}", 422, "or window_seconds?", "the name"},
    {POLICY, "{'route_key':'/a','limit':5,'window':'1m'}", 422,
     "\"detail\":\"/window is not a known member; did you mean rate, as in \\\"rate\\\": "
     "\\\"100/m\\\"",
     "both in one: rate; that it is missing is not what is said first"},
    {POLICY, "{'route_key':'/a','limit':5,'per':'minute'}", 422,
     "is not a known member; did you mean rate, as in", "both in one: rate"},
    {POLICY, "{'route_key':'/a','limits':[{'limit':5,'period':60}]}", 422,
     "must be a unit, as in \\\"month\\\"; seconds are window_seconds",
     "both in one: window_seconds"},
    {POLICY, "{'route_key':'/a','limits':[{'limit':5,'period':'day','zone':'europe/berln'}]}", 422,
     "/limits/0/zone must be a zone of the tz database that this machine can read, such as "
     "Europe/Berlin",
     "both in one: zone"},
    {POLICY, "{'route_key':'/a','limit':5,'period':'day','timezone':'UTC'}", 422,
     "is not a known member; did you mean zone?", "both in one: zone"},
    {POLICY, "{'route_key':'/a','rate':'5/m','candidate':{'rate':'9/m','interval':60}}", 422,
     "/candidate/interval is not a known member; did you mean rate", "both in one: rate"},
    {POLICY, "{'route_key':'/a','rps':10}", 422,
     "did you mean rate, as in \\\"rate\\\": \\\"10/s\\\"", "both in one: rate"},
    {POLICY, "{'route_key':'/a','max':10,'window_seconds':60}", 422, "did you mean limit?",
     "the name"},
    {POLICY, "{'route_key':'/a','maxRequests':10,'windowMs':60000}", 422,
     "is not a known member; did you mean limit?", "the names"},
    {POLICY, "{'route_key':'/a','rate':'5/m','cost':2}", 422,
     "did you mean the cost of a check, which is POST /check?", "the place: into a check"},
    {POLICY, "{'route_key':'/a','rate':'5/m','dryRun':true}", 422, "\\\"mode\\\": \\\"shadow\\\"",
     "the name"},
    {POLICY, "{'route_key':'/a','rate':'5/m','enabled':true}", 422, "did you mean is_active?",
     "the name"},
    {POLICY, "{'route':'/a','rate':'5/m'}", 422, "did you mean route_key?", "the name"},
    {POLICY, "{'route_key':'/a','rate':'5/m','type':'token_bucket'}", 422,
     "did you mean algorithm?", "the name"},
    {POLICY, "{'route_key':'/a','limit':5,'windows_seconds':60}", 422,
     "did you mean window_seconds?", "the name"},
    {POLICY, "{'route_key':'/a','limits':5,'window_seconds':60}", 422, "/limits", "limit"},
    {POLICY, "{'route_key':'/a','limit':'5','window_seconds':60}", 422, "must be an integer",
     "no quotes"},
    {POLICY, "{'route_key':'/a','rate':'5 per minute'}", 422, "/rate", "100/m"},
    {POLICY, "{'route_key':'/a','rate':'100'}", 422, "a quota per time", "the time behind a /"},
    {POLICY, "{'route_key':'/a','rate':'10rps'}", 422, "must look like \\\"100/15m\\\"", "10/s"},
    {POLICY, "{'route_key':'/a','rate':'1.5/s'}", 422, "must look like \\\"100/15m\\\"", "3/2s"},
    {POLICY, "{'route_key':'/a','rate':'1000/60'}", 422, "must end in a unit: s, sec", "60s"},
    {POLICY, "{'route_key':'/a','rate':'100/week'}", 422, "day", "7d"},
    {POLICY, "{'route_key':'/a','limit':5,'window_seconds':'1m'}", 422,
     "/window_seconds must be an integer", "a number of seconds"},
    {POLICY, "{'route_key':'/a','limit':5,'window_seconds':0}", 422, "from 1 to", "the number"},
    {POLICY, "{'route_key':'/a','limit':null,'window_seconds':60}", 422, "/limit is required",
     "a number"},
    {POLICY, "{'route_key':'/a','limits':{'rate':'5/m'}}", 422, "must be an array", "an array"},
    {POLICY, "{'route_key':'/a','limits':['5/m']}", 422, "/limits/0 must be an object",
     "an object around it"},
    {POLICY, "{'route_key':'/a','rate':'5/m','limits':[{'rate':'9/h'}]}", 422,
     "/rate must be absent beside `limits`", "one of them"},
    {POLICY, "{'route_key':'^/api/.*$','rate':'5/m'}", 422, "only as its last character",
     "a prefix in place of a pattern"},
    {POLICY, "{'route_key':['/a','/b'],'rate':'5/m'}", 422, "must be a text", "a policy for each"},
    {POLICY, "[{'route_key':'/a','rate':'5/m'}]", 422, "must be an object", "one policy"},
    {POLICY, "{'policy':{'route_key':'/a','rate':'5/m'}}", 422, "/policy\",\"detail\":\"is not a",
     "no object around it"},
    {POLICY, "{'route_key':'/a','rate':'5/m','algorithm':'tokenbucket'}", 422, "token_bucket",
     "the name"},
    {POLICY, "{'route_key':'/a','rate':5}", 422, "/rate", "a text"},
    {POLICY, "{'route_key':'/a','rate':'5/m','limit':5}", 422, "rate", "one of them"},
    {POLICY, "{'route_key':'/a','rate':'5/m','algorithm':'tocken_bucket'}", 422, "token_bucket",
     "the spelling"},
    {POLICY, "{'route_key':'/a','rate':'5/m','algorithm':'fixed_window','burst':9}", 422, "/burst",
     "no burst, or another algorithm"},
    {POLICY, "{'route_key':'/a','rate':'5/m','mode':'dry-run'}", 422, "shadow", "the word"},
    {POLICY, "{'route_key':'/a','rate':'5/m','is_active':'yes'}", 422, "true or false", "true"},
    {POLICY, "{'route_key':'/a','rate':'5/m','on_store_error':'open'}", 422, "allow", "the word"},
    {POLICY, "{'route_key':'/a*b','rate':'5/m'}", 422, "/route_key", "the star at the end"},
    {POLICY, "{'route_key':'/a','limit':20000,'window_seconds':60,'algorithm':'sliding_window_log'}",
     422, "10000", "a smaller limit"},
    {POLICY, "{'route_key':'/a','rate':'5/m','by':'org,user'}", 422, "/by", "a list"},
    {POLICY, "{'route_key':'/a','rate':'5/m','by':['org','org']}", 422, "must name `org` once",
     "one of them"},
    {POLICY, "{'route_key':'/a','rate':'5/m','by':{'org':'acme'}}", 422,
     "/by must be the name of a subject, or a list of 0 to 4 names", "the name alone"},
    {POLICY, "{'route_key':'/a','rate':'5/m','by':['a','b','c','d','e']}", 422,
     "a list of 0 to 4 names", "fewer"},
    {POLICY, "{'route_key':'/a','rate':'5/m','by':'Org'}", 422, "begin with a letter",
     "small letters"},
    {POLICY, "{'route_key':'/a','rate':'5/m','counts':['tokens']}", 422, "/counts must be a text",
     "one measure"},
    {POLICY, "{'route_key':'/a','rate':'5/m','counts':'LLM tokens'}", 422,
     "/counts names a measure",
     "another name"},
    {POLICY, "{'route_key':'/a','rate':'5/m','subject':'acme'}", 422, "/subject must be an object",
     "an object"},
    {POLICY, "{'route_key':'/a','rate':'5/m','subjects':{'org':'acme'}}", 422,
     "did you mean subject?", "the name"},
    {POLICY, "{'route_key':'/a','rate':'5/m','by':'org','limits':[{'rate':'9/h'}]}", 422,
     "/by must be absent beside `limits`", "into the limit"},
    {POLICY, "{'route_key':'/a','rate':'5/m','user_id':'a','subject':{'org':'acme'}}", 422,
     "/subject/org must be the only subject", "one of them"},
    {"GET", "/policy?subject=acme", NULL, NULL, 422, "subject.", "the name of the subject"},
    {"GET", "/policy?org=acme", NULL, NULL, 422, "subject.org", "the prefix"},
    {"GET", "/logs/latest?ip=192.0.2.1", NULL, NULL, 422, "subject.ip", "the prefix"},
    {"DELETE", "/policy", NULL, "{'route_key':'/none','role':'gold','user_id':'ada'}", 404,
     "no policy of route_key \\\"/none\\\", role \\\"gold\\\" and user_id \\\"ada\\\"",
     "the identity"},
    {"DELETE", "/policy?route_key=/none", NULL, NULL, 404,
     "no policy of route_key \\\"/none\\\", role \\\"default\\\".", "the identity"},
    {"DELETE", "/policy", NULL, "{'id':'0123456789abcdef'}", 422, "/route_key is required",
     "the identity in place of the id"},
    {"DELETE", "/policy", NULL, NULL, 422, "The query parameter route_key is required",
     "the identity"},
    {"DELETE", "/policy?route_kye=/a", NULL, NULL, 422, "did you mean route_key?", "the name"},
    {BATCH, "{'checks':[]}", 422, "array of 1 to 1000", "at least one"},
    {BATCH, "{'check':[{}]}", 422, "did you mean checks?", "the name"},
    {BATCH, "[{'user_id':'a','route_key':'/a'}]", 422, "must be an object", "{\"checks\": […]}"},
    {BATCH, "{'checks':{}}", 422, "must be an array", "an array"},
    {"POST", "/register", NULL, "{}", 422, "/name", "a name"},
    {"POST", "/register", NULL, "{'app_name':'x'}", 422, "did you mean name?", "the name"},
    {"POST", "/register", NULL, "{'name':7}", 422, "must be a text", "quotes around it"},
    {"POST", "/register", NULL, "{'nmae':'x'}", 422, "did you mean name?", "the name"},
};
/* clang-format on */

/* Of all rows that are not told, rather than of the first. */
static int missed;

static void expect_told(struct client *client, const struct mistake *mistake)
{
    const char *const headers[] = {mistake->header, NULL};
    char body[512];

    (void)snprintf(body, sizeof(body), "%s", mistake->body == NULL ? "" : mistake->body);
    for (char *quote = body; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    client_set_headers(client, headers);
    const struct reply *reply = client_send(client, mistake->method, mistake->path,
                                            mistake->body == NULL ? NULL : body, strlen(body));

    if (reply->status == mistake->status && strstr(reply->body, mistake->saying) != NULL)
        return;
    missed++;
    print_error("%s %s %s: expected %d, %s, to have changed: %s; was answered %d: %s",
                mistake->method, mistake->path, body, mistake->status, mistake->saying,
                mistake->change, reply->status, reply->body);
}

static void expect_all_told(void **state, const struct mistake *mistakes, size_t count)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    for (size_t i = 0; i < count; i++)
        expect_told(tenant, &mistakes[i]);
    assert_int_equal(missed, 0);
    client_free(tenant);
}

static void what_is_wrong_before_the_body_is_told(void **state)
{
    expect_all_told(state, of_the_head, ARRAY_COUNT(of_the_head));
}

static void what_is_wrong_in_the_body_is_told(void **state)
{
    expect_all_told(state, of_the_body, ARRAY_COUNT(of_the_body));
}

static void a_key_that_is_cut_or_elsewhere_is_told(void **state)
{
    const struct world *world = *state;
    struct client *stranger = stranger_new(world->service);
    static const char *const headers[] = {"Authorization: Bearer slk_x", NULL};

    EXPECT_PROBLEM(client_post(stranger, "/check", "{}"), 401, "X-API-Key header.");
    client_set_headers(stranger, headers);
    EXPECT_PROBLEM(client_post(stranger, "/check", "{}"), 401, "not in Authorization");
    client_set_headers(stranger, NULL);
    EXPECT_PROBLEM(client_post(stranger, "/check?api_key=slk_x", "{}"), 401, "X-API-Key header.");
    client_set_key(stranger, "Bearer slk_x");
    EXPECT_PROBLEM(client_post(stranger, "/check", "{}"), 401, "begins with slk_");
    client_set_key(stranger, "slk_short");
    EXPECT_PROBLEM(client_post(stranger, "/check", "{}"), 401,
                   "begins with slk_ and has 55 characters, and this one has 9");
    client_free(stranger);
}

static void single_quotes_are_told(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char body[] = "{'user_id':'ada','route_key':'/a'}";

    EXPECT_PROBLEM(client_send(tenant, "POST", "/check", body, strlen(body)), 400, "double quotes");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_before_the_body_is_told),
        cmocka_unit_test(what_is_wrong_in_the_body_is_told),
        cmocka_unit_test(a_key_that_is_cut_or_elsewhere_is_told),
        cmocka_unit_test(single_quotes_are_told),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
