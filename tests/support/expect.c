/* SPDX-License-Identifier: MIT */
#include "support/expect.h"

#include "base/memory.h"
#include "support/cmocka.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"
#define NAMES_BYTES        512

static bool problem_is_complete(const struct reply *reply);
static bool fault_is_at(json_t *fault, const char *place);
static bool problem_says(const struct reply *reply, const char *saying);
NO_RETURN static void fail_with(const struct reply *reply, const char *wanted, const char *file,
                                int line);

void reply_expect(const struct reply *reply, int status, const char *pattern, const char *file,
                  int line)
{
    bool matches = reply->status == status;

    if (pattern != NULL) {
        char *text = quotes(memory_string(pattern));
        json_t *wanted = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ASSERT(wanted != NULL);
        matches = matches && json_matches(reply->json, wanted);
        json_decref(wanted);
        free(text);
    }
    if (!matches) {
        print_error("expected status %d\n", status);
        fail_with(reply, pattern, file, line);
    }
}

void reply_expect_problem(const struct reply *reply, int status, const char *saying,
                          const char *file, int line)
{
    const char *media_type = reply_field(reply, "Content-Type");

    if (reply->status != status || media_type == NULL ||
        strcmp(media_type, PROBLEM_MEDIA_TYPE) != 0 || !problem_is_complete(reply) ||
        (saying != NULL && !problem_says(reply, saying))) {
        print_error("expected a problem, status %d\n", status);
        fail_with(reply, saying, file, line);
    }
}

void reply_expect_field(const struct reply *reply, const char *name, const char *value,
                        const char *file, int line)
{
    const char *found = reply_field(reply, name);

    if ((found == NULL) != (value == NULL) || (value != NULL && strcmp(found, value) != 0)) {
        print_error("%s is %s\n", name, found == NULL ? "absent" : found);
        fail_with(reply, value, file, line);
    }
}

void json_expect_members(json_t *object, const char *names, const char *file, int line)
{
    char found[NAMES_BYTES] = "";
    size_t length = 0;
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach (object, name, value) {
        length += (size_t)snprintf(found + length, sizeof(found) - length, "%s%s",
                                   length == 0 ? "" : " ", name);
        ASSERT(length < sizeof(found));
    }
    if (strcmp(found, names) != 0) {
        print_error("expected the members %s\nfound                %s\n", names, found);
        _fail(file, line);
    }
}

bool json_matches(json_t *value, json_t *pattern)
{
    const char *name = NULL;
    json_t *wanted = NULL;
    size_t i = 0;

    if (json_is_object(pattern)) {
        json_object_foreach (pattern, name, wanted) {
            if (!json_matches(json_object_get(value, name), wanted))
                return false;
        }
        return json_is_object(value);
    }
    if (json_is_array(pattern)) {
        json_array_foreach (pattern, i, wanted) {
            if (!json_matches(json_array_get(value, i), wanted))
                return false;
        }
        return json_is_array(value) && json_array_size(value) == json_array_size(pattern);
    }
    return json_equal(value, pattern) == 1;
}

static bool problem_is_complete(const struct reply *reply)
{
    bool has_faults = json_array_size(reply_at(reply, "errors")) > 0;

    return reply_text(reply, "type")[0] != '\0' && reply_text(reply, "title")[0] != '\0' &&
           reply_text(reply, "detail")[0] != '\0' &&
           reply_integer(reply, "status") == reply->status && has_faults == (reply->status == 422);
}

static bool fault_is_at(json_t *fault, const char *place)
{
    const bool is_parameter = place[0] == '?';
    const char *found =
        json_string_value(json_object_get(fault, is_parameter ? "parameter" : "pointer"));

    return found != NULL && strcmp(found, is_parameter ? place + 1 : place) == 0;
}

static bool problem_says(const struct reply *reply, const char *saying)
{
    json_t *faults = reply_at(reply, "errors");
    bool says = strstr(reply_text(reply, "detail"), saying) != NULL;

    for (size_t i = 0; i < json_array_size(faults) && !says; i++) {
        json_t *fault = json_array_get(faults, i);
        const char *detail = json_string_value(json_object_get(fault, "detail"));
        says = detail != NULL && (fault_is_at(fault, saying) || strstr(detail, saying) != NULL);
    }
    return says;
}

NO_RETURN static void fail_with(const struct reply *reply, const char *wanted, const char *file,
                                int line)
{
    print_error("expected %s\n%s %s %s\nwas answered %d after %lld us: %s\n",
                wanted == NULL ? "" : wanted, reply->method, reply->path, reply->sent,
                reply->status, (long long)reply->took_us, reply->body);
    _fail(file, line);
    abort();
}
