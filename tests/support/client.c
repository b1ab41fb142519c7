/* SPDX-License-Identifier: MIT */
#include "support/client.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/transcript.h"

#include <curl/curl.h>

#define TIMEOUT_MS    30000L
#define BODY_BYTES    8192
#define PATH_BYTES    2048
#define SENT_BYTES    512 /* enough to recognise a body */
#define KEY_BYTES_MAX 512
#define SOME_PORT     80 /* a URL has one */

struct client {
    CURL *curl;
    int port;
    const char *socket; /* its path; NULL: the port */
    bool is_https;
    char key[KEY_BYTES_MAX];
    const char *const *headers; /* borrowed */
    bool is_unrecorded;
    char method[16];
    char path[PATH_BYTES];
    char sent[SENT_BYTES];
    struct reply reply;
    char *body; /* what `reply` points to */
    char error[CURL_ERROR_SIZE];
};

static struct curl_slist *collect_headers(const struct client *client, bool has_body);
static bool has_header(const char *const headers[], const char *start);
static void forget_reply(struct client *client);
static size_t on_body(char *at, size_t size, size_t count, void *context);
static const struct reply *send_formatted(struct client *client, const char *method,
                                          const char *path, const char *format, va_list arguments);

struct client *client_new(int port)
{
    struct client *client = MEMORY_NEW(struct client);

    client->curl = curl_easy_init();
    ASSERT(client->curl != NULL);
    client->port = port;
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    forget_reply(client);
    curl_easy_cleanup(client->curl);
    free(client);
}

void client_use_socket(struct client *client, const char *path)
{
    client->socket = path;
}

void client_use_https(struct client *client)
{
    client->is_https = true;
}

void client_disconnect(struct client *client)
{
    curl_easy_cleanup(client->curl);
    client->curl = curl_easy_init();
    ASSERT(client->curl != NULL);
}

void client_set_key(struct client *client, const char *api_key)
{
    (void)snprintf(client->key, sizeof(client->key), "%s", api_key);
}

const char *client_key(const struct client *client)
{
    return client->key;
}

void client_set_headers(struct client *client, const char *const headers[])
{
    client->headers = headers;
}

void client_set_recorded(struct client *client, bool is_recorded)
{
    client->is_unrecorded = !is_recorded;
}

const struct reply *client_send(struct client *client, const char *method, const char *path,
                                const char *body, size_t body_bytes)
{
    CURL *curl = client->curl;
    char url[PATH_BYTES + 64];
    struct curl_slist *headers = collect_headers(client, body != NULL);
    long status = 0;

    forget_reply(client);
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", client->is_https ? "https" : "http",
                   client->socket == NULL ? client->port : SOME_PORT, path);
    (void)snprintf(client->method, sizeof(client->method), "%s", method);
    (void)snprintf(client->path, sizeof(client->path), "%s", path);
    (void)snprintf(client->sent, sizeof(client->sent), "%.*s", (int)body_bytes,
                   body == NULL ? "" : body);
    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body_bytes);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }

    int64_t sent_us = clock_monotonic_us();
    CURLcode result = curl_easy_perform(curl);
    client->reply.took_us = clock_monotonic_us() - sent_us;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &client->reply.connections);
    curl_slist_free_all(headers);
    if (result == CURLE_OK) {
        client->reply.status = (int)status;
        client->reply.body = client->body == NULL ? "" : client->body;
        client->reply.json = json_loadb(client->reply.body, client->reply.body_bytes,
                                        JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        if (!client->is_unrecorded)
            transcript_add(curl, method, path, status, client->reply.json);
    } else {
        client->reply.body = client->error;
    }
    return &client->reply;
}

const struct reply *client_get(struct client *client, const char *path_format, ...)
{
    char path[PATH_BYTES];
    va_list arguments;

    va_start(arguments, path_format);
    (void)vsnprintf(path, sizeof(path), path_format, arguments);
    va_end(arguments);
    return client_send(client, "GET", path, NULL, 0);
}

const struct reply *client_post(struct client *client, const char *path, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const struct reply *reply = send_formatted(client, "POST", path, format, arguments);
    va_end(arguments);
    return reply;
}

const struct reply *client_delete(struct client *client, const char *path, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const struct reply *reply = send_formatted(client, "DELETE", path, format, arguments);
    va_end(arguments);
    return reply;
}

const struct reply *client_check(struct client *client, const char *user_id, const char *route_key)
{
    return client_post(client, "/check", "{'user_id':'%s','route_key':'%s'}", user_id, route_key);
}

const struct reply *client_look(struct client *client, const char *user_id, const char *route_key)
{
    return client_post(client, "/check", "{'user_id':'%s','route_key':'%s','cost':0}", user_id,
                       route_key);
}

const char *reply_field(const struct reply *reply, const char *name)
{
    struct curl_header *header = NULL;
    CURLHcode found = curl_easy_header(reply->client->curl, name, 0, CURLH_HEADER, -1, &header);

    return found == CURLHE_OK ? header->value : NULL;
}

json_t *reply_at(const struct reply *reply, const char *path)
{
    json_t *at = reply->json;
    char copy[128];
    char *rest = copy;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    for (char *step = strsep(&rest, "."); step != NULL; step = strsep(&rest, "."))
        at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
                               : json_object_get(at, step);
    return at;
}

int64_t reply_integer(const struct reply *reply, const char *path)
{
    json_t *value = reply_at(reply, path);

    return json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
}

const char *reply_text(const struct reply *reply, const char *path)
{
    const char *text = json_string_value(reply_at(reply, path));

    return text == NULL ? "" : text;
}

char *quotes(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\'')
            *at = '"';
    }
    return text;
}

static struct curl_slist *collect_headers(const struct client *client, bool has_body)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no 1 s wait for a 100 */
    char key[KEY_BYTES_MAX + 16];

    if (has_body && !has_header(client->headers, "Content-Type:"))
        list = curl_slist_append(list, "Content-Type: application/json");
    if (client->key[0] != '\0') {
        (void)snprintf(key, sizeof(key), "X-API-Key: %s", client->key);
        list = curl_slist_append(list, key);
    }
    for (size_t i = 0; client->headers != NULL && client->headers[i] != NULL; i++)
        list = curl_slist_append(list, client->headers[i]);
    return list;
}

static bool has_header(const char *const headers[], const char *start)
{
    for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
        if (strncmp(headers[i], start, strlen(start)) == 0)
            return true;
    }
    return false;
}

static void forget_reply(struct client *client)
{
    json_decref(client->reply.json);
    free(client->body);
    client->body = NULL;
    client->reply = (struct reply){.method = client->method,
                                   .path = client->path,
                                   .sent = client->sent,
                                   .body = "",
                                   .client = client};
}

static size_t on_body(char *at, size_t size, size_t count, void *context)
{
    struct client *client = context;
    size_t bytes = size * count;

    client->body = memory_resize(client->body, client->reply.body_bytes + bytes + 1);
    memcpy(client->body + client->reply.body_bytes, at, bytes);
    client->reply.body_bytes += bytes;
    client->body[client->reply.body_bytes] = '\0';
    return bytes;
}

static const struct reply *send_formatted(struct client *client, const char *method,
                                          const char *path, const char *format, va_list arguments)
{
    char body[BODY_BYTES];
    int length = vsnprintf(body, sizeof(body), format, arguments);

    ASSERT(length >= 0 && length < BODY_BYTES);
    return client_send(client, method, path, quotes(body), (size_t)length);
}
