/* SPDX-License-Identifier: MIT */
#include "answer.h"

#define WINDOW_BYTES (ANSWER_TAIL_BYTES + (1 << 16))

static bool take_head(struct answer *answer);
static void take_body(struct answer *answer, const char *bytes, size_t length,
                      struct answer_sum *sum);
static void find_degraded(const char *window, size_t length, size_t known, struct answer_sum *sum);
static void find_codes(struct answer *answer, const char *window, size_t length, size_t known,
                       struct answer_sum *sum);

bool answer_take(struct answer *answer, const char *bytes, size_t length, struct answer_sum *sum)
{
    if (answer->head_bytes == 0 && length > 0 && bytes[0] != 'H')
        return false;
    while (answer->status == 0 && length > 0) {
        if (answer->head_bytes + 1 >= sizeof(answer->head))
            return false;
        answer->head[answer->head_bytes++] = *bytes++;
        length--;
        if (answer->head_bytes >= 4 &&
            memcmp(answer->head + answer->head_bytes - 4, "\r\n\r\n", 4) == 0 && !take_head(answer))
            return false;
    }
    if (answer->status == 0)
        return true;
    if (length > answer->body_left)
        return false;
    take_body(answer, bytes, length, sum);
    answer->body_left -= length;
    if (answer->body_left == 0 && answer->codes == 0)
        answer_count(sum, answer->status, "-");
    return true;
}

bool answer_is_complete(const struct answer *answer)
{
    return answer->status != 0 && answer->body_left == 0;
}

void answer_count(struct answer_sum *sum, int status, const char *code)
{
    struct answer_kind *kind = sum->kinds;

    while (kind < sum->kinds + sum->kind_count &&
           (kind->status != status || strcmp(kind->code, code) != 0))
        kind++;
    ASSERT(kind < sum->kinds + ANSWER_KINDS_MAX);
    if (kind == sum->kinds + sum->kind_count) {
        sum->kind_count++;
        kind->status = status;
        (void)snprintf(kind->code, sizeof(kind->code), "%s", code);
    }
    kind->count++;
}

static bool take_head(struct answer *answer)
{
    static const char version[] = "HTTP/1.1 ";
    static const char length[] = "\r\nContent-Length: ";
    const char *field = NULL;

    answer->head[answer->head_bytes] = '\0';
    if (strncmp(answer->head, version, strlen(version)) != 0)
        return false;
    answer->status = (int)strtol(answer->head + strlen(version), NULL, 10);
    answer->is_last = strcasestr(answer->head, "\r\nConnection: close\r\n") != NULL;
    field = strcasestr(answer->head, length);
    if (field != NULL)
        answer->body_left = strtoul(field + strlen(length), NULL, 10);
    return answer->status >= 200 && answer->status < 600;
}

/* Looks at the new bytes together with the end of those before. Words that ended there were counted
 * already. */
static void take_body(struct answer *answer, const char *bytes, size_t length,
                      struct answer_sum *sum)
{
    static char window[WINDOW_BYTES];
    const size_t known = answer->tail_bytes;
    const size_t total = known + length;

    ASSERT(total <= sizeof(window));
    memcpy(window, answer->tail, known);
    memcpy(window + known, bytes, length);
    find_degraded(window, total, known, sum);
    find_codes(answer, window, total, known, sum);
    answer->tail_bytes = total < ANSWER_TAIL_BYTES ? total : ANSWER_TAIL_BYTES;
    memcpy(answer->tail, window + total - answer->tail_bytes, answer->tail_bytes);
}

static void find_degraded(const char *window, size_t length, size_t known, struct answer_sum *sum)
{
    static const char words[] = "\"degraded\":true";
    const char *end = window + length;
    const char *at = window;

    while ((at = memmem(at, (size_t)(end - at), words, strlen(words))) != NULL) {
        at += strlen(words);
        sum->degraded += at > window + known;
    }
}

static void find_codes(struct answer *answer, const char *window, size_t length, size_t known,
                       struct answer_sum *sum)
{
    static const char words[] = "\"urn:sluice:problem:";
    const char *end = window + length;
    const char *at = window;
    char code[ANSWER_CODE_BYTES];

    while ((at = memmem(at, (size_t)(end - at), words, strlen(words))) != NULL) {
        at += strlen(words);
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL)
            return;
        if (quote < window + known)
            continue;
        (void)snprintf(code, sizeof(code), "%.*s", (int)(quote - at), at);
        answer_count(sum, answer->status, code);
        answer->codes++;
    }
}
