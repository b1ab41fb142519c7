/* SPDX-License-Identifier: MIT */
#include "support/transcript.h"

#include <fcntl.h>
#include <unistd.h>

static void write_line(const char *file, const json_t *exchange);
static json_t *headers_of(CURL *curl);

void transcript_add(CURL *curl, const char *method, const char *path, long status, json_t *body)
{
    transcript_write(method, path, status, headers_of(curl), json_incref(body));
}

/* One write per line, so that lines of several threads do not mix. */
void transcript_write(const char *method, const char *path, long status, json_t *headers,
                      json_t *body)
{
    const char *file = getenv("SLUICE_TRANSCRIPT");
    json_t *exchange = json_pack("{s:s, s:s, s:I, s:o, s:o?}", "method", method, "path", path,
                                 "status", (json_int_t)status, "headers", headers, "body", body);

    if (file != NULL)
        write_line(file, exchange);
    json_decref(exchange);
}

static void write_line(const char *file, const json_t *exchange)
{
    char *line = json_dumps(exchange, JSON_COMPACT);
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    ASSERT(line != NULL && fd >= 0);
    size_t length = strlen(line);
    line[length] = '\n'; /* replaces the NUL */
    ASSERT(write(fd, line, length + 1) == (ssize_t)(length + 1));
    (void)close(fd);
    free(line);
}

static json_t *headers_of(CURL *curl)
{
    json_t *headers = json_object();
    struct curl_header *header = NULL;

    while ((header = curl_easy_nextheader(curl, CURLH_HEADER, -1, header)) != NULL)
        json_object_set_new(headers, header->name, json_string(header->value));
    return headers;
}
