/* SPDX-License-Identifier: MIT
 *
 * The control plane's thread. It runs catalogue jobs one by one, and publishes what they changed to
 * the app index before it answers. Twice a second it asks the backend what other instances have
 * changed. If the backend hangs, only this thread is delayed. */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include "base/duration.h"
#include "base/fair_queue.h"
#include "base/queue.h"
#include "catalogue/app_index.h"
#include "catalogue/catalogue_backend.h"

#define CATALOGUE_JOBS_MAX       1024 /* divided among the apps: see base/shares.h */
#define CATALOGUE_FINDS_MAX      256  /* CATALOGUE_APP_FIND, divided among the addresses */
#define CATALOGUE_RENEWS_MAX     256  /* CATALOGUE_APP_RENEW, divided among the apps as well */
#define CATALOGUE_POLL_US        (500 * MILLISECOND_US)
#define CATALOGUE_JOB_TIMEOUT_US (2 * SECOND_US) /* a job that has waited longer is not begun */
/* The same for CATALOGUE_APP_RENEW, whose asker can do without. When it is over, the answer waits
 * at most for the present job or the present reading of changes. */
#define CATALOGUE_RENEW_TIMEOUT_US (250 * MILLISECOND_US)

enum catalogue_job_kind {
    CATALOGUE_APP_CREATE,   /* in: name, created_at_us, app_id, key, apps_max
                               out: app, if it is new */
    CATALOGUE_APP_FIND,     /* in: key                               out: app */
    CATALOGUE_APP_RENEW,    /* in: app_id, tenant, revision          out: is_in_vain
                               The index gets what other instances have changed before the job was
                               submitted; if the app is gone, that, too. Look-ups and renewals take
                               turns, and other jobs come first. Apps take turns. Jobs of one app
                               that wait at the same time cause one question to the backend. */
    CATALOGUE_POLICY_SAVE,  /* in: app_id, policy                    out: policy's id and version,
                                                                         counters_afresh */
    CATALOGUE_POLICY_REMOVE /* in: app_id, identity */
};

struct catalogue_job;
/* Runs on the thread that drains job->reply_to, which owns the job again. */
typedef void catalogue_done_fn(struct catalogue_job *job);

/* It belongs to the asker, and must stay where it is from submit to done. */
struct catalogue_job {
    struct fair_item turn;  /* private */
    struct queue_item item; /* private */
    enum catalogue_job_kind kind;
    uint32_t tenant; /* whose turn it is: the app; for CATALOGUE_APP_FIND ip_address_number() */
    struct queue *reply_to;
    catalogue_done_fn *done;
    void *context;    /* the asker's */
    int64_t asked_us; /* private: clock_monotonic_us(), like the next */
    int64_t late_us;  /* private: from then on it is not begun */

    char app_id[APP_ID_BYTES + 1];
    struct text name;
    int64_t created_at_us;
    struct key_digest key;
    int64_t apps_max;
    struct policy *policy; /* borrowed; its id and version are always overwritten */
    struct policy_identity identity;
    int64_t revision; /* of the app as the asker knows it */

    enum catalogue_status status;
    bool counters_afresh; /* those of the policy that was replaced are not used again */
    bool is_in_vain;      /* the backend was asked, and has nothing newer that can be read */
    struct app *app;      /* if not NULL, with one reference for the asker */
};

struct catalogue;

/* An app that the configuration file declares. It is created if its key is unknown. Its policies
 * are saved if they differ from the stored ones. Policies that the file does not name stay as they
 * are. */
struct catalogue_provision {
    char app_id[APP_ID_BYTES + 1]; /* its id if it is new */
    struct text name;
    const char *api_key;
    struct policy *const *policies;
    size_t policy_count;
};

struct catalogue_options {
    struct catalogue_backend *backend; /* taken over */
    struct app_index *index;           /* borrowed */
    const struct pepper *pepper;       /* NULL: read from the backend, or generated into it */
    int64_t unused_kept_us; /* how long an app that has never checked is kept; 0: for ever */
    bool restores;          /* puts the index's apps back into a backend that has come back empty */
};

/* Runs nothing yet. */
struct catalogue *catalogue_new(const struct catalogue_options *options);

/* To be called before the start. False, with the reason, when the backend answers and is kept under
 * another pepper. `pepper` may be NULL. Blocks. */
MUST_USE bool catalogue_admits(struct catalogue_backend *backend, const struct pepper *pepper,
                               struct error *error);

/* Starts the thread. It first fetches the pepper and all apps, and applies what was declared so
 * far. It tries again until the backend answers. */
void catalogue_start(struct catalogue *catalogue);

/* Ends the thread after its present call of the backend. Declared apps may then not all be applied;
 * the log says so. False when the thread has not ended by `deadline_us`, of clock_monotonic_us():
 * then nothing of the catalogue may be freed. */
MUST_USE bool catalogue_stop(struct catalogue *catalogue, int64_t deadline_us);

/* Ends the thread, however long that takes, if it has not been stopped. Jobs that did not run are
 * answered CATALOGUE_UNAVAILABLE, so the queues that they reply to must still exist. NULL is
 * fine. */
void catalogue_free(struct catalogue *catalogue);

/* False when the queue is full, or the app's share of it: the job was not taken. Any thread. */
MUST_USE bool catalogue_submit(struct catalogue *catalogue, struct catalogue_job *job);

/* Whether the pepper and all apps are there, what was declared before the start is applied, and the
 * backend answered its last call. Until then jobs are answered CATALOGUE_UNAVAILABLE at once. Any
 * thread. */
bool catalogue_is_ready(const struct catalogue *catalogue);

/* Whether the backend answers, and the last write succeeded. Writes are tried at the start, by each
 * job that writes, and from time to time while they fail. Any thread. */
bool catalogue_is_writable(const struct catalogue *catalogue);

/* Whether the apps have been read, so that a key that is not among them is unknown, and the
 * catalogue is not under another pepper. Any thread. */
bool catalogue_serves(const struct catalogue *catalogue);

/* Whether it is still the catalogue that this process knows. */
enum catalogue_continuity {
    CATALOGUE_KEPT,
    CATALOGUE_LOST,   /* it came back empty or as another one, and is not whole again */
    CATALOGUE_FOREIGN /* it is kept under another pepper: its keys are unknown here */
};
extern const char *const catalogue_continuity_words[];

/* The continuity as last seen, and how often the catalogue was not the known one. Any thread. */
enum catalogue_continuity catalogue_continuity(const struct catalogue *catalogue);
unsigned catalogue_losses(const struct catalogue *catalogue);

/* How many apps this process has removed because they were never used. Any thread. */
unsigned catalogue_removed(const struct catalogue *catalogue);

/* Applies the declared apps on the catalogue thread, as soon as the backend answers. They replace
 * apps that were declared before and are not applied yet. Copies what it needs. Any thread. */
void catalogue_provision(struct catalogue *catalogue, const struct catalogue_provision provisions[],
                         size_t count);

#endif
