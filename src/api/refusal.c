/* SPDX-License-Identifier: MIT */
#include "api/refusal.h"

#include "api/caller.h"
#include "base/base62.h"
#include "base/log.h"

#define METHOD_BYTES_MAX 16
#define PATH_BYTES_MAX   200
#define SECRET_BYTES_MIN 16 /* of letters and digits in a row */

static struct text cut(const char *from, size_t bytes_max);
static size_t path_bytes(const char *path);

void refusal_log(const struct api *api, struct request *request)
{
    const char *problem = request->response.problem;
    char address[IP_ADDRESS_SITE_BYTES];

    if (problem == NULL || !log_takes(LOG_DEBUG))
        return;

    const struct ip_address site = caller_site(request, api);
    const char *code = strrchr(problem, ':');

    ip_address_write_site(&site, address);
    log_write(LOG_DEBUG, "request not taken", LOG_INTEGER("status", request->response.status),
              LOG_STRING("problem", code == NULL ? problem : code + 1),
              LOG_TEXT("method", cut(request->method, METHOD_BYTES_MAX)),
              LOG_TEXT("path", cut(request->path, path_bytes(request->path))),
              LOG_STRING("address", address));
}

static struct text cut(const char *from, size_t bytes_max)
{
    struct text text = text_of(from);

    if (text.length > bytes_max)
        text.length = bytes_max;
    return text;
}

/* The length up to the first part that may be a secret. */
static size_t path_bytes(const char *path)
{
    size_t part = 0;
    size_t row = 0;
    size_t i = 0;

    for (; path != NULL && path[i] != '\0' && i < PATH_BYTES_MAX; i++) {
        row = base62_is(path[i]) ? row + 1 : 0;
        if (path[i] == '/')
            part = i + 1;
        if (row == SECRET_BYTES_MIN)
            return part;
    }
    return i;
}
