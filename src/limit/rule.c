/* SPDX-License-Identifier: MIT */
#include "limit/rule.h"

#include "base/arena.h"
#include "base/form.h"
#include "base/writer.h"
#include "limit/algorithm.h"
#include "limit/member_aliases.h"

#include "limit_id.h"
#include "rule_sets.h"

/* The place of a limit in the document. */
struct pointer {
    char text[sizeof(((struct fault *)NULL)->pointer)];
};

/* rule_read(), in the order it runs. */
static void inline_members_refuse(struct form *form);
static void limit_list_read(struct form *form, const json_t *list, struct arena *arena,
                            struct limit limits[]);
static void names_check(struct form *form, const struct rule *rule);
static void kinds_note(struct rule *rule);
static void ids_make(struct form *form, struct limit limits[], size_t count);
static struct pointer limit_pointer(const struct form *form, size_t index);

bool rule_read(struct form *form, enum rule_use use, struct arena *arena, struct rule *rule)
{
    size_t faults_before = form->faults->count;
    const json_t *list = NULL;

    if (form_has(form, "limits")) {
        inline_members_refuse(form);
        if (!form_array(form, "limits", FORM_REQUIRED, 1, LIMITS_MAX, &list))
            return false;
    }
    const size_t count = list == NULL ? 1 : json_array_size(list);
    struct limit *limits = ARENA_ARRAY(arena, struct limit, count);

    *rule = (struct rule){
        .use = use, .is_listed = list != NULL, .limit_count = count, .limits = limits};
    if (list == NULL)
        limit_read(form, "default", arena, &limits[0]);
    else
        limit_list_read(form, list, arena, limits);
    names_check(form, rule);
    if (form->faults->count > faults_before)
        return false;
    kinds_note(rule);
    ids_make(form, limits, count);
    rule_sets_make(rule, limits, arena);
    return form->faults->count == faults_before;
}

void rule_write(const struct rule *rule, struct writer *writer)
{
    if (rule->limit_count == 1) {
        limit_write(&rule->limits[0], writer);
        return;
    }
    writer_begin_array(writer, "limits");
    for (size_t i = 0; i < rule->limit_count; i++) {
        writer_begin_object(writer, NULL);
        limit_write(&rule->limits[i], writer);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

const struct limit *rule_find_limit(const struct rule *rule, struct text name)
{
    for (size_t i = 0; i < rule->limit_count; i++) {
        if (text_equal(text_of(rule->limits[i].name), name))
            return &rule->limits[i];
    }
    return NULL;
}

bool rule_has_delay(const struct rule *rule)
{
    for (size_t i = 0; i < rule->limit_count; i++) {
        if (algorithm_of(rule->limits[i].algorithm)->has_delay)
            return true;
    }
    return false;
}

static void inline_members_refuse(struct form *form)
{
    for (const char *const *member = limit_members; *member != NULL; member++) {
        if (form_has(form, *member))
            form_fault(form, *member, "must be absent beside `limits`");
    }
}

static void limit_list_read(struct form *form, const json_t *list, struct arena *arena,
                            struct limit limits[])
{
    const size_t count = json_array_size(list);

    for (size_t i = 0; i < count; i++) {
        struct pointer pointer = limit_pointer(form, i);
        char number[2] = {(char)('1' + i), '\0'};
        struct form limit_form;

        if (form_open(&limit_form, json_array_get(list, i), pointer.text, form->faults)) {
            limit_read(&limit_form, count == 1 ? "default" : number, arena, &limits[i]);
            form_close_with(&limit_form, member_aliases);
        }
    }
}

static void names_check(struct form *form, const struct rule *rule)
{
    for (size_t i = 1; i < rule->limit_count; i++) {
        const char *name = rule->limits[i].name;
        bool taken = false;

        for (size_t before = 0; before < i; before++)
            taken = taken || strcmp(rule->limits[before].name, name) == 0;
        if (taken && name[0] != '\0') /* "" already had a fault */
            faults_add(form->faults, limit_pointer(form, i).text, "name",
                       "must be unique: \"%s\" is there already", name);
    }
}

static void kinds_note(struct rule *rule)
{
    for (size_t i = 0; i < rule->limit_count; i++) {
        rule->has_period |= rule->limits[i].period != NULL;
        rule->has_headroom |= rule->limits[i].headroom.amount > 0;
    }
}

static void ids_make(struct form *form, struct limit limits[], size_t count)
{
    size_t other;
    const size_t same = limit_ids_make(limits, count, &other);

    if (same < count) {
        faults_add(form->faults, limit_pointer(form, same).text, "name",
                   "must be another: the counters of \"%s\" have the same short id",
                   limits[other].name);
    }
}

static struct pointer limit_pointer(const struct form *form, size_t index)
{
    struct pointer pointer;

    (void)snprintf(pointer.text, sizeof(pointer.text), "%s/limits/%zu", form->pointer, index);
    return pointer;
}
