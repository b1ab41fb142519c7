/* SPDX-License-Identifier: MIT */
#include "promql.h"

#include "support/cmocka.h"

#define NAMES_MAX 8
#define NAME_SET  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

struct query {
    const char *text;
    const struct scrape *scrape;
    size_t name_count;
    char names[NAMES_MAX][96];
};

static bool is_ours(const char *at);
static const char *check_name(struct query *query, const char *at);
static const char *check_matchers(struct query *query, const char *name, const char *at);
static void check_grouping(struct query *query);
static void check_group_label(struct query *query, const char *label);
static bool is_of_prometheus(const char *label);
static void copy(char *to, size_t size, const char *from, size_t length);

size_t promql_check(const char *query_text, const struct scrape *scrape)
{
    struct query query = {.text = query_text, .scrape = scrape};
    const char *at = query_text;

    while (*at != '\0') {
        size_t length = strspn(at, NAME_SET);

        if (length == 0)
            at++;
        else
            at = is_ours(at) ? check_name(&query, at) : at + length;
    }
    check_grouping(&query);
    return query.name_count;
}

static bool is_ours(const char *at)
{
    return strncmp(at, "sluice_", 7) == 0 || strncmp(at, "process_", 8) == 0;
}

/* Returns where the query goes on. */
static const char *check_name(struct query *query, const char *at)
{
    size_t length = strspn(at, NAME_SET);
    bool is_exported = false;

    assert_true(query->name_count < NAMES_MAX);
    char *name = query->names[query->name_count++];
    copy(name, sizeof(query->names[0]), at, length);
    for (size_t i = 0; i < query->scrape->sample_count; i++)
        is_exported |= strcmp(query->scrape->samples[i].name, name) == 0;
    if (!is_exported)
        fail_msg("%s is not exported: %s", name, query->text);
    return at[length] == '{' ? check_matchers(query, name, at + length + 1) : at + length;
}

/* Checks label="value",label=~"pattern"} */
static const char *check_matchers(struct query *query, const char *name, const char *at)
{
    while (*at != '}') {
        char label[64];
        char value[128];
        size_t label_length = strspn(at, NAME_SET);
        size_t comparison_length = strcspn(at + label_length, "\"");
        const char *comparison = at + label_length;
        const char *quoted = comparison + comparison_length + 1;
        size_t value_length = strcspn(quoted, "\"");

        assert_true(label_length > 0);
        copy(label, sizeof(label), at, label_length);
        copy(value, sizeof(value), quoted, value_length);
        bool is_pattern = memchr(comparison, '~', comparison_length) != NULL;
        if (!is_of_prometheus(label) &&
            !scrape_has_label(query->scrape, name, label, is_pattern ? NULL : value))
            fail_msg("%s never has %s=\"%s\": %s", name, label, value, query->text);
        at = quoted + value_length + 1;
        at += strspn(at, ", ");
    }
    return at + 1;
}

static void check_grouping(struct query *query)
{
    for (const char *at = strstr(query->text, " by ("); at != NULL; at = strstr(at, " by (")) {
        at += strlen(" by (");
        while (*at != ')') {
            char label[64];
            size_t length = strspn(at, NAME_SET);

            assert_true(length > 0);
            copy(label, sizeof(label), at, length);
            check_group_label(query, label);
            at += length + strspn(at + length, ", ");
        }
    }
}

static void check_group_label(struct query *query, const char *label)
{
    bool is_there = is_of_prometheus(label);

    for (size_t i = 0; i < query->name_count; i++)
        is_there |= scrape_has_label(query->scrape, query->names[i], label, NULL);
    if (!is_there)
        fail_msg("no name has the label %s: %s", label, query->text);
}

/* Prometheus adds these labels itself when it scrapes. */
static bool is_of_prometheus(const char *label)
{
    return strcmp(label, "job") == 0 || strcmp(label, "instance") == 0;
}

static void copy(char *to, size_t size, const char *from, size_t length)
{
    assert_true(length < size);
    memcpy(to, from, length);
    to[length] = '\0';
}
