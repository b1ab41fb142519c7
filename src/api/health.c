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

/* Anybody may ask, so each worker asks the store at most this often, and never before the last
 * answer. */
#define STORE_SEEN_US (100 * MILLISECOND_US)

struct probe {
    struct request *request;
    struct api *api;
    struct probe *next;
};

static void on_looked(void *context);
static void answer(const struct probe *probe);
static void write_nodes(struct writer *writer, const struct store_look *look);

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
    struct readiness *readiness = api->readiness;

    *probe = (struct probe){request, api, readiness->asking};
    if (api->now_us < readiness->fresh_until_us) {
        answer(probe);
        return HANDLED_NOW;
    }
    readiness->asking = probe;
    readiness->look.context = api;
    readiness->look.done = on_looked;
    if (probe->next || store_look(api->store, &readiness->look) == STORE_LATER)
        return HANDLED_LATER;
    on_looked(api);
    return HANDLED_NOW;
}

static void on_looked(void *context)
{
    const struct api *api = context;
    const struct probe *asking = api->readiness->asking;

    api->readiness->asking = NULL;
    api->readiness->fresh_until_us = api->now_us + STORE_SEEN_US;
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
    bool store = store_look_is_good(&readiness->look);
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
    if (readiness->look.count > 1)
        write_nodes(&writer, &readiness->look);
    writer_bool(&writer, "catalogue", catalogue);
    writer_string(&writer, "catalogue_identity", catalogue_continuity_words[continuity]);
    writer_bool(&writer, "draining", draining);
    writer_end_object(&writer);
    request_answer_json(request, ready ? 200 : 503, writer_document(&writer));
}

/* By number, because an address is nobody's business. */
static void write_nodes(struct writer *writer, const struct store_look *look)
{
    writer_begin_array(writer, "store_nodes");
    for (size_t i = 0; i < look->count; i++) {
        writer_begin_object(writer, NULL);
        writer_integer(writer, "node", look->nodes[i].number);
        writer_bool(writer, "decides", look->nodes[i].decides);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}
