/* SPDX-License-Identifier: MIT
 *
 * GET /app: which app the key opens. */
#include "catalogue/app.h"
#include "api/handlers.h"
#include "base/clock.h"
#include "base/writer.h"

#define ANSWER_BYTES_MIN 256

enum handled app_get(struct request *request, void *context)
{
    const struct app *app = request_app(request);
    char created_at[CLOCK_RFC3339_BYTES];
    struct buffer body;
    struct writer writer;

    (void)context;
    clock_write_rfc3339(app->created_at_us, created_at);
    buffer_init(&body, &request->arena, ANSWER_BYTES_MIN);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "app_id", app->id);
    writer_text(&writer, "name", app->name);
    writer_string(&writer, "created_at", created_at);
    writer_end_object(&writer);
    request_answer_json(request, 200, writer_document(&writer));
    return HANDLED_NOW;
}
