/* SPDX-License-Identifier: MIT */
#include "hostile_requests.h"

#include "limit/policy.h"

/* FNV-1a of 64 bits. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

#define PLACES     2048 /* of a table for up to 1,024 policies */
#define LENGTH_MIN 16
#define LENGTH_MAX (POLICY_ROUTE_BYTES_MAX - 1)
#define LENGTHS    (LENGTH_MAX - LENGTH_MIN + 1)
#define DIGITS     9
#define TRIES      1000000 /* each one in PLACES is right */

static uint64_t hash(uint64_t begun, const char *bytes, size_t count);
static uint64_t join(uint64_t a, uint64_t b);

void hostile_request(FILE *requests, const char *api_key, const char *method, const char *path,
                     const char *body)
{
    char *text = strdup(body == NULL ? "" : body);

    (void)quotes(text);
    (void)fprintf(requests,
                  "%s %s HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\nContent-Length: %zu\r\n\r\n%s%c",
                  method, path, api_key, strlen(text), text, '\0');
    free(text);
}

void hostile_batch(FILE *requests, const char *api_key, int count, const char *check)
{
    char *body = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&body, &length);

    ASSERT(out != NULL);
    (void)fputs("{'checks':[", out);
    for (int i = 0; i < count; i++) {
        (void)fputs(i == 0 ? "" : ",", out);
        for (const char *at = check; *at != '\0'; at++)
            (void)(*at == '$' ? fprintf(out, "%d", i) : fputc(*at, out));
    }
    (void)fputs("]}", out);
    (void)fclose(out);
    hostile_request(requests, api_key, "POST", "/check/batch", body);
    free(body);
}

void craft_route(int index, char route[static CRAFTED_ROUTE_BYTES])
{
    const uint64_t everybody =
        join(hash(HASH_START, POLICY_ROLE_DEFAULT, strlen(POLICY_ROLE_DEFAULT)), HASH_START);
    const size_t filled = LENGTH_MIN + (size_t)index % LENGTHS - DIGITS;
    int number = index / LENGTHS * TRIES; /* no two of one length are the same */
    char *digits = route + filled;

    memset(route, 'x', filled);
    route[0] = '/';
    const uint64_t begun = hash(HASH_START, route, filled);
    do
        (void)snprintf(digits, DIGITS + 2, "%09d*", number++);
    while (join(~hash(begun, digits, DIGITS), everybody) % PLACES != 0);
}

static uint64_t hash(uint64_t begun, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        begun = (begun ^ (unsigned char)bytes[i]) * HASH_PRIME;
    return begun;
}

static uint64_t join(uint64_t a, uint64_t b)
{
    const uint64_t joined = (a ^ (b >> 32)) * HASH_PRIME ^ b;

    return joined ^ (joined >> 29);
}
