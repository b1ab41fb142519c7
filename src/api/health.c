/* SPDX-License-Identifier: MIT
 *
 * /livez asks nothing but the process. /readyz asks whether to send traffic here: not before the
 * store has answered once and the apps have been read. A store that is lost later makes the service
 * `degraded`, not unready: it goes on deciding by on_store_error, and taking every instance out of
 * rotation at once would turn a store's fault into an outage. */
#include "api/handlers.h"
#include "api/readiness.h"
#include "base/buffer.h"
#include "base/duration.h"
#include "base/writer.h"
#include "catalogue/catalogue.h"
#include "store/store.h"

/* Anybody may ask, so the store is asked this often at most, by each worker. */
#define STORE_SEEN_US (100 * MILLISECOND_US)

struct look {
    struct request *request;
    struct api *api;
};

static struct take look_take(const struct api *api);
static void on_looked(void *context, const struct outcome *outcome);
static void answer(const struct look *look);

enum handled livez_get(struct request *request, void *context)
{
    (void)context;
    request_answer_json(request, 200, TEXT("{\"status\":\"alive\"}"));
    return HANDLED_NOW;
}

/* Whether the store decides is found out by having it decide: an idle connection does not know that
 * its server hangs, and a PING does not know whether a script may run. */
enum handled readyz_get(struct request *request, void *context)
{
    struct look *look = ARENA_NEW(&request->arena, struct look);
    struct api *api = context;
    struct take take = look_take(api);
    struct outcome outcome;

    *look = (struct look){request, api};
    if (api->now_us < api->readiness->store_seen.fresh_until_us) {
        answer(look);
        return HANDLED_NOW;
    }
    if (store_take(api->store, &take, &outcome, look, on_looked) == STORE_LATER)
        return HANDLED_LATER;
    on_looked(look, &outcome);
    return HANDLED_NOW;
}

/* At a counter that no policy has; a look leaves nothing behind. */
static struct take look_take(const struct api *api)
{
    static const struct limit limit = {
        .name = "default",
        .algorithm = ALGORITHM_FIXED_WINDOW,
        .quota = 1,
        .window_us = SECOND_US,
        .burst = 1,
    };

    return (struct take){.limits = &limit, .limit_count = 1, .now_us = api->now_us};
}

static void on_looked(void *context, const struct outcome *outcome)
{
    const struct look *look = context;
    const struct api *api = look->api;

    api->readiness->store_seen.decides = outcome->status == TAKE_DONE;
    api->readiness->store_seen.fresh_until_us = api->now_us + STORE_SEEN_US;
    answer(look);
}

static void answer(const struct look *look)
{
    struct request *request = look->request;
    const struct api *api = look->api;
    const struct readiness *readiness = api->readiness;
    bool store = readiness->store_seen.decides;
    bool catalogue = catalogue_is_ready(api->catalogue);
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
    request_answer_json(request, ready ? 200 : 503, buffer_text(&body));
}
