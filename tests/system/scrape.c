/* SPDX-License-Identifier: MIT */
#include "scrape.h"

#include "support/cmocka.h"
#include "support/expect.h"

static void read_line(struct scrape *scrape, char *line);
static void read_help(struct scrape *scrape, char *rest);
static void read_type(struct scrape *scrape, char *rest);
static void read_sample(struct scrape *scrape, char *line);
static bool belongs_to(const char *sample, const struct scrape_family *family);

void scrape_read(struct scrape *scrape, struct client *client)
{
    const struct reply *reply = client_get(client, "/metrics");
    EXPECT(reply, 200, NULL);
    EXPECT_FIELD(reply, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");

    char *text = strdup(reply->body);
    char *rest = text;

    *scrape = (struct scrape){0};
    assert_true(reply->body_bytes > 0 && text[reply->body_bytes - 1] == '\n');
    text[reply->body_bytes - 1] = '\0';
    while (rest != NULL)
        read_line(scrape, strsep(&rest, "\n"));
    free(text);
}

const struct scrape_sample *scrape_find(const struct scrape *scrape, const char *name,
                                        const char *labels)
{
    for (size_t i = 0; i < scrape->sample_count; i++) {
        const struct scrape_sample *sample = &scrape->samples[i];

        if (strcmp(sample->name, name) == 0 && strcmp(sample->labels, labels) == 0)
            return sample;
    }
    return NULL;
}

double scrape_value(const struct scrape *scrape, const char *name, const char *labels)
{
    const struct scrape_sample *sample = scrape_find(scrape, name, labels);

    if (sample == NULL)
        fail_msg("%s{%s} is not exported", name, labels);
    return sample == NULL ? 0 : sample->value;
}

double scrape_figure(struct client *client, const char *name, const char *labels)
{
    static struct scrape scrape; /* too large for a stack */

    scrape_read(&scrape, client);
    return scrape_value(&scrape, name, labels);
}

bool scrape_has_label(const struct scrape *scrape, const char *name, const char *label,
                      const char *value)
{
    char wanted[256];

    if (value == NULL)
        (void)snprintf(wanted, sizeof(wanted), ",%s=\"", label);
    else
        (void)snprintf(wanted, sizeof(wanted), ",%s=\"%s\"", label, value);
    for (size_t i = 0; i < scrape->sample_count; i++) {
        char labels[258];

        (void)snprintf(labels, sizeof(labels), ",%s", scrape->samples[i].labels);
        if (strcmp(scrape->samples[i].name, name) == 0 && strstr(labels, wanted) != NULL)
            return true;
    }
    return false;
}

static void read_line(struct scrape *scrape, char *line)
{
    if (strncmp(line, "# HELP ", 7) == 0)
        read_help(scrape, line + 7);
    else if (strncmp(line, "# TYPE ", 7) == 0)
        read_type(scrape, line + 7);
    else
        read_sample(scrape, line);
}

static void read_help(struct scrape *scrape, char *rest)
{
    const char *name = strsep(&rest, " ");

    assert_true(scrape->family_count < SCRAPE_FAMILIES_MAX);
    if (rest == NULL || strlen(rest) < 5)
        fail_msg("%s has no HELP and TYPE", name);
    for (size_t i = 0; i < scrape->family_count; i++)
        assert_string_not_equal(scrape->families[i].name, name);
    (void)snprintf(scrape->families[scrape->family_count++].name, sizeof(scrape->families[0].name),
                   "%s", name);
}

static void read_type(struct scrape *scrape, char *rest)
{
    const char *name = strsep(&rest, " ");

    assert_true(scrape->family_count > 0);
    struct scrape_family *family = &scrape->families[scrape->family_count - 1];
    assert_string_equal(name, family->name);
    assert_int_equal(family->sample_count, 0);
    assert_string_equal(family->type, "");
    (void)snprintf(family->type, sizeof(family->type), "%s", rest);
}

static void read_sample(struct scrape *scrape, char *line)
{
    size_t name_length = strcspn(line, "{ ");
    char *value = strrchr(line, ' ');
    char *end = NULL;

    assert_true(scrape->family_count > 0 && scrape->sample_count < SCRAPE_SAMPLES_MAX);
    struct scrape_family *family = &scrape->families[scrape->family_count - 1];
    struct scrape_sample *sample = &scrape->samples[scrape->sample_count];
    if (value == NULL)
        fail_msg("no value in \"%s\"", line);
    *value = '\0';
    sample->value = strtod(value + 1, &end);
    if (end == value + 1 || *end != '\0')
        fail_msg("no number after \"%s\"", line);
    (void)snprintf(sample->name, sizeof(sample->name), "%.*s", (int)name_length, line);
    if (line[name_length] == '{')
        (void)snprintf(sample->labels, sizeof(sample->labels), "%.*s",
                       (int)strcspn(line + name_length + 1, "}"), line + name_length + 1);
    if (!belongs_to(sample->name, family))
        fail_msg("%s is below %s", sample->name, family->name);
    if (scrape_find(scrape, sample->name, sample->labels) != NULL)
        fail_msg("%s{%s} is there twice", sample->name, sample->labels);
    sample->family = family;
    family->sample_count++;
    scrape->sample_count++;
}

static bool belongs_to(const char *sample, const struct scrape_family *family)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    size_t length = strlen(family->name);

    if (strcmp(family->type, "histogram") != 0)
        return strcmp(sample, family->name) == 0;
    for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
        if (strncmp(sample, family->name, length) == 0 && strcmp(sample + length, suffixes[i]) == 0)
            return true;
    }
    return false;
}
