/* SPDX-License-Identifier: MIT
 *
 * In tests/policies/invalid/, each possible fault has a policy <case>.json. <case>.error has its
 * faults, one per line: pointer, colon, detail. */
#include "limit/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/document.h"

#include <dirent.h>
#include <sodium.h>
#include <stdalign.h>

#define TEXT_BYTES_MAX 8192

static struct arena arena;
static struct faults faults;

/* `json` has ' for ". NULL when there are faults. */
static struct policy *read_policy(const char *json)
{
    char text[TEXT_BYTES_MAX];
    struct error error = {0};

    snprintf(text, sizeof(text), "%s", json);
    for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    json_t *document = document_parse(text_of(text), &error);
    if (document == NULL)
        fail_msg("%s: %s", json, error.message);
    faults = (struct faults){0};
    struct policy *policy = policy_read(document, "", &arena, &faults);
    json_decref(document); /* the policy has its own copies of the texts */
    assert_int_equal(policy == NULL, faults.count > 0);
    return policy;
}

static struct policy *read_good(const char *json)
{
    struct policy *policy = read_policy(json);

    if (policy == NULL)
        fail_msg("%s: %s: %s", json, faults.at[0].pointer, faults.at[0].detail);
    return policy;
}

static void assert_text(struct text is, const char *must)
{
    if (!text_equal(is, text_of(must)))
        fail_msg("is \"%.*s\", must be \"%s\"", TEXT_PRINTF(is), must);
}

static const char *written(const struct policy *policy)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, &arena, 64);
    writer_init(&writer, &buffer);
    policy_write(policy, &writer, NULL);
    return buffer_string(&buffer);
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;

    struct policy *policy = read_good("{'route_key':'/a','limit':10,'window_seconds':60}");

    assert_text(policy->identity.route_key, "/a");
    assert_text(policy->identity.role, "default");
    assert_true(subject_is_absent(&policy->identity.subject));
    assert_int_equal(policy->id, 0);
    assert_int_equal(policy->version, 0);
    assert_int_equal(policy->rule.limit_count, 1);
    assert_string_equal(policy->rule.limits[0].name, "default");
    assert_int_equal(policy->rule.limits[0].algorithm, ALGORITHM_FIXED_WINDOW);
    assert_int_equal(policy->rule.limits[0].quota, 10);
    assert_int_equal(policy->rule.limits[0].window_us, 60000000);
    assert_int_equal(policy->rule.limits[0].burst, 10);
    assert_int_equal(policy->mode, POLICY_ENFORCE);
    assert_true(policy->is_active);
    assert_int_equal(policy->on_store_error, ON_STORE_ERROR_LOCAL);
    assert_true(text_is_absent(policy->description));
}

static void null_is_the_same_as_left_out(void **state)
{
    (void)state;

    struct policy *policy = read_good("{'route_key':'*','role':null,'user_id':null,'limits':null,"
                                      "'rate':null,'burst':null,'limit':1,'window_seconds':1,"
                                      "'mode':null,'is_active':null,'id':null,'version':null}");

    assert_text(policy->identity.role, "default");
    assert_true(policy->is_active);
}

static void every_member_is_read(void **state)
{
    (void)state;

    struct policy *policy =
        read_good("{'route_key':'/a*','role':'gold','user_id':'u','name':'n.1:/-_',"
                  "'algorithm':'token_bucket','rate':'5/2m','burst':7,'mode':'shadow',"
                  "'is_active':false,'on_store_error':'deny','description':'one\\ntwo'}");

    assert_text(policy->identity.route_key, "/a*");
    assert_text(policy->identity.role, "gold");
    assert_text(policy->identity.subject.name, "user");
    assert_text(policy->identity.subject.value, "u");
    assert_string_equal(policy->rule.limits[0].name, "n.1:/-_");
    assert_int_equal(policy->rule.limits[0].algorithm, ALGORITHM_TOKEN_BUCKET);
    assert_int_equal(policy->rule.limits[0].quota, 5);
    assert_int_equal(policy->rule.limits[0].window_us, 120000000);
    assert_int_equal(policy->rule.limits[0].burst, 7);
    assert_int_equal(policy->mode, POLICY_SHADOW);
    assert_false(policy->is_active);
    assert_int_equal(policy->on_store_error, ON_STORE_ERROR_DENY);
    assert_text(policy->description, "one\ntwo");
}

static void a_fixed_window_may_be_as_large_as_a_double_counts_exactly(void **state)
{
    (void)state;

    struct policy *limit =
        read_good("{'route_key':'/a','limit':9007199254740991,'window_seconds':1}");
    struct policy *rate = read_good("{'route_key':'/a','rate':'9007199254740991/s'}");

    assert_true(limit->rule.limits[0].quota == LIMIT_COST_MAX);
    assert_true(rate->rule.limits[0].quota == LIMIT_COST_MAX);
    assert_true(rate->rule.limits[0].burst == LIMIT_COST_MAX);
}

static void several_limits_are_named_by_their_place(void **state)
{
    (void)state;

    struct policy *policy = read_good("{'route_key':'/a','limits':[{'rate':'1/s'},{'rate':'2/m',"
                                      "'name':'slow'},{'rate':'3/h','algorithm':'token_bucket'}]}");
    struct policy *single = read_good("{'route_key':'/a','limits':[{'rate':'1/s'}]}");

    assert_int_equal(policy->rule.limit_count, 3);
    assert_string_equal(policy->rule.limits[0].name, "1");
    assert_string_equal(policy->rule.limits[1].name, "slow");
    assert_string_equal(policy->rule.limits[2].name, "3");
    assert_int_equal(policy->rule.limits[2].burst, 3);
    assert_int_equal(single->rule.limit_count, 1);
    assert_string_equal(single->rule.limits[0].name, "default");
}

/* A match prefetches both at once. */
static void the_limits_lie_behind_their_policy(void **state)
{
    (void)state;
    struct arena fresh = {0};
    json_t *document = json_pack("{s:s,s:s}", "route_key", "/a", "rate", "1/s");

    const struct policy *policy = policy_read(document, "", &fresh, &faults);

    assert_non_null(policy);
    assert_in_range((uintptr_t)policy->rule.limits - (uintptr_t)(policy + 1), 0,
                    alignof(max_align_t) - 1);
    json_decref(document);
    arena_close(&fresh);
}

static void the_answers_share_one_text_about_the_limits(void **state)
{
    (void)state;

    const struct policy *policy = read_good(
        "{'route_key': '/a', 'limits': ["
        "{'name': 'minute', 'limit': 10, 'window_seconds': 60},"
        "{'name': 'day', 'limit': 1000, 'window_seconds': 86400, 'algorithm': 'token_bucket',"
        " 'burst': 1500}]}");

    assert_text(policy->rate_limit_policy,
                "\"minute\";q=10;w=60, \"day\";q=1000;w=86400;sluice-burst=1500");
}

static void the_text_about_a_limit_tells_its_measure_where_it_is_not_requests(void **state)
{
    (void)state;

    const struct policy *policy =
        read_good("{'route_key': '/a', 'limits': [{'rate': '5/m', 'counts': 'tokens'},"
                  "{'rate': '5/m', 'counts': 'requests'}]}");

    assert_text(policy->rate_limit_policy, "\"1\";q=5;qu=\"tokens\";w=60, \"2\";q=5;w=60");
}

static void the_server_s_members_are_read_as_it_writes_them(void **state)
{
    (void)state;

    struct policy *some = read_good("{'id':'00ff00ff00ff00fe','version':3,'route_key':'/a',"
                                    "'limit':1,'window_seconds':1}");
    struct policy *least = read_good("{'id':'0000000000000000','version':0,'route_key':'/a',"
                                     "'limit':1,'window_seconds':1}");
    struct policy *most = read_good("{'id':'ffffffffffffffff','version':9007199254740991,"
                                    "'route_key':'/a','limit':1,'window_seconds':1}");

    assert_true(some->id == UINT64_C(0x00ff00ff00ff00fe));
    assert_int_equal(some->version, 3);
    assert_true(least->id == 0);
    assert_int_equal(least->version, 0);
    assert_true(most->id == UINT64_MAX);
    assert_true(most->version == POLICY_VERSION_MAX);
}

static void one_limit_is_written_inline(void **state)
{
    (void)state;

    struct policy *policy = read_good("{'id':'0000000000000abc','version':2,'route_key':'/a',"
                                      "'rate':'100/15m','description':'say \\'hi\\''}");

    assert_string_equal(
        written(policy),
        "{\"id\":\"0000000000000abc\",\"version\":2,\"route_key\":\"/a\",\"role\":\"default\","
        "\"user_id\":null,\"name\":\"default\",\"algorithm\":\"fixed_window\",\"limit\":100,"
        "\"window_seconds\":900,\"mode\":\"enforce\",\"is_active\":true,"
        "\"on_store_error\":\"local\",\"description\":\"say \\\"hi\\\"\"}");
}

static void several_limits_are_written_as_a_list(void **state)
{
    (void)state;

    struct policy *policy = read_good("{'route_key':'*','user_id':'u','mode':'shadow','limits':["
                                      "{'rate':'1/s'},{'rate':'5/m','algorithm':'token_bucket'}]}");

    assert_string_equal(
        written(policy),
        "{\"id\":\"0000000000000000\",\"version\":0,\"route_key\":\"*\",\"role\":\"default\","
        "\"user_id\":\"u\",\"limits\":["
        "{\"name\":\"1\",\"algorithm\":\"fixed_window\",\"limit\":1,\"window_seconds\":1},"
        "{\"name\":\"2\",\"algorithm\":\"token_bucket\",\"limit\":5,\"window_seconds\":60,"
        "\"burst\":5}],\"mode\":\"shadow\",\"is_active\":true,\"on_store_error\":\"local\","
        "\"description\":null}");
}

static void who_and_what_a_limit_counts_is_written_where_it_was_given(void **state)
{
    (void)state;

    struct policy *one =
        read_good("{'route_key':'/a','rate':'1/s','by':['user','org'],'counts':'tokens'}");
    struct policy *two = read_good("{'route_key':'/a','limits':[{'rate':'1/s','by':[]},"
                                   "{'rate':'2/s','by':['org'],'counts':'requests'}]}");

    assert_string_equal(one->rule.limits[0].counts, "tokens");
    assert_string_equal(
        written(one),
        "{\"id\":\"0000000000000000\",\"version\":0,\"route_key\":\"/a\",\"role\":\"default\","
        "\"user_id\":null,\"name\":\"default\",\"by\":[\"org\",\"user\"],\"counts\":\"tokens\","
        "\"algorithm\":\"fixed_window\",\"limit\":1,\"window_seconds\":1,\"mode\":\"enforce\","
        "\"is_active\":true,\"on_store_error\":\"local\",\"description\":null}");
    assert_non_null(strstr(written(two), "{\"name\":\"1\",\"by\":[],\"algorithm\""));
    assert_non_null(strstr(written(two), "{\"name\":\"2\",\"by\":\"org\",\"algorithm\""));
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    const char *const documents[] = {
        "{'route_key':'/a','limit':10,'window_seconds':60}",
        "{'id':'123456789abcdef0','version':7,'route_key':'*','role':'r','user_id':'\\u00e4','"
        "limit'"
        ":0,'window_seconds':31536000,'algorithm':'token_bucket','burst':1000000000,'mode':'shadow'"
        ",'is_active':false,'on_store_error':'allow','description':''}",
        "{'route_key':'/a','limits':[{'rate':'1/s','name':'x'},{'rate':'9/d','name':'y'}]}",
        "{'route_key':'/a','limits':[{'rate':'1/s','by':['b','a']},{'rate':'9/d','by':[]},"
        "{'rate':'7/d','by':['c'],'counts':'tokens'}]}",
        "{'route_key':'/a','subject':{'org':'a \\u00e4'},'rate':'1/s'}",
        "{'route_key':'/a','subject':{'ip':'2001:db8::7'},'rate':'1/s'}",
        "{'route_key':'/a','subject':{'ip':'::ffff:192.0.2.7'},'rate':'1/s'}",
        "{'route_key':'/a','rate':'10/m','candidate':{'rate':'5/m','algorithm':'leaky_bucket'}}",
        "{'route_key':'/a','rate':'10/m','candidate':{'limits':[{'rate':'5/m'},{'rate':'9/d'}]}}",
    };

    for (size_t i = 0; i < ARRAY_COUNT(documents); i++) {
        const char *once = written(read_good(documents[i]));
        struct policy *again = read_good(once);

        assert_string_equal(written(again), once);
    }
}

static void a_candidate_is_a_rule_of_its_own(void **state)
{
    (void)state;
    struct policy *policy =
        read_good("{'route_key':'/a','rate':'10/m','candidate':{'limits':[{'rate':'5/m'}]}}");
    struct policy *without = read_good("{'route_key':'/a','rate':'10/m'}");

    assert_non_null(policy->candidate);
    assert_int_equal(policy->candidate->limit_count, 1);
    assert_int_equal(policy->candidate->limits[0].quota, 5);
    assert_int_equal(policy->candidate->use, RULE_CANDIDATE);
    assert_int_equal(policy->rule.use, RULE_LIVE);
    assert_int_equal(policy->rule.limits[0].quota, 10);
    assert_null(without->candidate);
}

static void a_policy_may_be_for_one_subject_of_any_name(void **state)
{
    (void)state;

    struct policy *org = read_good("{'route_key':'/a','subject':{'org':'acme'},'rate':'1/s'}");
    struct policy *address =
        read_good("{'route_key':'/a','subject':{'ip':'2001:DB8::7'},'rate':'1/s'}");
    struct policy *user = read_good("{'route_key':'/a','subject':{'user':'u'},'rate':'1/s'}");
    struct policy *everybody = read_good("{'route_key':'/a','subject':null,'rate':'1/s'}");

    assert_text(org->identity.subject.name, "org");
    assert_text(org->identity.subject.value, "acme");
    assert_text(address->identity.subject.value, "2001:db8::/64");
    assert_string_equal(written(user),
                        written(read_good("{'route_key':'/a','user_id':'u','rate':'1/s'}")));
    assert_true(subject_is_absent(&everybody->identity.subject));
    assert_string_equal(
        written(org),
        "{\"id\":\"0000000000000000\",\"version\":0,\"route_key\":\"/a\",\"role\":\"default\","
        "\"user_id\":null,\"subject\":{\"org\":\"acme\"},\"name\":\"default\","
        "\"algorithm\":\"fixed_window\",\"limit\":1,\"window_seconds\":1,\"mode\":\"enforce\","
        "\"is_active\":true,\"on_store_error\":\"local\",\"description\":null}");
}

static struct policy_identity identity_of(const char *route, const char *role, const char *name,
                                          const char *value)
{
    return (struct policy_identity){
        .route_key = text_of(route),
        .role = text_of(role),
        .subject = {text_of(name), text_of(value)},
    };
}

static void identities_are_ordered_by_route_then_role_then_subject(void **state)
{
    (void)state;
    const struct policy_identity ordered[] = {
        identity_of("/a", "default", NULL, NULL),  identity_of("/a", "default", "org", "v"),
        identity_of("/a", "default", "org", "w"),  identity_of("/a", "default", "user", "u"),
        identity_of("/a", "gold", NULL, NULL),     identity_of("/a", "gold", "user", "t"),
        identity_of("/a*", "default", NULL, NULL), identity_of("/b", "a", NULL, NULL),
    };

    for (size_t i = 0; i < ARRAY_COUNT(ordered); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(ordered); j++) {
            int order = policy_identity_compare(&ordered[i], &ordered[j]);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(policy_identity_equal(&ordered[i], &ordered[j]), i == j);
        }
    }
}

static void read_file(const char *name, const char *extension, char text[TEXT_BYTES_MAX])
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s%s", INVALID_DIRECTORY, name, extension);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s is missing", path);
    size_t length = fread(text, 1, TEXT_BYTES_MAX - 1, file);
    text[length] = '\0';
    fclose(file);
}

static void assert_invalid(const char *name)
{
    char json[TEXT_BYTES_MAX];
    char must[TEXT_BYTES_MAX];
    char is[TEXT_BYTES_MAX] = "";
    size_t length = 0;

    read_file(name, ".json", json);
    read_file(name, ".error", must);
    if (read_policy(json) != NULL)
        fail_msg("%s was accepted", name);
    for (size_t i = 0; i < faults.count; i++)
        length += (size_t)snprintf(is + length, sizeof(is) - length, "%s: %s\n",
                                   faults.at[i].pointer, faults.at[i].detail);
    if (strcmp(is, must) != 0)
        fail_msg("%s:\n%s", name, is);
}

static void invalid_policies_are_refused_with_all_their_faults(void **state)
{
    (void)state;
    struct dirent **entries;
    int count = scandir(INVALID_DIRECTORY, &entries, NULL, alphasort);
    int cases = 0;

    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char *extension = strrchr(entries[i]->d_name, '.');

        if (strcmp(extension, ".json") == 0) {
            *extension = '\0';
            assert_invalid(entries[i]->d_name);
            cases++;
        }
        free(entries[i]);
    }
    free(entries);
    assert_true(cases >= 40);
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(null_is_the_same_as_left_out),
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(a_fixed_window_may_be_as_large_as_a_double_counts_exactly),
        cmocka_unit_test(several_limits_are_named_by_their_place),
        cmocka_unit_test(the_limits_lie_behind_their_policy),
        cmocka_unit_test(the_answers_share_one_text_about_the_limits),
        cmocka_unit_test(the_text_about_a_limit_tells_its_measure_where_it_is_not_requests),
        cmocka_unit_test(the_server_s_members_are_read_as_it_writes_them),
        cmocka_unit_test(one_limit_is_written_inline),
        cmocka_unit_test(several_limits_are_written_as_a_list),
        cmocka_unit_test(who_and_what_a_limit_counts_is_written_where_it_was_given),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(a_candidate_is_a_rule_of_its_own),
        cmocka_unit_test(a_policy_may_be_for_one_subject_of_any_name),
        cmocka_unit_test(identities_are_ordered_by_route_then_role_then_subject),
        cmocka_unit_test(invalid_policies_are_refused_with_all_their_faults),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, end);
}
