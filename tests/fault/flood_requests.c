/* SPDX-License-Identifier: MIT */
#include "flood_requests.h"

#include "base/memory.h"

#define PLACE_BYTES (sizeof(FLOOD_NUMBER) - 1)

_Static_assert(sizeof(FLOOD_NUMBER) == sizeof(FLOOD_CONNECTION), "places are of one length");

static char *read_all(const char *path, size_t *length);
static char **find_places(const struct flood_request *request, const char *words, size_t *count);
static void fill_places(char *const places[], size_t count, unsigned number);

bool flood_requests_read(struct flood_requests *requests, const char *path)
{
    size_t length = 0;

    *requests = (struct flood_requests){.text = read_all(path, &length)};
    if (requests->text == NULL)
        return false;
    for (char *at = requests->text; at < requests->text + length; at += strlen(at) + 1) {
        requests->at = memory_resize(requests->at, (requests->count + 1) * sizeof(*requests->at));
        struct flood_request *request = &requests->at[requests->count++];
        *request = (struct flood_request){.bytes = at, .length = strlen(at)};
        if (strcmp(at, FLOOD_HELLO) == 0) {
            hello_make(&requests->hello);
            request->bytes = requests->hello.bytes;
            request->length = requests->hello.length;
            continue;
        }
        request->numbers = find_places(request, FLOOD_NUMBER, &request->number_count);
        request->connections = find_places(request, FLOOD_CONNECTION, &request->connection_count);
    }
    return requests->count > 0;
}

void flood_requests_free(struct flood_requests *requests)
{
    for (size_t i = 0; i < requests->count; i++) {
        free(requests->at[i].numbers);
        free(requests->at[i].connections);
    }
    free(requests->at);
    free(requests->text);
}

void flood_request_fill(const struct flood_request *request, unsigned number, unsigned connection)
{
    fill_places(request->numbers, request->number_count, number);
    fill_places(request->connections, request->connection_count, connection);
}

/* NUL-terminated; NULL when it cannot be read. */
static char *read_all(const char *path, size_t *length)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t capacity = 0;

    if (file == NULL)
        return NULL;
    do {
        capacity = 2 * capacity + BUFSIZ;
        text = memory_resize(text, capacity + 1);
        *length += fread(text + *length, 1, capacity - *length, file);
    } while (*length == capacity);
    text[*length] = '\0';
    (void)fclose(file);
    return text;
}

static char **find_places(const struct flood_request *request, const char *words, size_t *count)
{
    char **places = NULL;

    for (char *at = strstr(request->bytes, words); at != NULL;
         at = strstr(at + PLACE_BYTES, words)) {
        places = memory_resize(places, (*count + 1) * sizeof(*places));
        places[(*count)++] = at;
    }
    return places;
}

static void fill_places(char *const places[], size_t count, unsigned number)
{
    char digits[PLACE_BYTES];

    for (size_t i = PLACE_BYTES; i > 0; i--, number /= 10)
        digits[i - 1] = (char)('0' + number % 10);
    for (size_t i = 0; i < count; i++)
        memcpy(places[i], digits, PLACE_BYTES);
}
