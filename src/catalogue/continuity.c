/* SPDX-License-Identifier: MIT */
#include "continuity.h"

#include "base/clock.h"
#include "base/log.h"

#include "relation.h"

#include <sodium.h>

#define ATTEMPTS 3 /* to mark a catalogue before others do */

/* The result of one look at the catalogue: done, or another process was faster. */
enum look { LOOK_OVER, LOOK_AGAIN };

static struct catalogue_held held_now(const struct continuity *continuity);
static enum catalogue_verdict judge(const struct continuity *continuity,
                                    const struct catalogue_held *held,
                                    const struct catalogue_mark *mark);
static bool has_met(const struct continuity *continuity, const struct generation *generation);
static enum look keep(struct continuity *continuity, const struct catalogue_mark *mark,
                      enum catalogue_status *status, struct error *error);
static enum look mark_first(struct continuity *continuity, const struct catalogue_mark *mark,
                            enum catalogue_status *status, struct error *error);
static enum look put_back(struct continuity *continuity, const struct catalogue_mark *mark,
                          enum catalogue_status *status, struct error *error);
static enum look replace(struct continuity *continuity, const struct catalogue_mark *mark,
                         const char *reason, enum catalogue_status *status, struct error *error);
static const char *why_replaced(const struct catalogue_mark *mark);
static enum look meet(struct continuity *continuity, const struct catalogue_mark *mark,
                      enum catalogue_status *status, struct error *error);
static void refuse(struct continuity *continuity, const struct error *reason, const char *cure);
static enum look claim(struct continuity *continuity, const struct pepper *pepper,
                       const struct generation *before, enum catalogue_status *status,
                       struct error *error);
static void adopt(struct continuity *continuity, const struct catalogue_identity *identity);
static void begin_afresh(struct continuity *continuity);
static bool is_to_wait(const struct continuity *continuity, enum catalogue_verdict verdict,
                       const struct catalogue_mark *mark, struct error *error);
static bool state_enter(struct continuity *continuity, enum catalogue_continuity state);
static void explain(const struct pepper *pepper, const struct catalogue_mark *mark,
                    struct error *error);

const char *const catalogue_continuity_words[] = {"kept", "lost", "foreign", NULL};

bool catalogue_admits(struct catalogue_backend *backend, const struct pepper *pepper,
                      struct error *error)
{
    const struct catalogue_held held = {.pepper = pepper, .is_configured = pepper != NULL};
    struct catalogue_mark mark;
    struct error ignored;
    bool is_foreign = backend->operations->mark_read(backend, 0, &mark, &ignored) == CATALOGUE_OK &&
                      !(mark.is_pepper_damaged && pepper == NULL) &&
                      catalogue_identity_judge(&held, &mark) == VERDICT_FOREIGN;

    if (is_foreign)
        explain(pepper, &mark, error);
    sodium_memzero(&mark, sizeof(mark));
    return !is_foreign;
}

void continuity_init(struct continuity *continuity, const struct catalogue_options *options)
{
    *continuity = (struct continuity){
        .backend = options->backend,
        .index = options->index,
        .restores = options->restores,
        .is_pepper_configured = options->pepper != NULL,
    };
    restoring_init(&continuity->restoring);
    if (options->pepper != NULL)
        app_index_set_pepper(options->index, options->pepper);
}

void continuity_close(struct continuity *continuity)
{
    restoring_end(&continuity->restoring);
}

enum catalogue_status continuity_check(struct continuity *continuity, struct error *error)
{
    enum catalogue_status status = CATALOGUE_UNAVAILABLE;
    enum look look = LOOK_AGAIN;

    for (int i = 0; i < ATTEMPTS && look == LOOK_AGAIN; i++) {
        const struct catalogue_held held = held_now(continuity);
        const int64_t now_us = clock_monotonic_us();
        struct catalogue_mark mark;

        status = continuity->backend->operations->mark_read(continuity->backend, held.seen.written,
                                                            &mark, error);
        if (status != CATALOGUE_OK)
            return status;
        const enum catalogue_verdict verdict = judge(continuity, &held, &mark);
        if (is_to_wait(continuity, verdict, &mark, error))
            return CATALOGUE_UNAVAILABLE;
        switch (verdict) {
        case VERDICT_KEPT:
            look = keep(continuity, &mark, &status, error);
            break;
        case VERDICT_UNMARKED:
            look = mark_first(continuity, &mark, &status, error);
            break;
        case VERDICT_EMPTY:
            look = put_back(continuity, &mark, &status, error);
            break;
        case VERDICT_RESTORED:
            if (continuity->restores)
                restoring_begin(&continuity->restoring, continuity->index);
            look = replace(continuity, &mark, "others have put it back, or made a new one", &status,
                           error);
            break;
        case VERDICT_REPLACED:
            look = replace(continuity, &mark, why_replaced(&mark), &status, error);
            break;
        case VERDICT_ANOTHER:
            look = meet(continuity, &mark, &status, error);
            break;
        case VERDICT_FOREIGN:
            explain(app_index_pepper(continuity->index), &mark, error);
            refuse(continuity, error, "restart this instance, or give both the same key_pepper");
            status = CATALOGUE_UNAVAILABLE;
            look = LOOK_OVER;
            break;
        }
        continuity->has_seen_pepper |= status == CATALOGUE_OK && mark.has_pepper;
        if (status == CATALOGUE_OK && look == LOOK_OVER) {
            continuity->seen = mark.progress;
            continuity->seen_at_us = now_us;
            restoring_look(&continuity->restoring, continuity->backend, &mark.restorer,
                           continuity->restores);
        }
        sodium_memzero(&mark, sizeof(mark));
    }
    if (look == LOOK_AGAIN) {
        (void)error_set(error, "the catalogue is being made by others");
        return CATALOGUE_UNAVAILABLE;
    }
    return status;
}

bool continuity_owes(const struct continuity *continuity)
{
    return restoring_is_under_way(&continuity->restoring);
}

enum catalogue_status continuity_put_back(struct continuity *continuity, struct error *error)
{
    return restoring_go_on(&continuity->restoring, continuity->backend, error);
}

bool continuity_holds(struct continuity *continuity, struct error *error)
{
    const struct catalogue_held held = held_now(continuity);
    struct catalogue_mark mark;

    if (continuity->backend->operations->mark_read(continuity->backend, held.seen.written, &mark,
                                                   error) != CATALOGUE_OK)
        return false;
    const enum catalogue_verdict verdict = catalogue_identity_judge(&held, &mark);
    const bool is_same =
        (verdict == VERDICT_KEPT || (verdict == VERDICT_UNMARKED && !continuity->has_generation)) &&
        (continuity->has_settled ||
         !restoring_is_elsewhere(&continuity->restoring, &mark.restorer));
    sodium_memzero(&mark, sizeof(mark));
    return is_same || error_set(error, "another catalogue took its place while it was read");
}

bool continuity_can_write(struct continuity *continuity, struct error *error)
{
    /* If another identity is there by now, the next look judges it. */
    return continuity->backend->operations->mark_claim(
               continuity->backend, NULL, &continuity->identity, error) != CATALOGUE_UNAVAILABLE;
}

void continuity_settle(struct continuity *continuity)
{
    if (continuity_owes(continuity))
        return;
    continuity->has_settled = true;
    if (state_enter(continuity, CATALOGUE_KEPT))
        log_write(LOG_INFO, "catalogue is whole", LOG_NONE);
}

/* This process' own writes count as seen before they are read. */
static struct catalogue_held held_now(const struct continuity *continuity)
{
    struct catalogue_held held = {.pepper = app_index_pepper(continuity->index),
                                  .is_configured = continuity->is_pepper_configured,
                                  .has_seen_pepper = continuity->has_seen_pepper,
                                  .has_generation = continuity->has_generation,
                                  .generation = continuity->identity.generation,
                                  .seen = continuity->seen,
                                  .unseen_us = clock_monotonic_us() - continuity->seen_at_us};

    if (continuity->backend->written > held.seen.written)
        held.seen.written = continuity->backend->written;
    if (continuity->backend->written > held.seen.newest)
        held.seen.newest = continuity->backend->written;
    return held;
}

/* A catalogue that was judged another one stays so, however it has changed. */
static enum catalogue_verdict judge(const struct continuity *continuity,
                                    const struct catalogue_held *held,
                                    const struct catalogue_mark *mark)
{
    const enum catalogue_verdict verdict = catalogue_identity_judge(held, mark);

    return verdict == VERDICT_RESTORED && has_met(continuity, &mark->identity.generation)
               ? VERDICT_ANOTHER
               : verdict;
}

static bool has_met(const struct continuity *continuity, const struct generation *generation)
{
    return continuity->has_met_another &&
           memcmp(&continuity->another, generation, sizeof(*generation)) == 0;
}

/* Only the pepper may be gone. If nothing can be written, it stays so for now. */
static enum look keep(struct continuity *continuity, const struct catalogue_mark *mark,
                      enum catalogue_status *status, struct error *error)
{
    const struct catalogue_operations *operations = continuity->backend->operations;

    if (app_index_pepper(continuity->index) == NULL)
        app_index_set_pepper(continuity->index, &mark->pepper);
    adopt(continuity, &mark->identity);
    if (mark->has_pepper || continuity->is_pepper_configured || !continuity->restores)
        return LOOK_OVER;
    *status = operations->mark_claim(continuity->backend, app_index_pepper(continuity->index),
                                     &mark->identity, error);
    if (*status == CATALOGUE_OK)
        return LOOK_AGAIN;
    if (*status == CATALOGUE_CREATED)
        log_write(LOG_WARN, "pepper put back",
                  LOG_STRING("reason", mark->is_pepper_damaged ? "it was damaged" : "it was gone"));
    *status = CATALOGUE_OK;
    return LOOK_OVER;
}

/* If nothing can be written, the process uses the pepper that is there, and tries again. */
static enum look mark_first(struct continuity *continuity, const struct catalogue_mark *mark,
                            enum catalogue_status *status, struct error *error)
{
    bool has_pepper = mark->has_pepper || app_index_pepper(continuity->index) != NULL;
    struct pepper pepper;

    if (app_index_pepper(continuity->index) != NULL)
        pepper = *app_index_pepper(continuity->index);
    else if (mark->has_pepper)
        pepper = mark->pepper;
    else
        randombytes_buf(&pepper, sizeof(pepper));
    if (mark->has_pepper && sodium_memcmp(&mark->pepper, &pepper, sizeof(pepper)) != 0 &&
        !continuity->has_passed_over) {
        continuity->has_passed_over = true;
        log_write(LOG_WARN, "stored pepper passed over",
                  LOG_STRING("reason", "key_pepper is set: keys made under the stored one, without "
                                       "key_pepper, are unknown"));
    }
    enum look look = claim(continuity, &pepper, NULL, status, error);
    if (look == LOOK_OVER && *status == CATALOGUE_UNAVAILABLE && has_pepper)
        *status = CATALOGUE_OK;
    if (look == LOOK_OVER && *status == CATALOGUE_OK)
        app_index_set_pepper(continuity->index, &pepper);
    sodium_memzero(&pepper, sizeof(pepper));
    return look;
}

/* If only the apps are gone, it is still the same catalogue. */
static enum look put_back(struct continuity *continuity, const struct catalogue_mark *mark,
                          enum catalogue_status *status, struct error *error)
{
    const char *reason =
        mark->has_identity ? "it no longer lists any app" : "it has come back empty";

    if (state_enter(continuity, CATALOGUE_LOST)) {
        atomic_fetch_add(&continuity->losses, 1);
        log_write(LOG_ERROR, "catalogue lost", LOG_STRING("reason", reason),
                  LOG_STRING("restore_catalogue", continuity->restores ? "true" : "false"));
    }
    if (!continuity->restores) {
        (void)error_set(error, "the catalogue is lost: %s", reason);
        *status = CATALOGUE_UNAVAILABLE;
        return LOOK_OVER;
    }
    /* Before anything is written, so that no process takes the first apps for all. */
    *status = continuity->backend->operations->restore_begin(continuity->backend,
                                                             continuity->restoring.name, error);
    if (*status == CATALOGUE_OK)
        (void)error_set(error, "another instance is putting apps back");
    if (*status != CATALOGUE_CREATED) {
        *status = CATALOGUE_UNAVAILABLE;
        return LOOK_OVER;
    }
    const struct generation before = continuity->identity.generation;
    *status = CATALOGUE_OK;
    if (mark->has_identity) {
        restoring_begin(&continuity->restoring, continuity->index);
        begin_afresh(continuity);
        return LOOK_OVER;
    }
    enum look look = claim(continuity, app_index_pepper(continuity->index), &before, status, error);
    if (look == LOOK_OVER && *status == CATALOGUE_OK) {
        restoring_begin(&continuity->restoring, continuity->index);
        begin_afresh(continuity);
    }
    return look;
}

static enum look replace(struct continuity *continuity, const struct catalogue_mark *mark,
                         const char *reason, enum catalogue_status *status, struct error *error)
{
    if (!mark->has_identity) {
        enum look look =
            claim(continuity, app_index_pepper(continuity->index), NULL, status, error);
        if (look == LOOK_AGAIN)
            return look;
        if (*status != CATALOGUE_OK) {
            *status = CATALOGUE_OK; /* read-only: goes on with what it holds */
            return LOOK_OVER;
        }
    } else {
        adopt(continuity, &mark->identity);
    }
    if (state_enter(continuity, CATALOGUE_LOST))
        atomic_fetch_add(&continuity->losses, 1);
    log_write(LOG_ERROR, "catalogue replaced", LOG_STRING("reason", reason));
    begin_afresh(continuity);
    return LOOK_OVER;
}

static const char *why_replaced(const struct catalogue_mark *mark)
{
    return mark->has_identity          ? "it is older than what was seen of it"
           : mark->is_identity_damaged ? "its identity is damaged"
                                       : "its identity is gone";
}

/* An older copy that an operator has loaded has some of the same apps. A catalogue with none of
 * them belongs to another service, and the two must not mix. */
static enum look meet(struct continuity *continuity, const struct catalogue_mark *mark,
                      enum catalogue_status *status, struct error *error)
{
    const struct generation *generation = &mark->identity.generation;
    bool is_related = false;

    if (!has_met(continuity, generation)) {
        *status = relation_find(continuity->backend, continuity->index, &is_related, error);
        if (*status != CATALOGUE_OK)
            return LOOK_OVER;
    }
    if (is_related)
        return replace(continuity, mark, "it is an older copy, or one beside it", status, error);
    continuity->has_met_another = true;
    continuity->another = *generation;
    (void)error_set(error, "the catalogue is another one, with apps of its own");
    refuse(continuity, error, "restart this instance, or give it back the catalogue that it had");
    *status = CATALOGUE_UNAVAILABLE;
    return LOOK_OVER;
}

/* Both go on: this process with its apps, and the owner of the other catalogue. */
static void refuse(struct continuity *continuity, const struct error *reason, const char *cure)
{
    if (state_enter(continuity, CATALOGUE_FOREIGN)) {
        atomic_fetch_add(&continuity->losses, continuity->has_generation);
        log_write(LOG_ERROR, "catalogue is another's", LOG_STRING("reason", reason->message),
                  LOG_STRING("cure", cure));
    }
}

/* LOOK_AGAIN: another process has marked the catalogue. */
static enum look claim(struct continuity *continuity, const struct pepper *pepper,
                       const struct generation *before, enum catalogue_status *status,
                       struct error *error)
{
    const struct catalogue_identity identity = catalogue_identity_new(pepper, before);

    *status = continuity->backend->operations->mark_claim(
        continuity->backend, continuity->is_pepper_configured ? NULL : pepper, &identity, error);
    if (*status == CATALOGUE_OK)
        return LOOK_AGAIN;
    if (*status == CATALOGUE_CREATED) {
        adopt(continuity, &identity);
        *status = CATALOGUE_OK;
    }
    return LOOK_OVER;
}

static void adopt(struct continuity *continuity, const struct catalogue_identity *identity)
{
    continuity->has_generation = true;
    continuity->identity = *identity;
}

static void begin_afresh(struct continuity *continuity)
{
    continuity->seen = (struct catalogue_progress){0};
    continuity->backend->written = 0;
    app_index_begin_epoch(continuity->index);
    continuity->reads_afresh = true;
}

/* A process that starts while apps are put back would take those that it finds for all. And a new
 * pepper in place of a damaged one would make all keys unknown. */
static bool is_to_wait(const struct continuity *continuity, enum catalogue_verdict verdict,
                       const struct catalogue_mark *mark, struct error *error)
{
    if (app_index_pepper(continuity->index) == NULL && mark->is_pepper_damaged)
        return !error_set(error, "the stored pepper is not %d bytes long", PEPPER_BYTES);
    if (continuity->has_settled || continuity_owes(continuity) ||
        (verdict != VERDICT_KEPT && verdict != VERDICT_UNMARKED) ||
        !restoring_is_elsewhere(&continuity->restoring, &mark->restorer))
        return false;
    (void)error_set(error, "%s is putting apps back", mark->restorer.name);
    return true;
}

/* Whether it was in another state before. */
static bool state_enter(struct continuity *continuity, enum catalogue_continuity state)
{
    return atomic_exchange(&continuity->state, (int)state) != (int)state;
}

static void explain(const struct pepper *pepper, const struct catalogue_mark *mark,
                    struct error *error)
{
    const struct catalogue_held stored = {.pepper = &mark->pepper};
    const bool is_its_own =
        mark->has_pepper && catalogue_identity_judge(&stored, mark) != VERDICT_FOREIGN;

    (void)error_set(error, "%s",
                    pepper == NULL ? "the catalogue is kept under a key_pepper, and none is set"
                    : is_its_own   ? "the catalogue is kept under a pepper of its own, another "
                                     "than this key_pepper"
                                   : "the catalogue is kept under another key_pepper");
}
