/* SPDX-License-Identifier: MIT
 *
 * /livez says whether the process runs. /readyz says whether it can take traffic: only after the
 * store has answered once and the apps have been read. A store that is lost later makes the service
 * `degraded`, but not unready. It still decides by on_store_error. If all instances became unready
 * at once, a fault of the store would become an outage. */
#include "api/handlers.h"
#include "api/readiness.h"
#include "base/buffer.h"
#include "base/duration.h"
#include "base/writer.h"
#include "catalogue/catalogue.h"
#include "store/probe.h"

/* Anybody may ask, so each worker asks the store at most this often, and never before the last
 * answer. */
#define STORE_SEEN_US (100 * MILLISECOND_US)

struct probe {
    struct request *request;
    struct api *api;
    struct probe *next;
};

static void on_probed(void *context, const struct outcome *outcome);
static void answer(const struct probe *probe);

enum handled livez_get(struct request *request, void *context)
{
    (void)context;
    request_answer_json(request, 200, TEXT("{\"status\":\"alive\"}\n"));
    return HANDLED_NOW;
}

/* The store is tested by a decision. An idle connection does not show that its server hangs, and a
 * PING does not show whether a script may run. */
enum handled readyz_get(struct request *request, void *context)
{
    struct probe *probe = ARENA_NEW(&request->arena, struct probe);
    struct api *api = context;
    const struct operation operation = probe_operation(api->now_us);
    struct outcome outcome;

    *probe = (struct probe){request, api, api->readiness->asking};
    if (api->now_us < api->readiness->store_seen.fresh_until_us) {
        answer(probe);
        return HANDLED_NOW;
    }
    api->readiness->asking = probe;
    if (probe->next || store_ask(api->store, &operation, &outcome, api, on_probed) == STORE_LATER)
        return HANDLED_LATER;
    on_probed(api, &outcome);
    return HANDLED_NOW;
}

static void on_probed(void *context, const struct outcome *outcome)
{
    const struct api *api = context;
    const struct probe *asking = api->readiness->asking;

    api->readiness->asking = NULL;
    api->readiness->store_seen.decides = outcome->status == TAKE_DONE;
    api->readiness->store_seen.fresh_until_us = api->now_us + STORE_SEEN_US;
    for (const struct probe *next; asking; asking = next) {
        next = asking->next; /* an answered request may be gone */
        answer(asking);
    }
}

static void answer(const struct probe *probe)
{
    struct request *request = probe->request;
    const struct api *api = probe->api;
    const struct readiness *readiness = api->readiness;
    bool store = readiness->store_seen.decides;
    bool catalogue = catalogue_is_writable(api->catalogue);
    enum catalogue_continuity continuity = catalogue_continuity(api->catalogue);
    bool whole = catalogue && continuity == CATALOGUE_KEPT;
    bool draining = atomic_load(readiness->draining);
    bool ready =
        atomic_load(readiness->starting) == 0 && catalogue_serves(api->catalogue) && !draining;
    struct buffer body;
    struct writer writer;

    buffer_init(&body, &request->arena, 128);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "status",
                  !ready           ? "unavailable"
                  : store && whole ? "ready"
                                   : "degraded");
    writer_string(&writer, "engine", readiness->engine);
    writer_bool(&writer, "store", store);
    writer_bool(&writer, "catalogue", catalogue);
    writer_string(&writer, "catalogue_identity", catalogue_continuity_words[continuity]);
    writer_bool(&writer, "draining", draining);
    writer_end_object(&writer);
    request_answer_json(request, ready ? 200 : 503, writer_document(&writer));
}
