/* SPDX-License-Identifier: MIT
 *
 * /livez asks nothing but the process. /readyz asks whether to send traffic here: not before
 * catalogue and store have answered once. A store that is lost later makes the service
 * `degraded`, not unready: it goes on deciding by on_store_error, and taking every instance out
 * of rotation at once would turn a store's fault into an outage. */
#include "api/handlers.h"
#include "base/buffer.h"
#include "base/writer.h"

enum handled livez_get(struct request *request, void *context)
{
    (void)context;
    request_add_field(request, "Cache-Control", "no-store");
    request_answer_json(request, 200, TEXT("{\"status\":\"alive\"}"));
    return HANDLED_NOW;
}

enum handled readyz_get(struct request *request, void *context)
{
    struct api *api = context;
    bool store = store_is_ready(api->store);
    bool catalogue = catalogue_is_ready(api->catalogue);
    bool draining = atomic_load(api->draining);
    bool ready = atomic_load(api->starting) == 0 && app_index_pepper(api->index) && !draining;
    struct buffer body;
    struct writer writer;

    buffer_init(&body, &request->arena, 128);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "status",
                  !ready               ? "unavailable"
                  : store && catalogue ? "ready"
                                       : "degraded");
    writer_string(&writer, "engine", api->engine);
    writer_bool(&writer, "store", store);
    writer_bool(&writer, "catalogue", catalogue);
    writer_bool(&writer, "draining", draining);
    writer_end_object(&writer);
    request_add_field(request, "Cache-Control", "no-store");
    request_answer_json(request, ready ? 200 : 503, buffer_text(&body));
    return HANDLED_NOW;
}
