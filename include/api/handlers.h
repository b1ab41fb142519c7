/* SPDX-License-Identifier: MIT
 *
 * The handlers, one per row of the route table. Each source file is one resource. `context` is a
 * struct api. The app of a ROUTE_APP request is request_app(). */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "api/api.h"
#include "http/request.h"

/* The app of the request's key. Borrowed; it lives as long as the request. */
struct app *request_app(const struct request *request);

enum handled register_post(struct request *request, void *context); /* register.c */
enum handled app_get(struct request *request, void *context);       /* app.c */
enum handled policy_post(struct request *request, void *context);   /* policies.c */
enum handled policy_delete(struct request *request, void *context);
enum handled policy_get(struct request *request, void *context);       /* policy_list.c */
enum handled simulation_post(struct request *request, void *context);  /* simulation.c */
enum handled check_post(struct request *request, void *context);       /* check.c */
enum handled check_batch_post(struct request *request, void *context); /* check_batch.c */
enum handled charge_post(struct request *request, void *context);      /* charge.c */
enum handled reset_post(struct request *request, void *context);       /* reset.c */
enum handled subjects_get(struct request *request, void *context);     /* subjects_state.c */
enum handled logs_latest_get(struct request *request, void *context);  /* logs.c */
enum handled logs_stream_get(struct request *request, void *context);  /* logs_stream.c */
enum handled usage_get(struct request *request, void *context);        /* usage.c */
enum handled livez_get(struct request *request, void *context);        /* health.c */
enum handled readyz_get(struct request *request, void *context);
enum handled metrics_get(struct request *request, void *context); /* scrape.c */
enum handled asset_get(struct request *request, void *context);   /* pages.c */

#endif
