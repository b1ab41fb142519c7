/* SPDX-License-Identifier: MIT */
#include "api/replay_report.h"

#include "base/hash.h"
#include "journal/ring.h"

#define SLOTS ((size_t)16 * 1024)

_Static_assert(SLOTS >= (size_t)2 * JOURNAL_RECORDS * SUBJECTS_MAX, "half of them are free");
_Static_assert(JOURNAL_RECORDS *SUBJECTS_MAX < UINT16_MAX, "a slot holds any place");

struct replay_subject {
    struct subject subject;
    struct replay_compared compared;
};

/* The entry's outcome, in both worlds. */
struct change {
    bool allowed_then;
    bool allowed_now;
    bool shadow_then;
    bool shadow_now;
};

/* Bars of these lengths begin at full minutes, hours or days. The longest is for a window of a
 * week. */
static const int64_t steps_s[] = {1,
                                  2,
                                  5,
                                  10,
                                  15,
                                  30,
                                  MINUTE_S,
                                  2 * MINUTE_S,
                                  5 * MINUTE_S,
                                  10 * MINUTE_S,
                                  15 * MINUTE_S,
                                  30 * MINUTE_S,
                                  HOUR_S,
                                  2 * HOUR_S,
                                  3 * HOUR_S};

static const char *const left_out_names[REPLAY_ENDS] = {
    [REPLAY_OTHER_POLICY] = "other_policy",
    [REPLAY_DEGRADED] = "degraded",
    [REPLAY_NO_TIME] = "no_time",
    [REPLAY_UNFIT] = "unfit",
};

static void choose_step(struct replay_report *report, int64_t from_us, int64_t to_us);
static int64_t step_of(const struct replay_report *report, int64_t time_us);
static struct change change_of(const struct replay_report *report, const struct record *record,
                               const struct replay_outcome *outcome);
static void add_change(struct replay_compared *compared, const struct change *change);
static void count(struct replay_counts *counts, bool allowed, bool shadow);
static struct replay_subject *find_subject(struct replay_report *report,
                                           const struct subject *subject);
static void write_ends(const struct replay_report *report, struct writer *writer);
static void write_counts(const struct replay_counts *counts, const char *key,
                         struct writer *writer);
static void write_changed(const struct replay_compared *compared, struct writer *writer);
static void write_points(const struct replay_report *report, struct writer *writer);
static void write_subjects(const struct replay_report *report, struct writer *writer);
static size_t choose_subjects(const struct replay_report *report,
                              const struct replay_subject *top[]);
static bool comes_first(const struct replay_subject *subject, const struct replay_subject *other);
static int64_t changes(const struct replay_compared *compared);
static void write_limits(const struct replay_report *report, struct writer *writer);

void replay_report_init(struct replay_report *report, const struct policy *policy,
                        const struct log_entry entries[], size_t count, struct arena *arena)
{
    size_t subjects_max = 0;

    ASSERT(count <= JOURNAL_RECORDS);
    for (size_t i = 0; i < count; i++)
        subjects_max += entries[i].record.subjects.count;
    *report = (struct replay_report){.policy = policy, .step_s = steps_s[0]};
    report->subjects = ARENA_ARRAY(arena, struct replay_subject, subjects_max);
    report->slots = ARENA_ARRAY(arena, uint16_t, SLOTS);
    if (count > 0)
        choose_step(report, entries[0].in_order_us, entries[count - 1].in_order_us);
}

void replay_report_add(struct replay_report *report, const struct log_entry *entry,
                       enum replay_end end, const struct replay_outcome *outcome)
{
    const struct record *record = &entry->record;

    report->ends[end]++;
    if (end != REPLAY_DECIDED)
        return;

    const struct change change = change_of(report, record, outcome);
    const int64_t point = step_of(report, entry->in_order_us) - report->first_step;

    ASSERT(point >= 0 && (size_t)point < report->point_count);
    add_change(&report->totals, &change);
    add_change(&report->points[point], &change);
    for (size_t i = 0; i < record->subjects.count; i++)
        add_change(&find_subject(report, &record->subjects.at[i])->compared, &change);
    for (size_t i = 0; i < report->policy->rule.limit_count; i++)
        report->denied_by[i] += outcome->denied_by[i];
}

void replay_report_write(const struct replay_report *report, struct writer *writer)
{
    write_ends(report, writer);
    write_counts(&report->totals.then, "then", writer);
    write_counts(&report->totals.now, "now", writer);
    writer_begin_object(writer, "changed");
    write_changed(&report->totals, writer);
    writer_end_object(writer);
    write_points(report, writer);
    write_subjects(report, writer);
    write_limits(report, writer);
}

/* The shortest with which there are not too many points. */
static void choose_step(struct replay_report *report, int64_t from_us, int64_t to_us)
{
    size_t step = 0;
    int64_t last_step;

    do {
        ASSERT(step < ARRAY_COUNT(steps_s));
        report->step_s = steps_s[step++];
        report->first_step = step_of(report, from_us);
        last_step = step_of(report, to_us);
    } while (last_step - report->first_step >= REPLAY_POINTS_MAX);
    report->point_count = (size_t)(last_step - report->first_step + 1);
}

static int64_t step_of(const struct replay_report *report, int64_t time_us)
{
    return time_us / SECOND_US / report->step_s;
}

/* In shadow mode a decision has a reason if its limits deny. So has one of a policy that is
 * switched off, but that one has no numbers. */
static struct change change_of(const struct replay_report *report, const struct record *record,
                               const struct replay_outcome *outcome)
{
    const bool shadow_then = record->mode != NULL &&
                             strcmp(record->mode, policy_mode_words[POLICY_SHADOW]) == 0 &&
                             record->reason != NULL && record->remaining >= 0;

    return (struct change){
        .allowed_then = record->allowed && !shadow_then,
        .allowed_now = outcome->allowed,
        .shadow_then = shadow_then,
        .shadow_now = report->policy->mode == POLICY_SHADOW,
    };
}

static void add_change(struct replay_compared *compared, const struct change *change)
{
    count(&compared->then, change->allowed_then, change->shadow_then);
    count(&compared->now, change->allowed_now, change->shadow_now);
    compared->newly_denied += change->allowed_then && !change->allowed_now;
    compared->newly_allowed += !change->allowed_then && change->allowed_now;
}

static void count(struct replay_counts *counts, bool allowed, bool shadow)
{
    counts->allowed += allowed;
    counts->denied += !allowed;
    counts->denied_in_shadow += !allowed && shadow;
}

static struct replay_subject *find_subject(struct replay_report *report,
                                           const struct subject *subject)
{
    size_t at = hash_join(hash_text(subject->name), hash_text(subject->value)) % SLOTS;

    for (; report->slots[at] != 0; at = (at + 1) % SLOTS) {
        struct replay_subject *known = &report->subjects[report->slots[at] - 1];

        if (subject_equal(&known->subject, subject))
            return known;
    }

    struct replay_subject *added = &report->subjects[report->subject_count++];

    added->subject = *subject;
    report->slots[at] = (uint16_t)report->subject_count;
    return added;
}

static void write_ends(const struct replay_report *report, struct writer *writer)
{
    writer_begin_object(writer, "replayed");
    writer_integer(writer, "decisions", report->ends[REPLAY_DECIDED]);
    writer_integer(writer, "charges", report->ends[REPLAY_CHARGED]);
    writer_end_object(writer);
    writer_begin_object(writer, "left_out");
    for (size_t i = 0; i < REPLAY_ENDS; i++) {
        if (left_out_names[i] != NULL)
            writer_integer(writer, left_out_names[i], report->ends[i]);
    }
    writer_end_object(writer);
}

static void write_counts(const struct replay_counts *counts, const char *key, struct writer *writer)
{
    writer_begin_object(writer, key);
    writer_integer(writer, "allowed", counts->allowed);
    writer_integer(writer, "denied", counts->denied);
    writer_integer(writer, "denied_in_shadow", counts->denied_in_shadow);
    writer_end_object(writer);
}

static void write_changed(const struct replay_compared *compared, struct writer *writer)
{
    writer_integer(writer, "newly_denied", compared->newly_denied);
    writer_integer(writer, "newly_allowed", compared->newly_allowed);
}

static void write_points(const struct replay_report *report, struct writer *writer)
{
    writer_integer(writer, "step_seconds", report->step_s);
    writer_begin_array(writer, "by_time");
    for (size_t i = 0; i < report->point_count; i++) {
        writer_begin_object(writer, NULL);
        writer_integer(writer, "timestamp", (report->first_step + (int64_t)i) * report->step_s);
        write_counts(&report->points[i].then, "then", writer);
        write_counts(&report->points[i].now, "now", writer);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

static void write_subjects(const struct replay_report *report, struct writer *writer)
{
    const struct replay_subject *top[REPLAY_SUBJECTS_SHOWN + 1];
    const size_t shown = choose_subjects(report, top);

    writer_integer(writer, "subjects", (int64_t)report->subject_count);
    writer_begin_array(writer, "by_subject");
    for (size_t i = 0; i < shown; i++) {
        writer_begin_object(writer, NULL);
        subject_write(&top[i]->subject, writer, "subject");
        write_counts(&top[i]->compared.then, "then", writer);
        write_counts(&top[i]->compared.now, "now", writer);
        write_changed(&top[i]->compared, writer);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

/* There is room in top[] for one more than are shown. */
static size_t choose_subjects(const struct replay_report *report,
                              const struct replay_subject *top[])
{
    size_t chosen = 0;

    for (size_t i = 0; i < report->subject_count; i++) {
        const struct replay_subject *subject = &report->subjects[i];
        size_t place = chosen;

        for (; place > 0 && comes_first(subject, top[place - 1]); place--)
            top[place] = top[place - 1];
        top[place] = subject;
        chosen += chosen < REPLAY_SUBJECTS_SHOWN;
    }
    return chosen;
}

/* Those with the most changes, then those that are denied most often. */
static bool comes_first(const struct replay_subject *subject, const struct replay_subject *other)
{
    const int64_t more = changes(&subject->compared) - changes(&other->compared);
    const int64_t more_denied = subject->compared.now.denied - other->compared.now.denied;

    if (more != 0)
        return more > 0;
    if (more_denied != 0)
        return more_denied > 0;
    return subject_compare(&subject->subject, &other->subject) < 0;
}

static int64_t changes(const struct replay_compared *compared)
{
    return compared->newly_denied + compared->newly_allowed;
}

static void write_limits(const struct replay_report *report, struct writer *writer)
{
    const struct rule *rule = &report->policy->rule;

    writer_begin_array(writer, "by_limit");
    for (size_t i = 0; i < rule->limit_count; i++) {
        writer_begin_object(writer, NULL);
        writer_string(writer, "name", rule->limits[i].name);
        writer_integer(writer, "denied", report->denied_by[i]);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}
