/* SPDX-License-Identifier: MIT
 *
 * What must hold of a siege, whatever the machine is: nothing here looks at the clock. */
#include "siege.h"

#include "base/duration.h"

static void judge_load(struct siege *siege, int asked, const char *what);
static void judge_pace(struct siege *siege, int asked, const char *what);
static long count_served(const struct siege *siege);
static bool has_figure_risen(struct siege *siege);
static bool has_been_told(const struct siege *siege, const struct hostility_told *told);

bool siege_was_telling(const struct siege *siege)
{
    const struct hostility_told *told = siege->row->told;
    size_t i = 0;

    while (i < HOSTILITY_TOLD_MAX && told[i].code != NULL && has_been_told(siege, &told[i]))
        i++;
    return i == HOSTILITY_TOLD_MAX || told[i].code == NULL;
}

void siege_judge(struct siege *siege)
{
    const struct hostility *row = siege->row;

    siege_judge_good(siege);
    for (size_t i = 0; i < HOSTILITY_TOLD_MAX && row->told[i].code != NULL; i++) {
        if (!has_been_told(siege, &row->told[i]))
            siege_miss(siege, "the hostile app was not told %d %s", row->told[i].status,
                       row->told[i].code);
    }
    if (row->figure.name != NULL && !has_figure_risen(siege))
        siege_miss(siege, "%s{%s} has not risen", row->figure.name, row->figure.labels);
}

void siege_judge_good(struct siege *siege)
{
    judge_load(siege, SIEGE_CHECKS, "check");
    judge_load(siege, SIEGE_ALSO, siege->row->also);
}

static void judge_load(struct siege *siege, int asked, const char *what)
{
    const struct load_summary *summary = &siege->beside[asked];
    const long refused = siege_refused(summary);

    if (what == NULL)
        return;
    if (summary->checks == 0)
        siege_miss(siege, "no %s of the good app was answered", what);
    if (refused > 0)
        siege_miss(siege, "%ld of %ld (%s) were refused the good app: %.160s", refused,
                   summary->checks, what, summary->first_failure);
    if (summary->degraded > 0 && !siege->row->may_degrade)
        siege_miss(siege, "%ld of %ld (%s) were degraded", summary->degraded, summary->checks,
                   what);
    if (siege->row->keeps_up)
        judge_pace(siege, asked, what);
}

/* A machine that is busy slows both down. */
static void judge_pace(struct siege *siege, int asked, const char *what)
{
    const long answers = siege->beside[asked].checks;
    const long wanted = (long)(siege_per_second[asked] * siege->hostile.took_us / SECOND_US);
    const long others = count_served(siege);

    if (answers < wanted / 2 && answers < others)
        siege_miss(siege, "the good app got %ld of %ld (%s), the hostile one %ld answers", answers,
                   wanted, what, others);
}

/* How many answers the hostile app got that are not a refusal because of full places. */
static long count_served(const struct siege *siege)
{
    const struct answer_sum *told = &siege->hostile.told;
    long served = 0;

    for (size_t i = 0; i < told->kind_count; i++) {
        const int status = told->kinds[i].status;
        if (status != 0 && status != 429 && status != 503)
            served += told->kinds[i].count;
    }
    return served;
}

static bool has_figure_risen(struct siege *siege)
{
    return siege_figure(siege, &siege->row->figure) > siege->figure_before;
}

static bool has_been_told(const struct siege *siege, const struct hostility_told *told)
{
    const struct answer_sum *sum = &siege->hostile.told;

    for (size_t i = 0; i < sum->kind_count; i++) {
        if (sum->kinds[i].status == told->status && strcmp(sum->kinds[i].code, told->code) == 0)
            return true;
    }
    return false;
}
