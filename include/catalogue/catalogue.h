/* SPDX-License-Identifier: MIT
 *
 * The control plane's thread: runs catalogue jobs one by one, publishes what they changed to the
 * app index before it answers, and asks the backend twice a second what other instances have
 * changed. A backend that hangs delays this thread and nothing else. */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include "base/duration.h"
#include "base/fair_queue.h"
#include "base/queue.h"
#include "catalogue/app_index.h"
#include "catalogue/catalogue_backend.h"

#define CATALOGUE_JOBS_MAX       1024 /* divided among the apps: see base/shares.h */
#define CATALOGUE_FINDS_MAX      256  /* CATALOGUE_APP_FIND, which have a queue of their own */
#define CATALOGUE_POLL_US        (500 * MILLISECOND_US)
#define CATALOGUE_JOB_TIMEOUT_US (2 * SECOND_US) /* a job that waited longer is not begun */

enum catalogue_job_kind {
    CATALOGUE_APP_CREATE,   /* in: name, created_at_us, app_id, key, apps_max
                               out: app, if it is new */
    CATALOGUE_APP_FIND,     /* in: key                               out: app */
    CATALOGUE_POLICY_SAVE,  /* in: app_id, policy                    out: policy's id and version */
    CATALOGUE_POLICY_REMOVE /* in: app_id, identity */
};

struct catalogue_job;
/* Runs on the thread that drains job->reply_to, which owns the job again. */
typedef void catalogue_done_fn(struct catalogue_job *job);

/* Belongs to the asker, and must stay where it is from submit to done. */
struct catalogue_job {
    struct fair_item turn;  /* private */
    struct queue_item item; /* private */
    enum catalogue_job_kind kind;
    uint32_t tenant; /* who asks; 0 before there is an app */
    struct queue *reply_to;
    catalogue_done_fn *done;
    void *context;      /* the asker's */
    int64_t expires_us; /* private: clock_monotonic_us() */

    char app_id[APP_ID_BYTES + 1];
    struct text name;
    int64_t created_at_us;
    struct key_digest key;
    int64_t apps_max;
    struct policy *policy; /* borrowed; its id and version are overwritten in any case */
    struct policy_identity identity;

    enum catalogue_status status;
    struct app *app;             /* one reference for the asker when set */
    struct catalogue *catalogue; /* private */
};

struct catalogue;

/* An app that the configuration file declares: created when its key is unknown, its policies saved
 * when they differ from what is stored. Policies that the file does not name are left alone. */
struct catalogue_provision {
    char app_id[APP_ID_BYTES + 1]; /* to use if it is new */
    struct text name;
    const char *api_key;
    struct policy *const *policies;
    size_t policy_count;
};

struct catalogue_options {
    struct catalogue_backend *backend; /* taken over */
    struct app_index *index;           /* borrowed */
    const struct pepper *pepper;       /* NULL: read from the backend, or generated into it */
    int64_t unused_kept_us; /* an app that has registered and checked nothing; 0: for ever */
    bool restores;          /* into a backend that has come back empty goes what the index holds */
};

/* Nothing runs yet. */
struct catalogue *catalogue_new(const struct catalogue_options *options);

/* Before the start: false, with the reason, when the backend answers and is kept under another
 * pepper. `pepper` may be NULL. Blocks. */
MUST_USE bool catalogue_admits(struct catalogue_backend *backend, const struct pepper *pepper,
                               struct error *error);

/* Starts the thread, which first fetches the pepper and all apps and applies what has been declared
 * so far, trying again until the backend answers. */
void catalogue_start(struct catalogue *catalogue);

/* Ends the thread after the call that it makes of the backend: what is declared is then not all
 * applied, which the log tells. False when it has not ended by `deadline_us`, of
 * clock_monotonic_us(): then nothing of the catalogue may be freed. */
MUST_USE bool catalogue_stop(struct catalogue *catalogue, int64_t deadline_us);

/* Ends the thread, however long that takes, unless it has been stopped; jobs not yet run are
 * answered CATALOGUE_UNAVAILABLE, so what they reply to must still be there. NULL is fine. */
void catalogue_free(struct catalogue *catalogue);

/* False when the queue is full, or the app's share of it: the job was not taken. Any thread. */
MUST_USE bool catalogue_submit(struct catalogue *catalogue, struct catalogue_job *job);

/* The pepper and all apps are there, what was declared before the start is applied, and the backend
 * answered when it was last asked. Until then jobs are answered CATALOGUE_UNAVAILABLE at once. Any
 * thread. */
bool catalogue_is_ready(const struct catalogue *catalogue);

/* It answers, and when it was last tried it could be written: at the start, by each job that
 * writes, and from time to time while it cannot. Any thread. */
bool catalogue_is_writable(const struct catalogue *catalogue);

/* The apps have been read, so that a key that is not among them is unknown, and the catalogue is
 * not under another pepper. Any thread. */
bool catalogue_serves(const struct catalogue *catalogue);

/* Whether it is still the catalogue that this process knows. */
enum catalogue_continuity {
    CATALOGUE_KEPT,
    CATALOGUE_LOST,   /* it has come back empty or as another, and is not yet whole again */
    CATALOGUE_FOREIGN /* it is kept under another pepper: its keys are unknown here */
};
extern const char *const catalogue_continuity_words[];

/* As last seen; and how often it was not the one that was known. Any thread. */
enum catalogue_continuity catalogue_continuity(const struct catalogue *catalogue);
unsigned catalogue_losses(const struct catalogue *catalogue);

/* Apps that this process has removed because they were never used. Any thread. */
unsigned catalogue_removed(const struct catalogue *catalogue);

/* Applies the declared apps on the catalogue thread, as soon as the backend answers, in the place
 * of what was declared before and has not been applied. Copies what it needs. Any thread. */
void catalogue_provision(struct catalogue *catalogue, const struct catalogue_provision provisions[],
                         size_t count);

#endif
