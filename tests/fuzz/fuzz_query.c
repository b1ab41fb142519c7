/* SPDX-License-Identifier: MIT
 *
 * A query string, given to each handler that reads one. Each line of the input is one argument,
 * name=value or only a name, in the form in which libmicrohttpd passes it. Each handler answers in
 * JSON, with a status of its own contract, and errors have their places. No argument is ignored: if
 * there is one that no handler knows, all refuse. */
#include "fuzz.h"

#include "answers.h"
#include "handlers.h"

#define ARGUMENTS_MAX 12
#define BYTES_MAX     1024

static handler_check_fn on_answer;
static size_t split(char *lines, struct fake_pair arguments[static ARGUMENTS_MAX + 1]);

/* A valid body of a check, which is read after the query. */
static const char body[] = "{\"user_id\":\"u1\",\"route_key\":\"/a\"}";

static const struct way {
    handler_fn *handler;
    const char *body;
    int statuses[4];
} ways[] = {
    {check_post, body, {200, 403, 422, 0}}, {policy_get, NULL, {200, 422, 0}},
    {policy_delete, NULL, {200, 422, 0}},   {logs_latest_get, NULL, {200, 422, 0}},
    {subjects_get, NULL, {200, 422, 0}},
};

struct asked {
    const struct way *way;
    bool is_refused;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    handlers_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char lines[BYTES_MAX + 1] = "";
    struct fake_pair arguments[ARGUMENTS_MAX + 1];

    if (size > BYTES_MAX)
        return 0;
    memcpy(lines, data, size);
    size_t count = split(lines, arguments);
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct asked asked = {&ways[i], false};

        handlers_run(ways[i].handler, text_of(ways[i].body), arguments, &asked, on_answer);
    }

    if (count == ARGUMENTS_MAX)
        return 0;
    arguments[count] = (struct fake_pair){"nobody_knows", "1"};
    arguments[count + 1] = (struct fake_pair){0};
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct asked asked = {&ways[i], true};

        handlers_run(ways[i].handler, text_of(ways[i].body), arguments, &asked, on_answer);
    }
    return 0;
}

static void on_answer(const struct request *request, const void *context)
{
    const struct asked *asked = context;

    ASSERT(!asked->is_refused || request->response.status == 422);
    json_decref(answer_check(request, asked->way->statuses, NULL));
}

/* Cuts the lines in place. Returns how many there are. */
static size_t split(char *lines, struct fake_pair arguments[static ARGUMENTS_MAX + 1])
{
    size_t count = 0;
    char *line = lines;

    while (line != NULL && *line != '\0' && count < ARGUMENTS_MAX) {
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end = '\0';
        char *equals = strchr(line, '=');
        if (equals != NULL)
            *equals = '\0';
        arguments[count++] = (struct fake_pair){line, equals == NULL ? NULL : equals + 1};
        line = end == NULL ? NULL : end + 1;
    }
    arguments[count] = (struct fake_pair){0};
    return count;
}
