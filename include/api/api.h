/* SPDX-License-Identifier: MIT
 *
 * What the handlers of one worker work with. Made by the worker, borrowed by the handlers. */
#ifndef API_API_H
#define API_API_H

#include "auth/client_ip.h"
#include "auth/key_cache.h"
#include "base/host.h"
#include "catalogue/catalogue.h"
#include "http/http_server.h"
#include "http/waiting_room.h"
#include "journal/journal.h"
#include "limit/rate.h"
#include "limit/rate_headers.h"
#include "metrics/metrics.h"
#include "metrics/metrics_apps.h"
#include "metrics/process_figures.h"
#include "store/handback.h"
#include "store/store.h"
#include "store/store_memory.h"

#include <stdatomic.h>

enum registration { REGISTRATION_OPEN, REGISTRATION_TOKEN, REGISTRATION_CLOSED };

extern const char *const registration_words[]; /* in the order of the enum, NULL-terminated */

/* The settings that SIGHUP may change. Immutable; a reload hands every worker a new one. */
struct api_settings {
    enum registration registration;
    char admin_token[257];      /* "" for none */
    struct rate register_limit; /* quota 0: no limit */
    struct rate manage_limit;
    struct trusted_proxies trusted_proxies;
    struct host_list browser_hosts; /* empty: a page of the host that it asks may register apps */
    enum rate_headers_style rate_headers;
};

/* What /metrics tells of the whole process. Immutable but for what it points to. */
struct api_process {
    const struct metrics *blocks; /* of all workers */
    size_t worker_count;
    struct metrics_apps *apps; /* NULL: no app has figures of its own */
    struct process_files *files;
    unsigned connections_max;
    int64_t started_us; /* clock_wall_us() */
    bool metrics_apart; /* /metrics has a listener of its own */
};

struct api {
    const struct api_settings *settings;
    struct app_index *index;
    struct key_cache *key_cache;
    struct catalogue *catalogue;
    struct journal *journal;
    struct store *store;
    struct memory_table *local; /* fallback of on_store_error, and the IP limits */
    struct handback *handback;  /* what the fallback has allowed; NULL when that is the store */
    struct waiting_room *waiting_room; /* of checks that wait for their turn */
    size_t batch_checks;               /* of batches under way: until their answers have left */
    size_t batch_checks_max;
    struct queue *queue;         /* replies of the other threads to this worker */
    struct digest_key local_key; /* of the subjects counted in `local` by this process for itself */
    struct metrics *metrics;     /* what this worker counts */
    const struct api_process *process;
    struct process_figures process_figures;
    const char *engine;          /* "memory" or "redis", for /readyz */
    const atomic_bool *draining; /* SIGTERM has come */
    /* Workers whose store has not decided yet: at 0 the process is ready, and from then on a store
     * that is away makes it `degraded`. */
    const atomic_int *starting;
    struct {
        int64_t fresh_until_us;
        bool decides;
    } store_seen;   /* what /readyz last found out */
    int64_t now_us; /* clock_monotonic_us(), read once per turn */
};

/* The steps before a handler, for http_server: find the route, check the media type; then the IP
 * limit, the API key, the handler. `context` is a struct api. */
size_t api_begin(struct request *request, void *context);
enum handled api_finish(struct request *request, void *context);
/* Counts the answer, and says that it is not to be kept. */
void api_answered(struct request *request, void *context);

/* The machine itself, and the trusted proxies, through which many come. */
bool api_trusts(const struct ip_address *address, void *context);

/* In place of api_begin(), for the listener that is the operator's alone: /metrics and health. */
size_t api_begin_operation(struct request *request, void *context);

#endif
