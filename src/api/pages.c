/* SPDX-License-Identifier: MIT
 *
 * The pages, the files that they load, and the OpenAPI document. */
#include "api/handlers.h"

#include "http/assets.h"
#include "web/web_assets.h"

enum handled asset_get(struct request *request, void *context)
{
    const struct asset *asset = assets_find(web_assets, request->path);

    (void)context;
    ASSERT(asset); /* only paths of the table are routed here */
    assets_answer(request, asset);
    return HANDLED_NOW;
}
